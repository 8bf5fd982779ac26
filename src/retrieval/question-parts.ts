import { contentStems } from './content-words.ts'

/** A question in several parts is searched and read part by part; more of them are asked as a whole. */
const MAX_PARTS = 3
const MIN_PART_WORDS = 4
const MIN_PART_STEMS = 2

const BOUNDARY =
  /(?<=[.?!:;])\s+|,?\s+(?:and|but)\s+(?=(?:(?:in|to|for|by|at|on|of|from|with) )?(?:what|which|how|who|whose|when|where|why)\b)/i

/** Stands before what a follow-up is about, which is no part that is asked for itself. */
export const ABOUT = ' (about: '

/** "What is A, and which B has C?" asks twice. Empty where the question asks one thing. */
export function splitQuestion(question: string): readonly string[] {
  if (question.includes(ABOUT)) return []
  const parts = question.split(BOUNDARY).filter(isQuestionPart)
  return parts.length > 1 && parts.length <= MAX_PARTS ? parts : []
}

function isQuestionPart(text: string): boolean {
  return text.split(/\s+/).length >= MIN_PART_WORDS && contentStems(text).length >= MIN_PART_STEMS
}

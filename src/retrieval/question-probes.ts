import type { Vector } from '../domain.ts'
import { toUnitLength, type EmbeddingModel } from '../models/embedding.ts'
import type { WeightedText } from '../store/search-keywords.ts'
import { splitQuestion } from './question-parts.ts'

/** What both arms are asked: words, and a vector where there is one. */
export interface Probe {
  readonly words: readonly WeightedText[]
  readonly vector: Vector | null
}

/** The question as a whole, and each of its parts where it has several. */
export interface QuestionProbes {
  readonly whole: Probe
  readonly parts: readonly Probe[]
}

export interface AskedQuestion {
  readonly question: string
  /** Of a follow-up, its own words, where the question says more. */
  readonly asked?: string
  /** Of a follow-up, the question before it and its answer: their words weigh in. */
  readonly earlier?: string | null
  readonly earlierAnswer?: string | null
}

const EARLIER_WEIGHT = 0.5

type Embed = (text: string) => Promise<Vector>

/** `embedding` undefined: by words alone. */
export async function toProbes(
  asked: AskedQuestion,
  embedding: EmbeddingModel | undefined,
  signal: AbortSignal,
): Promise<QuestionProbes> {
  const embed = embedding && ((text: string) => embedding.embedQuestion(text, { signal }))
  const parts: Probe[] = []
  for (const text of splitQuestion(asked.question)) {
    parts.push({ words: [{ text, weight: 1 }], vector: (await embed?.(text)) ?? null })
  }
  const vector = embed === undefined ? null : await embedWhole(asked, embed)
  return { whole: { words: toWords(asked), vector }, parts }
}

function toWords(asked: AskedQuestion): readonly WeightedText[] {
  const words = [{ text: toOwnText(asked), weight: 1 }]
  const earlier = toEarlierText(asked)
  return earlier === null ? words : [...words, { text: earlier, weight: EARLIER_WEIGHT }]
}

function toOwnText({ question, asked }: AskedQuestion): string {
  return asked ?? question
}

function toEarlierText({ earlier, earlierAnswer }: AskedQuestion): string | null {
  return earlier == null ? null : [earlier, earlierAnswer ?? ''].join(' ').trim()
}

async function embedWhole(asked: AskedQuestion, embed: Embed): Promise<Vector> {
  const vector = await embed(toOwnText(asked))
  const earlier = toEarlierText(asked)
  if (earlier === null) return vector
  const before = await embed(earlier)
  return toUnitLength(vector.map((value, at) => value + EARLIER_WEIGHT * (before[at] ?? 0)))
}

/** The same without vectors. */
export function wordsAlone({ whole, parts }: QuestionProbes): QuestionProbes {
  return {
    whole: { ...whole, vector: null },
    parts: parts.map((part) => ({ ...part, vector: null })),
  }
}

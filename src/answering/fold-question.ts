import { ABOUT } from '../retrieval/question-parts.ts'

/**
 * The same for questions that differ in case, spaces and the punctuation of sentences alone. Only marks
 * at the edges of words go: C is neither C++ nor C#, NET is not .NET, and a path, a number and an
 * identifier keep what stands inside them. In doubt a mark stays: two questions that are kept apart cost
 * some seconds, two that are taken for one another cost the right answer.
 */
export function foldQuestion(text: string): string {
  return text.split(ABOUT).map(foldSentence).join(ABOUT)
}

const OPENING = new Set(`'"“”„‘’‚«»¿¡`)
const QUOTES = new Set(`'"“”„‘’‚«»`)
const COMMAS = new Set(',;')
/** Within a question, `?` and `!` may belong to a name, as in Rust and Ruby. */
const FINAL = new Set('.?!…。？！')

function foldSentence(text: string): string {
  const words = text.normalize('NFC').toLowerCase().match(/\S+/g) ?? []
  // “What is NOTIFY ?”
  if (words.length > 1 && words.at(-1) === '?') words.pop()
  return words
    .map((word, at) => foldWord(word, at === words.length - 1))
    .join(' ')
    .replaceAll(/[‘’]/g, "'")
}

/** A word of marks alone is what is asked about. */
function foldWord(word: string, isLast: boolean): string {
  let start = 0
  let end = word.length
  while (start < end && OPENING.has(word.charAt(start))) start += 1
  while (end > start && isFolded(word.slice(start, end), isLast)) end -= 1
  return start === end ? word : word.slice(start, end)
}

const ENDS_IN_DIGIT = /\p{N}$/u
const ENDS_IN_WORD = /[\p{L}\p{N}]{2}$/u

/** Whether the mark at the end is one of the sentence, and not of the word. */
function isFolded(word: string, isLast: boolean): boolean {
  const mark = word.at(-1) ?? ''
  const before = word.slice(-5, -1)
  // 5" are inches.
  if (QUOTES.has(mark)) return !ENDS_IN_DIGIT.test(before)
  if (COMMAS.has(mark)) return !COMMAS.has(before.at(-1) ?? '')
  if (isLast && FINAL.has(mark)) return true
  // C: is a drive, and “e.g.” no end of a sentence.
  return (mark === '.' || mark === ':') && ENDS_IN_WORD.test(before)
}

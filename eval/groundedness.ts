import { contentStems } from '../src/retrieval/content-words.ts'
import { readNumbers, toCanonical } from './canonical-text.ts'

/** Below this share of its content stems a statement counts as not supported (evaluation.md). */
export const MIN_COVERAGE = 0.6

/** Mean over sentences of the share of their content stems that the context has. */
export function groundedness(sentences: readonly string[], context: string): number {
  const found = new Set(stemsOf(context))
  const shares = sentences.flatMap((sentence) => coverage(sentence, found) ?? [])
  return shares.length === 0 ? 0 : shares.reduce((sum, share) => sum + share, 0) / shares.length
}

/** Whether an evidence text has enough of a sentence's content and every number that it writes. */
export function supports(evidence: string, sentence: string): boolean {
  const covered = coverage(sentence, new Set(stemsOf(evidence))) ?? 0
  return covered >= MIN_COVERAGE && !hasNewNumber(sentence, evidence)
}

/** Digits of the text must stand in the evidence, as digits or in words; words may be figures of speech. */
export function hasNewNumber(text: string, evidence: string): boolean {
  const known = readNumbers(evidence, { numberWords: true })
  const digits = readNumbers(evidence, { numberWords: false })
  return [...readNumbers(text, { numberWords: false })].some(
    (number) => !known.has(number) && !digits.has(number),
  )
}

/** Null for a sentence without content, which says nothing that could be checked. */
function coverage(sentence: string, found: ReadonlySet<string>): number | null {
  const stems = [...new Set(stemsOf(sentence))]
  return stems.length === 0 ? null : stems.filter((stem) => found.has(stem)).length / stems.length
}

/** Numbers are stems too, and equal however they are written; "one" stays the filler that it mostly is. */
function stemsOf(text: string): readonly string[] {
  return contentStems(toCanonical(text, { numberWords: false }))
}

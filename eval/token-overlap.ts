import { contentStems } from '../src/retrieval/content-words.ts'

/** F1 over words with their number of occurrences, without case, punctuation and English articles (SQuAD). */
export function tokenF1(answer: string, reference: string): number {
  const given = squadTokens(answer)
  const wanted = squadTokens(reference)
  const shared = countShared(given, wanted)
  return shared === 0 ? 0 : (2 * shared) / (given.length + wanted.length)
}

/** Share of the reference's content stems, with their number of occurrences, that the answer has. */
export function contentRecall(answer: string, reference: string): number {
  const wanted = contentStems(reference)
  return wanted.length === 0 ? 0 : countShared(contentStems(answer), wanted) / wanted.length
}

function squadTokens(text: string): readonly string[] {
  return text
    .toLowerCase()
    .replace(/[\p{P}\p{S}]/gu, '')
    .replace(/(?<![\p{L}\p{N}])(?:an?|the)(?![\p{L}\p{N}])/gu, ' ')
    .split(/\s+/)
    .filter((token) => token !== '')
}

function countShared(given: readonly string[], wanted: readonly string[]): number {
  const left = new Map<string, number>()
  for (const token of given) left.set(token, (left.get(token) ?? 0) + 1)
  return wanted.filter((token) => {
    const count = left.get(token) ?? 0
    left.set(token, count - 1)
    return count > 0
  }).length
}

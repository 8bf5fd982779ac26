import { contentStems } from '../retrieval/content-words.ts'

/** What the model's words say beyond the question: the stems of their content words, each once. */
export function newStems(generated: string, question: string): readonly string[] {
  const asked = new Set(contentStems(question))
  return [...new Set(contentStems(generated))].filter((stem) => !asked.has(stem))
}

/** The share of the stems that are among those found; 0 where there are none. */
export function shareIn(stems: readonly string[], found: ReadonlySet<string>): number {
  return stems.length === 0 ? 0 : stems.filter((stem) => found.has(stem)).length / stems.length
}

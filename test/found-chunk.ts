import type { FoundChunk } from '../src/retrieval/rank-sentences.ts'

interface ChunkOptions {
  readonly id?: string
  readonly articleId?: string
  readonly title?: string
  readonly fused?: number
  /** Where the chunk stands in its revision. */
  readonly start?: number
  /** One for each sentence; null where none is known. */
  readonly similarities?: readonly (number | null)[]
  /** The same for the parts of a question, a list a sentence. */
  readonly partSimilarities?: readonly (readonly number[])[]
}

/** A chunk of sentences, as search finds it. */
export function foundChunk(sentences: readonly string[], options: ChunkOptions = {}): FoundChunk {
  const { id = '1', articleId = 'art_1', title = 'An article', fused = 1, start = 0 } = options
  let at = start
  return {
    chunkId: id,
    articleId,
    revision: 1,
    url: 'https://example.org/article',
    title,
    headingPath: ['A heading'],
    publishedAt: null,
    start,
    text: sentences.join(' '),
    sentences: sentences.map((text, index) => {
      const from = at
      at += text.length + 1
      return {
        id: `${id}.${index}`,
        text,
        start: from,
        end: from + text.length,
        similarity: options.similarities?.[index] ?? null,
        partSimilarities: options.partSimilarities?.[index] ?? [],
      }
    }),
    scores: { keyword: fused, vector: fused, fused },
  }
}

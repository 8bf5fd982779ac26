// Passages that come with a question, or from a pool, as the search would have found them: in sentences,
// each with its nearness to the question.
import type { Passage, SentenceSpan, Vector } from '../src/domain.ts'
import type { EmbeddingModel } from '../src/models/embedding.ts'
import type { FoundChunk } from '../src/retrieval/rank-sentences.ts'
import type { SearchResult } from '../src/retrieval/search.ts'
import { shifted, splitSentences } from '../src/retrieval/split-sentences.ts'
import type { MtragPassage } from './mtrag-questions.ts'

interface Nearness {
  readonly embedding: EmbeddingModel
  readonly signal: AbortSignal
}

/** A passage is one article of one chunk; `question` is its vector. */
export async function toFoundChunk(
  { _id: id, title, text }: MtragPassage,
  question: Vector,
  { embedding, signal }: Nearness,
): Promise<FoundChunk> {
  const spans = sentencesOf(text)
  const texts = spans.map(({ start, end }) => text.slice(start, end))
  const vectors = await embedding.embedTexts(texts, { signal })
  const [whole = []] = await embedding.embedTexts([text], { signal })
  const similarity = dot(question, whole)
  return {
    chunkId: id,
    articleId: id,
    revision: 1,
    url: null,
    title: title === '' ? 'Untitled' : title,
    headingPath: [],
    publishedAt: null,
    start: 0,
    text,
    sentences: spans.map((span, at) => ({
      id: `${id}.${at}`,
      text: texts[at] ?? '',
      ...span,
      similarity: dot(question, vectors[at] ?? []),
      partSimilarities: [],
    })),
    scores: { keyword: null, vector: similarity, fused: similarity },
  }
}

/** What stands between blank lines is a paragraph, as in ingest. */
function sentencesOf(text: string): readonly SentenceSpan[] {
  const spans: SentenceSpan[] = []
  for (const { 0: paragraph, index } of text.matchAll(/\S(?:.|\n(?!\s*\n))*/g)) {
    spans.push(...splitSentences(paragraph, 'paragraph').map((span) => shifted(span, index)))
  }
  return spans
}

/** As a search that found these chunks and no others. */
export function toSearchResult(
  chunks: readonly FoundChunk[],
  corpusRevision: number,
): SearchResult {
  const ranked = chunks.toSorted((one, other) => other.scores.fused - one.scores.fused)
  const candidates = ranked.map(({ chunkId, articleId, scores }) => ({
    chunkId,
    articleId,
    scores,
  }))
  return {
    candidates,
    rankAt: () => candidates,
    chunks: ranked,
    reason: candidates.length === 0 ? 'no-evidence' : null,
    degraded: null,
    corpusRevision,
    time: null,
  }
}

/** How near each sentence of an answer is to each of the passages', whose vectors no database has. */
export async function compareInMemory(
  sentences: readonly string[],
  passages: readonly Passage[],
  { embedding, signal }: Nearness,
): Promise<readonly ReadonlyMap<string, number>[]> {
  const evidence = passages.flatMap((passage) => passage.sentences)
  const vectors = await embedding.embedTexts(
    evidence.map(({ text }) => text),
    { signal },
  )
  const own = await embedding.embedTexts(sentences, { signal })
  return own.map(
    (vector) => new Map(evidence.map(({ id }, at) => [id, dot(vector, vectors[at] ?? [])])),
  )
}

interface Pool extends Nearness {
  readonly passages: readonly MtragPassage[]
}

export type FindNearest = (question: Vector, count: number) => readonly MtragPassage[]

/** Embeds the pool once. */
export async function openPool({ passages, embedding, signal }: Pool): Promise<FindNearest> {
  const vectors = await embedding.embedTexts(
    passages.map(({ title, text }) => `${title}\n${text}`),
    { signal },
  )
  return (question, count) =>
    passages
      .map((passage, at) => ({ passage, nearness: dot(question, vectors[at] ?? []) }))
      .sort((one, other) => other.nearness - one.nearness)
      .slice(0, count)
      .map(({ passage }) => passage)
}

function dot(one: Vector, other: Vector): number {
  return one.reduce((sum, value, at) => sum + value * (other[at] ?? 0), 0)
}

import { transaction, type Database, type Queryable } from '../db/database.ts'
import type { Candidate, Degraded, Filters, Vector } from '../domain.ts'
import { toUnitLength, type EmbeddingModel } from '../models/embedding.ts'
import { loadCorpus } from '../store/corpus.ts'
import { searchKeywords } from '../store/search-keywords.ts'
import { hasOtherModels, searchVectors } from '../store/search-vectors.ts'
import { loadChunkTexts } from '../store/sentences.ts'
import { fuse } from './fusion.ts'
import type { FoundChunk } from './passages.ts'

export interface SearchRequest {
  readonly question: string
  /** The question before it in a conversation: its words weigh in. */
  readonly earlier?: string | null
  readonly filters: Filters
  /** Ids of sentences to search without. */
  readonly exclude?: readonly string[]
  /** The vector arm's share of the ranking, where it is to be another than the service's. */
  readonly vectorWeight?: number
  /** Chunks whose text is wanted. */
  readonly limit?: number
  readonly signal: AbortSignal
}

export interface SearchResult {
  /** Of both arms, best first, with their scores. */
  readonly candidates: readonly Candidate[]
  /** The best of them with their text. */
  readonly chunks: readonly FoundChunk[]
  readonly degraded: Degraded
  readonly corpusRevision: number
}

export type Search = (request: SearchRequest) => Promise<SearchResult>

interface SearchDependencies {
  readonly database: Pick<Database, 'pool'>
  /** Undefined while it cannot be had: search then goes by keywords alone and says so. */
  readonly embedding: () => EmbeddingModel | undefined
  readonly embeddingId: string
  readonly vectorWeight: number
  readonly onDegraded: (error: unknown) => void
}

const CANDIDATES_PER_ARM = 50
const CHUNKS_READ = 20
const EARLIER_WEIGHT = 0.5

export function createSearch(dependencies: SearchDependencies): Search {
  return async (request) => {
    const vector = await embedQuestion(dependencies, request)
    // One snapshot for all of it: a reader sees an article as it was or as it is, never in between.
    return transaction(
      dependencies.database,
      (client) => searchSnapshot(client, { dependencies, request, vector }),
      { isReadOnly: true },
    )
  }
}

interface SnapshotSearch {
  readonly dependencies: SearchDependencies
  readonly request: SearchRequest
  readonly vector: Vector | null
}

async function searchSnapshot(
  client: Queryable,
  { dependencies, request, vector }: SnapshotSearch,
): Promise<SearchResult> {
  const { filters } = request
  const model = dependencies.embeddingId
  const corpus = await loadCorpus(client)
  const keyword = await searchKeywords(client, toParts(request), {
    filters,
    limit: CANDIDATES_PER_ARM,
  })
  const nearest =
    vector === null
      ? []
      : await searchVectors(client, vector, { filters, model, limit: CANDIDATES_PER_ARM })
  const isPartlyBlind = vector === null || (await hasOtherModels(client, model))
  const vectorWeight = request.vectorWeight ?? dependencies.vectorWeight
  const candidates = fuse({ keyword, vector: nearest, vectorWeight })
  const chunks = await loadChunkTexts(
    client,
    candidates.slice(0, request.limit ?? CHUNKS_READ).map(({ chunkId }) => chunkId),
    { vector, model, exclude: request.exclude ?? [] },
  )
  return {
    candidates,
    chunks: withScores(chunks, candidates),
    degraded: isPartlyBlind ? 'keyword-only' : null,
    corpusRevision: corpus.revision,
  }
}

function withScores(
  chunks: readonly Omit<FoundChunk, 'scores'>[],
  candidates: readonly Candidate[],
): readonly FoundChunk[] {
  const scores = new Map(candidates.map((candidate) => [candidate.chunkId, candidate.scores]))
  return chunks.flatMap((chunk) => {
    const found = scores.get(chunk.chunkId)
    return found === undefined ? [] : [{ ...chunk, scores: found }]
  })
}

function toParts({ question, earlier }: SearchRequest) {
  const parts = [{ text: question, weight: 1 }]
  return earlier == null ? parts : [...parts, { text: earlier, weight: EARLIER_WEIGHT }]
}

async function embedQuestion(
  { embedding, onDegraded }: SearchDependencies,
  { question, earlier, signal }: SearchRequest,
): Promise<Vector | null> {
  const model = embedding()
  if (model === undefined) return null
  try {
    const vector = await model.embedQuestion(question, { signal })
    if (earlier == null) return vector
    const before = await model.embedQuestion(earlier, { signal })
    return toUnitLength(vector.map((value, at) => value + EARLIER_WEIGHT * (before[at] ?? 0)))
  } catch (error) {
    signal.throwIfAborted()
    onDegraded(error)
    return null
  }
}

import { isVectorSizeError } from '../db/database-errors.ts'
import { transaction, type Database, type Queryable } from '../db/database.ts'
import type { Candidate, Degraded, Filters } from '../domain.ts'
import type { EmbeddingModel } from '../models/embedding.ts'
import { listArticles } from '../store/articles.ts'
import { loadCorpus, type Corpus } from '../store/corpus.ts'
import { loadPublicationDates } from '../store/publication-dates.ts'
import { searchKeywords, type ArmHit } from '../store/search-keywords.ts'
import { hasOtherModels, searchVectors } from '../store/search-vectors.ts'
import { loadChunkTexts } from '../store/sentences.ts'
import { narrowFilters, readAskedTime, type AskedTime } from './asked-time.ts'
import { loadStanding, type Standing } from './explain.ts'
import { fuse, joinCandidates } from './fusion.ts'
import {
  toProbes,
  wordsAlone,
  type AskedQuestion,
  type Probe,
  type QuestionProbes,
} from './question-probes.ts'
import { preferRecent } from './prefer-recent.ts'
import type { FoundChunk } from './rank-sentences.ts'

export interface SearchRequest extends AskedQuestion {
  readonly filters: Filters
  /** Ids of sentences to search without. */
  readonly exclude?: readonly string[]
  /** The vector arm's share of the ranking, where it is to be another than the service's. */
  readonly vectorWeight?: number
  /** Chunks whose text is wanted. */
  readonly limit?: number
  /** An article of which it is asked where it stands. */
  readonly explain?: string
  readonly signal: AbortSignal
}

/** Why nothing was found; `filtered` where the filters leave no article. */
export const NOTHING_FOUND = ['empty-library', 'filtered', 'no-evidence'] as const
export type NothingFound = (typeof NOTHING_FOUND)[number]

export interface SearchResult {
  /** Of both arms, best first, with their scores. */
  readonly candidates: readonly Candidate[]
  /** The same as another weight of the vector arm would have them. */
  readonly rankAt: (vectorWeight: number) => readonly Candidate[]
  /** The best of them with their text. */
  readonly chunks: readonly FoundChunk[]
  /** Null where there are candidates. */
  readonly reason: NothingFound | null
  readonly degraded: Degraded
  readonly corpusRevision: number
  /** Of publication, as the question asks for it; null where it asks for none. */
  readonly time: AskedTime | null
  /** Of the article that was asked about; null where there is none with its id. */
  readonly standing?: Standing | null
}

export type Search = (request: SearchRequest) => Promise<SearchResult>

interface SearchDependencies {
  readonly database: Pick<Database, 'pool'>
  /** Undefined while it cannot be had: search then goes by keywords alone and says so. */
  readonly embedding: () => EmbeddingModel | undefined
  readonly embeddingId: string
  readonly vectorWeight: number
  readonly onDegraded: (error: unknown) => void
  /** What “this week” is told from, where the request does not say so. */
  readonly now?: () => Date
}

const CANDIDATES_PER_ARM = 50
const CHUNKS_READ = 20

export function createSearch(dependencies: SearchDependencies): Search {
  return async (given) => {
    const time = readTime(given, dependencies.now?.() ?? new Date())
    const request = { ...given, filters: narrowFilters(given.filters, time) }
    const probes = await probe(dependencies, request)
    try {
      return await searchOnce({ dependencies, request, time, probes })
    } catch (error) {
      if (probes.whole.vector === null || !isVectorSizeError(error)) throw error
      // A model that answers to the same name now gives vectors of another size than the library's.
      dependencies.onDegraded(error)
      return searchOnce({ dependencies, request, time, probes: wordsAlone(probes) })
    }
  }
}

function readTime({ question, asked, earlier, filters }: SearchRequest, now: Date) {
  return readAskedTime(asked ?? question, { now: filters.asOf ?? now, earlier: earlier ?? null })
}

/** One snapshot for all of it: a reader sees an article as it was or as it is, never in between. */
function searchOnce(search: SnapshotSearch): Promise<SearchResult> {
  return transaction(search.dependencies.database, (client) => searchSnapshot(client, search), {
    isReadOnly: true,
  })
}

interface SnapshotSearch {
  readonly dependencies: SearchDependencies
  readonly request: SearchRequest
  readonly time: AskedTime | null
  readonly probes: QuestionProbes
}

async function searchSnapshot(
  client: Queryable,
  { dependencies, request, time, probes }: SnapshotSearch,
): Promise<SearchResult> {
  const { filters } = request
  const model = dependencies.embeddingId
  const corpus = await loadCorpus(client)
  const { whole, parts } = probes
  const options = { filters, model, limit: CANDIDATES_PER_ARM }
  const vectorWeight = request.vectorWeight ?? dependencies.vectorWeight
  const found: ArmHits[] = []
  for (const each of [whole, ...parts]) found.push(await searchArms(client, each, options))
  const dates = await loadDates(client, found, time)
  const rankAt = (weight: number) => {
    const ranked = joinCandidates(found.map((hits) => fuse({ ...hits, vectorWeight: weight })))
    return dates === null ? ranked : preferRecent(ranked, dates)
  }
  const candidates = rankAt(vectorWeight)
  const isPartlyBlind = whole.vector === null || (await hasOtherModels(client, model))
  const chunks = await loadChunkTexts(
    client,
    candidates.slice(0, request.limit ?? CHUNKS_READ).map(({ chunkId }) => chunkId),
    {
      vector: whole.vector,
      partVectors: parts.flatMap(({ vector }) => (vector === null ? [] : [vector])),
      model,
      exclude: request.exclude ?? [],
    },
  )
  const run = { parts: whole.words, vector: whole.vector, model, filters, found }
  return {
    candidates,
    rankAt,
    chunks: withScores(chunks, candidates),
    reason: candidates.length > 0 ? null : await findReason(client, corpus, filters),
    degraded: isPartlyBlind ? 'keyword-only' : null,
    corpusRevision: corpus.revision,
    time,
    ...(request.explain === undefined
      ? {}
      : { standing: await loadStanding(client, request.explain, run) }),
  }
}

interface ArmHits {
  readonly keyword: readonly ArmHit[]
  readonly vector: readonly ArmHit[]
}

async function searchArms(
  client: Queryable,
  { words, vector }: Probe,
  options: { readonly filters: Filters; readonly model: string; readonly limit: number },
): Promise<ArmHits> {
  const keyword = await searchKeywords(client, words, options)
  return {
    keyword,
    vector: vector === null ? [] : await searchVectors(client, vector, options),
  }
}

/** Null where newer articles are not asked for. */
async function loadDates(client: Queryable, found: readonly ArmHits[], time: AskedTime | null) {
  if (time?.isLatest !== true) return null
  const hits = found.flatMap(({ keyword, vector }) => [...keyword, ...vector])
  return loadPublicationDates(client, [...new Set(hits.map(({ articleId }) => articleId))])
}

async function findReason(
  client: Queryable,
  corpus: Corpus,
  filters: Filters,
): Promise<NothingFound> {
  if (corpus.chunks === 0) return 'empty-library'
  const [article] = await listArticles(client, filters, { after: null, limit: 1 })
  return article === undefined ? 'filtered' : 'no-evidence'
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

/** By words alone where the embedding model is away or fails. */
async function probe(
  { embedding, onDegraded }: SearchDependencies,
  request: SearchRequest,
): Promise<QuestionProbes> {
  try {
    return await toProbes(request, embedding(), request.signal)
  } catch (error) {
    request.signal.throwIfAborted()
    onDegraded(error)
    return toProbes(request, undefined, request.signal)
  }
}

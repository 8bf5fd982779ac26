// What each arm of the search found for a question, in the form in which the evaluation scores it.
import type { ArticleSpan, CandidateRank } from '../eval/case-answer.ts'
import type { GoldenCase } from '../eval/golden-case.ts'
import type { SearchArm } from '../eval/retrieval-metrics.ts'
import { toRequest } from '../eval/service-target.ts'
import type { AnswerRequest } from '../src/answering/answer-steps.ts'
import { condense } from '../src/answering/condense.ts'
import type { Candidate } from '../src/domain.ts'
import { packPassages } from '../src/retrieval/passages.ts'
import type { FoundChunk } from '../src/retrieval/rank-sentences.ts'
import type { Services } from '../src/services.ts'
import type { BeirQuery } from './beir-corpus.ts'
import type { StockHit } from './stock-chunks.ts'

export interface BenchQuestion {
  readonly id: string
  readonly request: AnswerRequest
  /** Guids of the articles to be found. */
  readonly gold: readonly string[]
  /** Null where nobody wrote down which sentences answer it. */
  readonly golden: GoldenCase | null
}

export function fromGolden(golden: GoldenCase, signal: AbortSignal): BenchQuestion {
  const gold = [...new Set(golden.articles)]
  return { id: golden.id, request: toRequest(golden, signal), gold, golden }
}

export function fromBeir({ id, text, gold }: BeirQuery, signal: AbortSignal): BenchQuestion {
  const understood = condense([{ role: 'user', content: text }])
  return { id, request: { understood, filters: {}, signal }, gold, golden: null }
}

/** The question as it was understood, with what it leans on. */
export function wordsOf({ request }: BenchQuestion): string {
  return request.understood.question
}

export interface ServiceFound {
  readonly candidates: readonly CandidateRank[]
  readonly chunks: readonly FoundChunk[]
}

interface AskOptions {
  readonly services: Pick<Services, 'answerSteps'>
  /** Article id → guid. */
  readonly guids: ReadonlyMap<string, string>
  readonly vectorWeight: number | undefined
}

/** As an answer's first step searches. */
export async function askService(
  { request, id }: BenchQuestion,
  { services, guids, vectorWeight }: AskOptions,
): Promise<ServiceFound> {
  const weighted = vectorWeight === undefined ? request : { ...request, vectorWeight }
  const { search } = await services.answerSteps.retrieve(weighted)
  if (search.degraded !== null) throw new Error(`${id} was searched by keywords alone.`)
  return { candidates: search.candidates.map(toRank(guids)), chunks: search.chunks }
}

function toRank(guids: ReadonlyMap<string, string>) {
  return ({ chunkId, articleId, scores }: Candidate): CandidateRank => ({
    chunkId,
    guid: guids.get(articleId) ?? articleId,
    ...scores,
  })
}

/** An arm has its own hits alone: fused at the weight of one arm, the other's would stand behind them. */
export function onlyHitsOf(
  candidates: readonly CandidateRank[],
  arm: SearchArm,
): readonly CandidateRank[] {
  return candidates.filter(({ [arm]: score }) => score !== null)
}

/** A ranking that came from elsewhere, best first. */
export function rankedCandidates(guids: readonly string[]): readonly CandidateRank[] {
  return guids.map((guid, at) => ({
    guid,
    chunkId: String(at),
    keyword: null,
    vector: null,
    fused: -at,
  }))
}

export function stockCandidates(hits: readonly StockHit[]): readonly CandidateRank[] {
  return rankedCandidates(hits.map(({ chunk }) => chunk.guid))
}

/** As many as the service packs. */
const MAX_PASSAGES = 8

interface PackOptions {
  readonly maxTokens: number
  readonly countTokens: (text: string) => number
  readonly guids: ReadonlyMap<string, string>
}

export function packFound(
  question: BenchQuestion,
  chunks: readonly FoundChunk[],
  { guids, ...options }: PackOptions,
): readonly ArticleSpan[] {
  const packing = { ...options, question: wordsOf(question), maxPassages: MAX_PASSAGES }
  return packPassages(chunks, packing).map(({ articleId, start, end, text }) => ({
    guid: guids.get(articleId) ?? articleId,
    start,
    end,
    text,
  }))
}

export function withoutSentenceVectors(chunks: readonly FoundChunk[]): readonly FoundChunk[] {
  return chunks.map((chunk) => ({
    ...chunk,
    sentences: chunk.sentences.map((sentence) => ({
      ...sentence,
      similarity: null,
      partSimilarities: [],
    })),
  }))
}

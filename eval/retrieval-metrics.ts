import type { ArticleSpan, CandidateRank } from './case-answer.ts'
import type { GoldenCase } from './golden-case.ts'
import { holdsQuote } from './holds-quote.ts'
import type { ContextScores, RetrievalScores } from './scores.ts'

export type SearchArm = 'keyword' | 'vector' | 'fused'

const LAST_RANK = 10

/** Of each arm alone, over the articles of its candidates in its own order; `gold` has at least one. */
export function scoreRetrieval(
  candidates: readonly CandidateRank[],
  gold: readonly string[],
): Record<SearchArm, RetrievalScores> {
  const sought = new Set(gold)
  const score = (arm: SearchArm) => scoreRanking(rankArticles(candidates, arm), sought)
  return { keyword: score('keyword'), vector: score('vector'), fused: score('fused') }
}

/** Guids in the order in which an arm found them, each once. */
export function rankArticles(
  candidates: readonly CandidateRank[],
  arm: SearchArm,
): readonly string[] {
  const found = candidates.flatMap(({ guid, [arm]: score }) =>
    score === null ? [] : [{ guid, score }],
  )
  // The sort is stable, so that ties stand in the order in which they came.
  const ranked = found.sort((a, b) => b.score - a.score)
  return [...new Set(ranked.map(({ guid }) => guid))]
}

function scoreRanking(ranked: readonly string[], gold: ReadonlySet<string>): RetrievalScores {
  const found = (k: number) => ranked.slice(0, k).filter((guid) => gold.has(guid)).length
  const atEach = (score: (k: number) => number) => ({
    1: score(1),
    3: score(3),
    5: score(5),
    10: score(10),
  })
  const first = ranked.slice(0, LAST_RANK).findIndex((guid) => gold.has(guid))
  return {
    recallAt: atEach((k) => found(k) / gold.size),
    hitAt: atEach((k) => Number(found(k) > 0)),
    allAt: atEach((k) => Number(found(k) === gold.size)),
    mrrAt10: first === -1 ? 0 : 1 / (first + 1),
    ndcgAt10: ndcgAt10(ranked, gold),
  }
}

/** `ranked` has each but once, and `gold` at least one. */
export function ndcgAt10(ranked: readonly string[], gold: ReadonlySet<string>): number {
  const gains = ranked.slice(0, LAST_RANK).map((id, at) => (gold.has(id) ? discount(at) : 0))
  const ideal = Array.from({ length: Math.min(gold.size, LAST_RANK) }, (_, at) => discount(at))
  return sum(gains) / sum(ideal)
}

/** Of a rank that is counted from 0. */
function discount(at: number): number {
  return 1 / Math.log2(at + 2)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

interface ContextInput {
  readonly candidates: readonly CandidateRank[] | null
  readonly passages: readonly ArticleSpan[]
  readonly golden: Pick<GoldenCase, 'articles' | 'evidence'>
}

/** What of the gold the model was given to read; `golden` has at least one article. */
export function scoreContext({ candidates, passages, golden }: ContextInput): ContextScores {
  const gold = [...new Set(golden.articles)]
  const share = (spans: readonly { readonly guid: string }[]) =>
    gold.filter((guid) => spans.some((span) => span.guid === guid)).length / gold.length
  const recall = share(passages)
  const isGiven = ({ article, quote }: GoldenCase['evidence'][number]) =>
    passages.some(({ guid, text }) => guid === article && holdsQuote(text, quote))
  return {
    recallAtContext: recall,
    hitAtContext: Number(recall > 0),
    allAtContext: Number(recall === 1),
    evidenceAtContext: Number(golden.evidence.every(isGiven)),
    candidateRecall: candidates === null ? null : share(candidates),
  }
}

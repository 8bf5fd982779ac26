import type { FusionFit } from '../src/answering/calibration.ts'
import type { Candidate } from '../src/domain.ts'
import { bestPlace } from './best-place.ts'
import { bootstrapDifference } from './intervals.ts'
import { signFlip } from './paired-tests.ts'
import { ndcgAt10 } from './retrieval-metrics.ts'

// The vector arm's share in fusion, fitted offline: each question is searched once, and what both arms
// gave it is ranked anew at every weight.
//
// The objective is the mean nDCG@10, half of the articles and half of the chunks that hold the evidence.
// Articles alone say little: the right one comes first at most weights, and it is a sentence the model
// needs. With some ninety cases the very best weight is so by luck, so the one is taken around which the
// objective is best, with its neighbours to both sides. (The middle of all that are not proved worse was
// tried: on the real feed these reach from 0.3 to 0.85, much farther down on one side than on the other.)

/** A question that was searched; neither of its sets is empty. */
export interface FusionCase {
  /** What was found, as a weight ranks it. */
  readonly rankAt: (vectorWeight: number) => readonly Candidate[]
  /** Ids of the articles that hold the answer. */
  readonly articles: ReadonlySet<string>
  /** Ids of the chunks that hold the evidence. */
  readonly chunks: ReadonlySet<string>
}

type Fitted = Pick<FusionFit, 'curve'> & { readonly vectorWeight: number }

interface Point {
  readonly weight: number
  /** Of each case. */
  readonly scores: readonly number[]
  readonly mean: number
}

const STEPS = 20
const WEIGHTS = Array.from({ length: STEPS + 1 }, (_, step) => weightAt(step))
/** To each side, which is 0.1. */
const NEIGHBOURS = 2
// So that the same cases give the same figures.
const SEED = 20_241_124
const DIGITS = 10_000

/** `cases` has at least one. */
export function fitFusion(cases: readonly FusionCase[]): Fitted {
  const points = WEIGHTS.map((weight) => pointAt(weight, cases))
  const means = points.map(({ mean }) => mean)
  return { vectorWeight: weightAt(bestPlace(means, NEIGHBOURS)), curve: toCurve(points) }
}

function weightAt(step: number): number {
  return step / STEPS
}

function pointAt(weight: number, cases: readonly FusionCase[]): Point {
  const scores = cases.map((each) => scoreAt(weight, each))
  return { weight, scores, mean: meanOf(scores) }
}

function scoreAt(weight: number, { rankAt, articles, chunks }: FusionCase): number {
  const ranked = rankAt(weight)
  const ofArticles = ndcgAt10([...new Set(ranked.map(({ articleId }) => articleId))], articles)
  const ofChunks = ndcgAt10(
    ranked.map(({ chunkId }) => chunkId),
    chunks,
  )
  return (ofArticles + ofChunks) / 2
}

/** What a weight is worth on cases that it was not fitted on; null where there are none. */
export function checkFusion(
  cases: readonly FusionCase[],
  { vectorWeight, previous }: { readonly vectorWeight: number; readonly previous: number },
): FusionFit['check'] {
  if (cases.length === 0) return null
  const chosen = pointAt(vectorWeight, cases)
  const against = (weight: number) => compare(pointAt(weight, cases), chosen)
  return {
    cases: cases.length,
    objective: round(chosen.mean),
    against: { keyword: against(0), vector: against(1), previous: against(previous) },
    curve: toCurve(WEIGHTS.map((weight) => pointAt(weight, cases))),
  }
}

type Comparison = NonNullable<FusionFit['check']>['against']['keyword']

function compare(other: Point, chosen: Point): Comparison {
  const changes = differences(other, chosen)
  const interval = bootstrapDifference(toRatios(other), toRatios(chosen), { seed: SEED })
  return {
    vectorWeight: other.weight,
    objective: round(other.mean),
    difference: round(meanOf(changes)),
    low: round(interval?.low ?? 0),
    high: round(interval?.high ?? 0),
    p: round(signFlip(changes, { seed: SEED })),
  }
}

function differences(before: Point, after: Point): readonly number[] {
  return after.scores.map((score, at) => score - (before.scores[at] ?? 0))
}

function toRatios({ scores }: Point) {
  return scores.map((numerator) => ({ numerator, denominator: 1 }))
}

function toCurve(points: readonly Point[]): Record<string, number> {
  return Object.fromEntries(points.map(({ weight, mean }) => [weight.toFixed(2), round(mean)]))
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function round(value: number): number {
  return Math.round(value * DIGITS) / DIGITS
}

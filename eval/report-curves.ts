import type { CaseAnswer } from './case-answer.ts'
import type { EvaluatedCase } from './report.ts'
import { failureOf } from './report-view.ts'
import { FAILURE_CLASSES, type FailureClass } from './scores.ts'

// The figures behind a report's plots: each of one arm's rows.

/** A curve of thousands of steps looks the same with this many. */
const MAX_POINTS = 200

export interface Latency {
  readonly answers: number
  readonly p50: number
  readonly p95: number
  readonly searchP50: number
  /** Null where no answer tells. */
  readonly firstTokenP50: number | null
  /** Of the model while it writes; null where no answer tells. */
  readonly tokensPerSecond: number | null
  /** Milliseconds, and the share of answers that took no longer. */
  readonly points: readonly (readonly [number, number])[]
}

/** Null where nothing was answered. */
export function latencyOf(rows: readonly EvaluatedCase[]): Latency | null {
  const answers = rows.flatMap(({ answer }) => (answer === null ? [] : [answer]))
  if (answers.length === 0) return null
  const times = ascending(answers.map(({ timings }) => timings.totalMs))
  const firstTokens = answers.flatMap(({ timings }) => timings.firstTokenMs ?? [])
  return {
    answers: answers.length,
    p50: nearestRank(times, 0.5),
    p95: nearestRank(times, 0.95),
    searchP50: nearestRank(ascending(answers.map(({ timings }) => timings.searchMs)), 0.5),
    firstTokenP50: firstTokens.length === 0 ? null : nearestRank(ascending(firstTokens), 0.5),
    tokensPerSecond: speedOf(answers),
    points: thin(times.map((ms, at) => [ms, (at + 1) / times.length] as const)),
  }
}

/** All tokens over all the time in which they were written, so that long answers weigh more. */
function speedOf(answers: readonly CaseAnswer[]): number | null {
  const written = answers.flatMap(({ timings: { firstTokenMs, totalMs }, tokens }) =>
    firstTokenMs === null ? [] : [{ tokens: tokens.completion, ms: totalMs - firstTokenMs }],
  )
  const ms = written.reduce((sum, one) => sum + one.ms, 0)
  const tokens = written.reduce((sum, one) => sum + one.tokens, 0)
  return ms > 0 && tokens > 0 ? (tokens / ms) * 1_000 : null
}

function ascending(values: readonly number[]): readonly number[] {
  return [...values].sort((one, other) => one - other)
}

function nearestRank(sorted: readonly number[], share: number): number {
  return sorted[Math.max(Math.ceil(share * sorted.length) - 1, 0)] ?? 0
}

export type FailureCounts = Readonly<Record<FailureClass, number>> & { readonly total: number }

export function countFailures(rows: readonly EvaluatedCase[]): FailureCounts {
  const counts = Object.fromEntries(FAILURE_CLASSES.map((name) => [name, 0])) as Record<
    FailureClass,
    number
  >
  for (const row of rows) {
    const failure = failureOf(row)
    if (failure !== null) counts[failure] += 1
  }
  return { ...counts, total: rows.length }
}

export interface RefusalPoint {
  /** Of the answerable questions, the share that is refused. */
  readonly falseRefusals: number
  /** Of the unanswerable ones. */
  readonly refusalRecall: number
}

export interface RefusalCurve {
  readonly points: readonly RefusalPoint[]
  /** As it was decided in this run, by this threshold. */
  readonly current: RefusalPoint
  readonly threshold: number | null
}

/**
 * What would be refused if the threshold were elsewhere. Refusals that have another ground (nothing
 * found, nothing supported) stay, and answers of which no probability is known stay answers. Null where
 * no answer has one, or one of the two groups is empty.
 */
export function refusalCurveOf(rows: readonly EvaluatedCase[]): RefusalCurve | null {
  const decisions = rows.flatMap(toDecision)
  const answerable = decisions.filter((one) => one.answerable)
  const unanswerable = decisions.filter((one) => !one.answerable)
  if (answerable.length === 0 || unanswerable.length === 0) return null
  const steps = [...new Set(decisions.map(({ level }) => level))].filter(Number.isFinite)
  if (steps.length === 0) return null
  const shares = (isRefused: (one: Decision) => boolean): RefusalPoint => ({
    falseRefusals: answerable.filter(isRefused).length / answerable.length,
    refusalRecall: unanswerable.filter(isRefused).length / unanswerable.length,
  })
  const levels = thin(steps.sort((one, other) => one - other))
  return {
    points: [-Infinity, ...levels].map((level) => shares((one) => one.level <= level)),
    current: shares(({ refused }) => refused),
    threshold: decisions.find(({ threshold }) => threshold !== null)?.threshold ?? null,
  }
}

interface Decision {
  readonly answerable: boolean
  readonly refused: boolean
  readonly threshold: number | null
  /** The question is refused where the threshold lies above this. */
  readonly level: number
}

function toDecision({ scores, answer }: EvaluatedCase): readonly Decision[] {
  if (scores === null || answer === null) return []
  const { answerable, refused } = scores
  const { statesAnswer, threshold } = answer
  const isByThreshold =
    statesAnswer !== null && (!refused || threshold === null || statesAnswer < threshold)
  const otherwise = refused ? -Infinity : Infinity
  return [{ answerable, refused, threshold, level: isByThreshold ? statesAnswer : otherwise }]
}

/** Evenly spaced, with both ends. */
function thin<T>(points: readonly T[]): T[] {
  if (points.length <= MAX_POINTS) return [...points]
  const step = (points.length - 1) / (MAX_POINTS - 1)
  return Array.from({ length: MAX_POINTS }, (_, at) => points[Math.round(at * step)] as T)
}

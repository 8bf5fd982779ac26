import type { ComparableCase } from './comparable-cases.ts'
import { COMPARED_METRICS, valuesOf, type CaseValues, type ComparedMetric } from './case-values.ts'
import { meanOf, METRICS } from './metrics.ts'
import { mcnemarExact, signFlip } from './paired-tests.ts'
import type { EvaluatedCase } from './report.ts'

/** What became of a metric over the cases that have it both times. */
export interface PairedChange {
  /** Null where no case has it both times. */
  readonly before: number | null
  readonly now: number | null
  /** Now less before, the mean over the cases; 0 where there are none. */
  readonly difference: number
  readonly p: number | null
  readonly cases: number
  /** Over all comparable cases that had it at the baseline. */
  readonly baseline: number | null
  /** How many had it at the baseline and have none now. */
  readonly missing: number
}

/** Whose outcome is yes or no; the others are means. */
const OUTCOMES: readonly ComparedMetric[] = ['correct', 'refusal-recall', 'false-refusals']

// So that the same rows have the same p.
const SEED = 20_240_602

export function pairChanges(
  pairs: readonly ComparableCase[],
): Readonly<Record<ComparedMetric, PairedChange>> {
  const changes = COMPARED_METRICS.map((name) => [name, toChange(name, pairs)] as const)
  return Object.fromEntries(changes) as Record<ComparedMetric, PairedChange>
}

function toChange(name: ComparedMetric, pairs: readonly ComparableCase[]): PairedChange {
  const had = pairs.filter(({ before }) => before.values[name] !== undefined)
  // An error says nothing of the search; how many there were is counted apart.
  const isSearch = METRICS[name]?.group === 'retrieval'
  const valuesNow = ({ rows, values }: ComparableCase) =>
    isSearch && rows.some(isError) ? valuesOf(rows.filter((row) => !isError(row))) : values
  const both = had.flatMap((pair) => {
    const [before, now] = [scoreOf(pair.before.values, name), scoreOf(valuesNow(pair), name)]
    return before === null || now === null ? [] : [{ before, now }]
  })
  const differences = both.map(({ before, now }) => now - before)
  return {
    before: meanScore(both.map(({ before }) => before)),
    now: meanScore(both.map(({ now }) => now)),
    difference: meanScore(differences) ?? 0,
    p: both.length === 0 ? null : testOf(name, both),
    cases: both.length,
    baseline: meanOf(had.map(({ before }) => toRatio(before.values[name] ?? [0, 0]))),
    missing: had.filter(({ values, rows }) => values[name] === undefined && !rows.every(isError))
      .length,
  }
}

function isError({ scores }: EvaluatedCase): boolean {
  return scores === null
}

/** Null where the case has no say: it lacks the metric, or has none of what is counted. */
function scoreOf(values: CaseValues, name: ComparedMetric): number | null {
  const [numerator, denominator] = values[name] ?? [0, 0]
  return denominator === 0 ? null : numerator / denominator
}

interface Pair {
  readonly before: number
  readonly now: number
}

function testOf(name: ComparedMetric, pairs: readonly Pair[]): number {
  if (!OUTCOMES.includes(name)) {
    return signFlip(
      pairs.map(({ before, now }) => now - before),
      { seed: SEED },
    )
  }
  const isTrue = (score: number) => score > 0.5
  return mcnemarExact(
    pairs.filter(({ before, now }) => isTrue(before) && !isTrue(now)).length,
    pairs.filter(({ before, now }) => !isTrue(before) && isTrue(now)).length,
  )
}

function toRatio([numerator, denominator]: readonly [number, number]) {
  return { numerator, denominator }
}

function meanScore(scores: readonly number[]): number | null {
  return meanOf(scores.map((score) => toRatio([score, 1])))
}

import type { ComparedMetric } from './case-values.ts'
import type { ArmComparison, Comparison } from './compare.ts'
import { METRICS } from './metrics.ts'
import { HARMS } from './report-figures.ts'
import { groupBy } from './report-view.ts'
import type { PairedChange } from './paired-changes.ts'
import type { EvaluatedCase, MetricValue, Verdict } from './report.ts'

/** By arm and metric: what a run must not fall below. A set may have its own in set.json. */
export type Floors = Readonly<Record<string, Readonly<Record<string, number>>>>

export const DEFAULT_FLOORS: Floors = {
  system: { 'hit@1': 0.8, 'evidence@context': 0.6, correct: 0.5, 'refusal-recall': 0.3 },
  extracted: { 'hit@1': 0.8, 'evidence@context': 0.6 },
}

/** The search is deterministic, so a drop beyond these points is real, whatever its p. */
const RETRIEVAL_GATE: readonly ComparedMetric[] = [
  'hit@1',
  'recall@5',
  'mrr@10',
  'ndcg@10',
  'evidence@context',
  'candidate-recall',
]
const MAX_RETRIEVAL_DROP = 0.02
/** In a small set a single case is more points than that, and one case is no regression. */
const MAX_CASES_LOST = 1

/** A model's words vary: a drop must be both beyond chance and large enough to matter. */
const ANSWER_GATE: readonly ComparedMetric[] = [
  'correct',
  'refusal-recall',
  'false-refusals',
  'fact-recall',
  'citation-precision',
  'cited-gold',
  'groundedness',
]
const MIN_ANSWER_DROP = 0.03

/** Every compared case must have these, whatever was answered. */
const ALWAYS_THERE: readonly ComparedMetric[] = [
  ...RETRIEVAL_GATE,
  'correct',
  'refusal-recall',
  'false-refusals',
]
const LOWER_IS_BETTER: readonly ComparedMetric[] = ['false-refusals']

const SIGNIFICANT = 0.05
const MIN_COMPARABLE = 0.8
const MAX_ERRORS = 0.02

/** Sums of shares are off in their last bits; a drop of just 3 points is one of 3 points. */
const ROUNDING = 1e-9

interface JudgeInput {
  readonly comparison: Comparison
  /** There was a baseline when the run was planned, and there is none now. */
  readonly isBaselineLost?: boolean
  /** Beside the gate: what else is a regression. */
  readonly regressed?: readonly string[]
  readonly floors?: Floors
}

export interface Judgement {
  readonly verdict: Verdict
  /** A sentence each, the gravest first. */
  readonly reasons: readonly string[]
}

/** The verdict of a run by evaluation.md, "The gate"; one without a baseline has its floors alone. */
export function judgeRun({
  comparison,
  isBaselineLost = false,
  floors = DEFAULT_FLOORS,
  regressed: others = [],
}: JudgeInput): Judgement {
  const regressed = [...others, ...comparison.arms.flatMap(findRegressions)]
  const missed = findMissedFloors(comparison, floors)
  const lost = isBaselineLost ? ['The baseline that the run was planned with is gone.'] : []
  const incomparable = [...lost, ...findIncomparable(comparison)]
  return {
    verdict: firstVerdict([
      ['regressed', regressed],
      ['floor-missed', missed],
      ['not-comparable', incomparable],
    ]),
    reasons: [...regressed, ...missed, ...incomparable],
  }
}

function firstVerdict(found: readonly (readonly [Verdict, readonly string[]])[]): Verdict {
  return found.find(([, reasons]) => reasons.length > 0)?.[0] ?? 'passed'
}

/** Whether so many cases of an arm ended in an error that the run says nothing. */
export function tooManyErrors(rows: readonly EvaluatedCase[]): boolean {
  return [...groupBy(rows, ({ arm }) => arm).values()].some(
    (ofArm) => ofArm.filter(({ scores }) => scores === null).length > MAX_ERRORS * ofArm.length,
  )
}

type IsWorse = (drop: number, p: number, cases: number) => boolean

function findRegressions({ arm, changes }: ArmComparison): readonly string[] {
  const found = (names: readonly ComparedMetric[], isWorse: IsWorse) =>
    names.flatMap((name) => {
      const change = changes[name]
      const isRegressed = change?.p != null && isWorse(dropOf(name, change), change.p, change.cases)
      return isRegressed ? [describeDrop(arm, name, change)] : []
    })
  return [
    ...found(
      RETRIEVAL_GATE,
      (drop, p, cases) =>
        (drop > MAX_RETRIEVAL_DROP + ROUNDING && drop * cases > MAX_CASES_LOST + ROUNDING) ||
        (drop > 0 && p < SIGNIFICANT),
    ),
    ...found(ANSWER_GATE, (drop, p) => drop >= MIN_ANSWER_DROP - ROUNDING && p < SIGNIFICANT),
  ]
}

/** How much worse it became. */
function dropOf(name: ComparedMetric, { difference }: PairedChange): number {
  return LOWER_IS_BETTER.includes(name) ? difference : -difference
}

function describeDrop(arm: string, name: string, change: PairedChange): string {
  const { before, now, difference, p, cases } = change
  const verb = difference < 0 ? 'fell' : 'rose'
  const points = (Math.abs(difference) * 100).toFixed(1)
  const from = `from ${toFigure(before)} to ${toFigure(now)}`
  const over = cases === 1 ? 'the one compared case' : `the ${cases} compared cases`
  return `${arm}: ${name} ${verb} by ${points} points, ${from} over ${over} (${toP(p)}).`
}

function findMissedFloors({ metrics, rows }: Comparison, floors: Floors): readonly string[] {
  return Object.entries(metrics).flatMap(([arm, values]) => {
    const ran = rows.filter((row) => row.arm === arm)
    return Object.entries(floors[arm] ?? {}).flatMap(([name, floor]) => {
      const value = values[name]?.value ?? null
      if (value === null) {
        return isExpected(name, ran) ? [`${arm}: ${name} has a floor, and no figure.`] : []
      }
      const isMissed = HARMS.includes(name) ? value > floor + ROUNDING : value < floor - ROUNDING
      return isMissed ? [describeFloor(`${arm}: ${name}`, { ...values[name], floor })] : []
    })
  })
}

/** Whether a case ran that the metric is about; what is not known by its name is expected of all. */
function isExpected(name: string, ran: readonly EvaluatedCase[]): boolean {
  const groups = name === 'balanced' ? ['correct', 'refusal-recall'] : [name]
  return groups.every((group) => ran.some(({ golden }) => METRICS[group]?.counts(golden) ?? true))
}

function describeFloor(
  what: string,
  { value, low, high, floor }: Partial<MetricValue> & { readonly floor: number },
): string {
  const interval = `${toFigure(low)} to ${toFigure(high)}`
  return `${what} is ${toFigure(value)} (${interval}), beyond its floor of ${toFigure(floor)}.`
}

function findIncomparable({ arms, rows }: Comparison): readonly string[] {
  if (rows.length === 0) return ['No case was run that is not held out.']
  return arms.flatMap(({ arm, cases, changes }) => [
    ...describeShare(arm, cases),
    ...ALWAYS_THERE.flatMap((name) => {
      const missing = changes[name]?.missing ?? 0
      return missing === 0
        ? []
        : [
            `${arm}: ${name} has no figure for ${missing} of the compared cases, which had one at the baseline.`,
          ]
    }),
  ])
}

function describeShare(
  arm: string,
  { pairs, expected }: ArmComparison['cases'],
): readonly string[] {
  if (pairs.length === 0) return [`${arm}: no case of this run can be compared with the baseline.`]
  if (pairs.length >= MIN_COMPARABLE * expected) return []
  return [
    `${arm}: only ${pairs.length} of ${expected} cases of the baseline can be compared; at least 80 % must be.`,
  ]
}

function toFigure(value: number | null | undefined): string {
  return value == null ? 'none' : value.toFixed(3)
}

function toP(p: number | null): string {
  if (p === null) return 'no test'
  return p < 0.001 ? 'p < .001' : `p = ${p.toFixed(3).replace(/^0/, '')}`
}

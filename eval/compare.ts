import { AppError } from '../src/errors.ts'
import type { Baseline, BaselineArm } from './baseline.ts'
import type { Regenerated } from './blame.ts'
import { matchCases, type ComparableCases } from './comparable-cases.ts'
import { describeComparison, mergeNotes } from './comparison-notes.ts'
import { findFlips, type FoundFlip } from './find-flips.ts'
import { aggregate, groupByCase } from './metrics.ts'
import { pairChanges, type PairedChange } from './paired-changes.ts'
import type { EvaluatedCase, Flip, HeldOut, MetricValue } from './report.ts'

export interface CompareInput {
  readonly set: string
  readonly rows: readonly EvaluatedCase[]
  /** Case id → hash now, of every case of the set, whether it was run or not. */
  readonly hashes: ReadonlyMap<string, string>
  readonly baseline: Baseline | null
  readonly heldOut: readonly HeldOut[]
  /** Guid → hash of the text, of the library's articles now: at least those that cases speak of. */
  readonly articles: ReadonlyMap<string, string>
  /** Whether the arm's answers came from the chat model of its baseline. */
  readonly isSameChatModel: (arm: string) => boolean
  readonly regenerated?: readonly (Regenerated & ArmCase)[]
  /** Guids of the articles that came later than the baseline. */
  readonly newer?: ReadonlySet<string>
}

export interface ArmCase {
  readonly arm: string
  readonly caseId: string
}

export interface ArmComparison {
  readonly arm: string
  readonly cases: ComparableCases
  readonly changes: Readonly<Record<string, PairedChange>>
}

export interface Comparison {
  /** Those of cases that are not held out. */
  readonly rows: readonly EvaluatedCase[]
  /** By arm and metric, over these rows. */
  readonly metrics: Readonly<Record<string, Readonly<Record<string, MetricValue>>>>
  readonly flips: readonly Flip[]
  readonly notes: readonly string[]
  /** Of the arms that the baseline has. */
  readonly arms: readonly ArmComparison[]
  /** Flips whose stage is known only when the baseline's prompt has been generated again. */
  readonly toRegenerate: readonly ArmCase[]
}

/** A run's figures, and what became of them since the baseline, case by case. */
export function compareWithBaseline(input: CompareInput): Comparison {
  const { baseline, set } = input
  if (baseline !== null && baseline.set !== set) {
    throw new AppError(
      'invalid-request',
      `The baseline is of the golden set “${baseline.set}” and the run is of “${set}”; a baseline of “${set}” would be right.`,
    )
  }
  const arms = compareArms(input)
  const notes = arms.map(({ arm, rows, compared }) => ({
    arm,
    notes: describeComparison({
      rows,
      cases: compared?.cases ?? null,
      hasBaseline: baseline !== null,
      noise: findArm(baseline, arm)?.noise ?? null,
    }),
  }))
  const flips = arms.flatMap((arm) => arm.flips)
  return {
    rows: arms.flatMap(({ rows }) => rows),
    metrics: Object.fromEntries(arms.map(({ arm, metrics }) => [arm, metrics])),
    flips: flips.map(({ flip }) => flip),
    notes: mergeNotes(notes),
    arms: arms.flatMap(({ compared }) => compared ?? []),
    toRegenerate: flips
      .filter(({ needsRegeneration }) => needsRegeneration)
      .map(({ flip: { arm, caseId } }) => ({ arm, caseId })),
  }
}

interface ComparedArm {
  readonly arm: string
  readonly rows: readonly EvaluatedCase[]
  readonly metrics: Readonly<Record<string, MetricValue>>
  readonly flips: readonly FoundFlip[]
  /** Null for an arm without a baseline. */
  readonly compared: ArmComparison | null
}

/** Held-out cases are left out here, and so on both sides. */
function compareArms(input: CompareInput): readonly ComparedArm[] {
  const heldOut = new Set(input.heldOut.map(({ caseId }) => caseId))
  const arms = [...new Set(input.rows.map(({ arm }) => arm))]
  return arms.map((arm) => {
    const asked = input.rows.filter((row) => row.arm === arm)
    const rows = asked.filter(({ golden }) => !heldOut.has(golden.id))
    const metrics = aggregate(rows)
    const { baseline } = input
    const before = findArm(baseline, arm)
    if (baseline === null || before === undefined) {
      return { arm, rows, metrics, flips: [], compared: null }
    }
    const cases = matchCases({
      ...input,
      rows,
      baseline: before,
      heldOut,
      asked: [...groupByCase(asked).keys()],
    })
    const changes = pairChanges(cases.pairs)
    return {
      arm,
      rows,
      metrics: addBaseline(metrics, changes),
      flips: flipsOf(arm, { input, baseline, cases }),
      compared: { arm, cases, changes },
    }
  })
}

function findArm(baseline: Baseline | null, arm: string): BaselineArm | undefined {
  if (baseline === null || !Object.hasOwn(baseline.arms, arm)) return undefined
  return baseline.arms[arm]
}

interface FlipsOfArm {
  readonly input: CompareInput
  readonly baseline: Baseline
  readonly cases: ComparableCases
}

function flipsOf(arm: string, { input, baseline, cases }: FlipsOfArm): readonly FoundFlip[] {
  const regenerated = (input.regenerated ?? []).filter((each) => each.arm === arm)
  return findFlips({
    arm,
    pairs: cases.pairs,
    newer: input.newer ?? new Set(),
    sameChatModel: input.isSameChatModel(arm),
    articles: { before: new Map(Object.entries(baseline.articles)), now: input.articles },
    regenerated: new Map(regenerated.map((each) => [each.caseId, each])),
  })
}

function addBaseline(
  metrics: Readonly<Record<string, MetricValue>>,
  changes: Readonly<Record<string, PairedChange>>,
): Record<string, MetricValue> {
  const [correct, refused] = [changes['correct'], changes['refusal-recall']]
  const halves = [correct?.baseline ?? null, refused?.baseline ?? null]
  const [a, b] = halves.filter((half) => half !== null)
  const balanced = a === undefined || b === undefined ? null : (a + b) / 2
  return Object.fromEntries(
    Object.entries(metrics).map(([name, value]) => {
      const baseline = name === 'balanced' ? balanced : (changes[name]?.baseline ?? null)
      return [name, { ...value, baseline, p: changes[name]?.p ?? null }]
    }),
  )
}

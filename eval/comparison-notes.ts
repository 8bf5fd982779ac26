import type { BaselineArm } from './baseline.ts'
import type { ComparableCases } from './comparable-cases.ts'
import { isAnswerable } from './golden-case.ts'
import { detectableChange } from './power.ts'
import type { EvaluatedCase } from './report.ts'

// What a reader of the figures should know beside them.

interface DescribeInput {
  /** Of one arm. */
  readonly rows: readonly EvaluatedCase[]
  /** Null where the baseline does not have the arm. */
  readonly cases: ComparableCases | null
  readonly hasBaseline: boolean
  /** Of the baseline's arm, where it was measured. */
  readonly noise: BaselineArm['noise']
}

/** Of one arm, a sentence each. */
export function describeComparison({
  rows,
  cases,
  hasBaseline,
  noise,
}: DescribeInput): readonly string[] {
  const errors = describeErrors(rows)
  if (cases === null) {
    const why = hasBaseline ? 'The baseline does not have this arm' : 'There is no baseline yet'
    return [
      `${why}, so nothing is compared; “footnote eval bless” would keep these figures.`,
      ...errors,
    ]
  }
  return [
    ...errors,
    ...list(cases.added, 'New since the baseline, so not compared'),
    ...list(cases.removed, 'In the baseline and no longer in the set'),
    ...list(cases.reworded, 'Reworded since the baseline, so not compared'),
    ...list(cases.otherEvidence, 'With other evidence than at the baseline, so not compared'),
    ...describePower(cases),
    ...describeNoise(noise),
  ]
}

function describeErrors(rows: readonly EvaluatedCase[]): readonly string[] {
  const failed = rows.filter(({ scores }) => scores === null).length
  return failed === 0
    ? []
    : [`${failed} of ${rows.length} answers ended in an error and count as wrong.`]
}

const LISTED = 10

function list(ids: readonly string[], what: string): readonly string[] {
  if (ids.length === 0) return []
  const more = ids.length > LISTED ? ` and ${ids.length - LISTED} more` : ''
  return [`${what}: ${ids.slice(0, LISTED).join(', ')}${more}.`]
}

/** As evaluation.md reckons: about so many cases flip between two versions that differ. */
const FLIP_RATE = 0.15
const POWER = 0.8

/** Each outcome is tested over its own cases. */
function describePower({ pairs }: ComparableCases): readonly string[] {
  const answerable = pairs.filter(({ golden }) => isAnswerable(golden)).length
  return [
    ...describeDetectable('correct', answerable),
    ...describeDetectable('refusal-recall', pairs.length - answerable),
  ]
}

function describeDetectable(metric: string, cases: number): readonly string[] {
  if (cases === 0) return []
  const change = detectableChange({ cases, flipRate: FLIP_RATE, power: POWER })
  if (change === null) return [`${metric}: ${cases} compared cases are too few to show any change.`]
  const points = (change * 100).toFixed(1)
  return [
    `${metric}: with ${cases} compared cases, of which 15 % flip, a change of ${points} points is found 8 times out of 10.`,
  ]
}

function describeNoise(noise: BaselineArm['noise']): readonly string[] {
  if (noise === null) return []
  const share = (value: number) => `${(value * 100).toFixed(1)} %`
  return [
    `Two runs of the same code differed in the search of ${share(noise.retrieval)} and in the outcome of ${share(noise.answers)} of ${noise.cases} cases.`,
  ]
}

interface ArmNotes {
  readonly arm: string
  readonly notes: readonly string[]
}

/** A note that all arms share is said once, and any other with the arms that it is about. */
export function mergeNotes(arms: readonly ArmNotes[]): readonly string[] {
  const all = [...new Set(arms.flatMap(({ notes }) => notes))]
  return all.map((note) => {
    const names = arms.filter(({ notes }) => notes.includes(note)).map(({ arm }) => arm)
    return names.length === arms.length ? note : `${names.join(', ')}: ${note}`
  })
}

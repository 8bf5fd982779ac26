import type { ComparableCases } from './comparable-cases.ts'
import { detectableChange } from './power.ts'
import type { EvaluatedCase } from './report.ts'

// What a reader of the figures should know beside them.

interface DescribeInput {
  /** Of one arm. */
  readonly rows: readonly EvaluatedCase[]
  /** Null where the baseline does not have the arm. */
  readonly cases: ComparableCases | null
  readonly hasBaseline: boolean
}

/** Of one arm, a sentence each. */
export function describeComparison({ rows, cases, hasBaseline }: DescribeInput): readonly string[] {
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
    ...describePower(cases.pairs.length),
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

function describePower(cases: number): readonly string[] {
  const change = detectableChange({ cases, flipRate: FLIP_RATE, power: POWER })
  if (change === null) return [`${cases} compared cases are too few to show any change.`]
  const points = (change * 100).toFixed(1)
  return [
    `With ${cases} compared cases, of which 15 % flip, a change of ${points} points is found 8 times out of 10.`,
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

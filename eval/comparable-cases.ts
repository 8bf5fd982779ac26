import type { BaselineArm, BaselineCase } from './baseline.ts'
import { valuesOf, type CaseValues } from './case-values.ts'
import { ownHash } from './check-set.ts'
import type { GoldenCase } from './golden-case.ts'
import { groupByCase } from './metrics.ts'
import type { EvaluatedCase } from './report.ts'

/** A case that is the same now as at the baseline. */
export interface ComparableCase {
  readonly golden: GoldenCase
  readonly before: BaselineCase
  /** Its repetitions. */
  readonly rows: readonly EvaluatedCase[]
  readonly values: CaseValues
}

export interface ComparableCases {
  readonly pairs: readonly ComparableCase[]
  /** How many of the baseline's cases the run was asked to repeat. */
  readonly expected: number
  /** Ids of cases that are not compared, and why. */
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly reworded: readonly string[]
  readonly otherEvidence: readonly string[]
}

interface MatchInput {
  /** Of one arm, without the cases that are held out. */
  readonly rows: readonly EvaluatedCase[]
  readonly baseline: BaselineArm
  /** Of every case of the set, whether it was run or not. */
  readonly hashes: ReadonlyMap<string, string>
  /** Guid → hash of the text, of the library's articles. */
  readonly articles: ReadonlyMap<string, string>
  readonly heldOut: ReadonlySet<string>
  /** Ids of the cases that the run asked in this arm, those that are held out among them. */
  readonly asked: readonly string[]
}

type Likeness = 'same' | 'added' | 'reworded' | 'otherEvidence'

/** Finds each case's like in the baseline; a case is its words and its evidence sentences (its hash). */
export function matchCases(input: MatchInput): ComparableCases {
  const cases = [...groupByCase(input.rows)].flatMap(([id, rows]) => {
    const golden = rows[0]?.golden
    return golden === undefined ? [] : [{ id, rows, golden, like: likenessOf(golden, input) }]
  })
  const idsOf = (like: Likeness) => cases.filter((each) => each.like === like).map(({ id }) => id)
  const removed = findRemoved(input)
  return {
    pairs: cases.flatMap(({ id, rows, golden, like }) => {
      const before = input.baseline.cases[id]
      return like === 'same' && before !== undefined
        ? [{ golden, before, rows, values: valuesOf(rows) }]
        : []
    }),
    expected:
      cases.filter(({ like }) => like !== 'added').length +
      countHeldOut(input) +
      (ranWholeSet(input) ? removed.length : 0),
    added: idsOf('added'),
    removed,
    reworded: idsOf('reworded'),
    otherEvidence: idsOf('otherEvidence'),
  }
}

/** They were to be compared, and cannot be: with too many of them a run says nothing. */
function countHeldOut({ asked, baseline, heldOut }: MatchInput): number {
  return asked.filter((id) => heldOut.has(id) && Object.hasOwn(baseline.cases, id)).length
}

function likenessOf({ id, articles: gold }: GoldenCase, input: MatchInput): Likeness {
  if (!Object.hasOwn(input.baseline.cases, id)) return 'added'
  const before = input.baseline.cases[id]?.hash ?? ''
  const now = input.hashes.get(id) ?? ''
  if (before === now) return 'same'
  if (ownHash(before) !== ownHash(now)) return 'reworded'
  // Its evidence left with its article: that it can no longer be answered is what a run is to find.
  const hasLeft = gold.some((guid) => !input.articles.has(guid))
  return hasLeft ? 'same' : 'otherEvidence'
}

function findRemoved({ baseline, hashes }: MatchInput): readonly string[] {
  return Object.keys(baseline.cases).filter((id) => !hashes.has(id))
}

/** Of a part of the set, nobody can tell whether a removed case would have belonged to it. */
function ranWholeSet({ rows, hashes, heldOut }: MatchInput): boolean {
  const ran = new Set(rows.map(({ golden }) => golden.id))
  return [...hashes.keys()].every((id) => ran.has(id) || heldOut.has(id))
}

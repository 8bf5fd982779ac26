import {
  blame,
  blameSearch,
  needsRegeneration,
  type Blame,
  type BlameInput,
  type Regenerated,
} from './blame.ts'
import { isRight, valuesOf, type CaseValues } from './case-values.ts'
import type { ComparableCase } from './comparable-cases.ts'
import type { GoldenCase } from './golden-case.ts'
import type { EvaluatedCase, Flip } from './report.ts'

export interface FlipsInput {
  readonly arm: string
  readonly pairs: readonly ComparableCase[]
  readonly sameChatModel: boolean
  /** Guids of the articles that came later than the baseline. */
  readonly newer: ReadonlySet<string>
  /** Guid → hash of the text, at the baseline and now. */
  readonly articles: {
    readonly before: ReadonlyMap<string, string>
    readonly now: ReadonlyMap<string, string>
  }
  /** By case id, where the baseline's prompt was generated again. */
  readonly regenerated: ReadonlyMap<string, Regenerated>
}

export interface FoundFlip {
  readonly flip: Flip
  /** Its stage is known only when the baseline's prompt has been generated again. */
  readonly needsRegeneration: boolean
}

const WEIGHT: readonly Flip['of'][] = ['answer', 'evidence', 'rank']

/** The cases whose outcome or whose evidence is another than at the baseline, the gravest first. */
export function findFlips(input: FlipsInput): readonly FoundFlip[] {
  const flips = input.pairs.flatMap((pair) => findFlip(pair, input) ?? [])
  const weigh = ({ flip }: FoundFlip) =>
    2 * WEIGHT.indexOf(flip.of) + (flip.direction === 'fixed' ? 1 : 0)
  return flips.toSorted((a, b) => weigh(a) - weigh(b))
}

function findFlip(pair: ComparableCase, input: FlipsInput): FoundFlip | null {
  const change = findChange(pair)
  if (change === null) return null
  const flip = {
    caseId: pair.golden.id,
    arm: input.arm,
    of: change.of,
    direction: change.direction,
  }
  const row = pair.rows.find(change.isLike)
  if (row?.stages == null) {
    return { flip: { ...flip, ...blameError(pair.rows) }, needsRegeneration: false }
  }
  const regenerated = input.regenerated.get(pair.golden.id)
  const blameInput: BlameInput = {
    before: pair.before.stages,
    after: row.stages,
    context: {
      direction: change.direction,
      ...compareArticles(pair.golden, input.articles),
      newcomers: findNewcomers(row, input.newer),
      sameChatModel: input.sameChatModel,
      threshold: row.answer?.threshold ?? null,
      ...(regenerated === undefined ? {} : { regenerated }),
    },
  }
  return {
    flip: { ...flip, ...(change.of === 'answer' ? blame(blameInput) : blameSearch(blameInput)) },
    needsRegeneration: change.of === 'answer' && needsRegeneration(blameInput),
  }
}

interface Change extends Pick<Flip, 'of' | 'direction'> {
  /** A repetition that shows it. */
  readonly isLike: (row: EvaluatedCase) => boolean
}

/** An answer may stay right by luck when its evidence is lost, and a search must be seen to break. */
function findChange(pair: ComparableCase): Change | null {
  const [was, is] = [isRight(pair.before.values), isRight(pair.values)]
  if (was !== null && is !== null && was !== is) {
    const isLike = ({ scores }: EvaluatedCase) => scores?.correct === is
    return { of: 'answer', direction: is ? 'fixed' : 'broken', isLike }
  }
  return findSearchChange(pair)
}

function findSearchChange({ before, values, rows }: ComparableCase): Change | null {
  // An error has found nothing either, and is told of where the outcome is.
  const found = rows.some(isError) ? valuesOf(rows.filter((row) => !isError(row))) : values
  for (const [of, metric] of SEARCH_CHANGES) {
    const [had, has] = [holds(before.values[metric]), holds(found[metric])]
    if (had === null || has === null || had === has) continue
    return { of, direction: has ? 'fixed' : 'broken', isLike: (row) => !isError(row) }
  }
  return null
}

const SEARCH_CHANGES = [
  ['evidence', 'evidence@context'],
  ['rank', 'hit@1'],
] as const

function holds(value: CaseValues[string] | undefined): boolean | null {
  return value === undefined ? null : 2 * value[0] > value[1]
}

function isError({ stages }: EvaluatedCase): boolean {
  return stages === null
}

function blameError(rows: readonly EvaluatedCase[]): Blame {
  const error = rows.map((row) => row.error).find((each) => each !== null)
  return { stage: 'unclear', explanation: `It ended in an error: ${error ?? 'there is no answer'}` }
}

function findNewcomers({ answer }: EvaluatedCase, newer: ReadonlySet<string>): readonly string[] {
  const guids = (answer?.passages ?? []).map(({ guid }) => guid)
  return [...new Set(guids)].filter((guid) => newer.has(guid))
}

/** An article that the baseline did not know counts as one with another text. */
function compareArticles({ articles: gold }: GoldenCase, { before, now }: FlipsInput['articles']) {
  return {
    missing: gold.filter((guid) => !now.has(guid)),
    changed: gold.filter((guid) => now.has(guid) && now.get(guid) !== before.get(guid)),
  }
}

import { blame, needsRegeneration, type Blame, type BlameInput, type Regenerated } from './blame.ts'
import { isRight } from './case-values.ts'
import type { ComparableCase } from './comparable-cases.ts'
import type { GoldenCase } from './golden-case.ts'
import type { EvaluatedCase, Flip } from './report.ts'

export interface FlipsInput {
  readonly arm: string
  readonly pairs: readonly ComparableCase[]
  readonly sameChatModel: boolean
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

/** The cases whose outcome is another than at the baseline, the broken ones first. */
export function findFlips(input: FlipsInput): readonly FoundFlip[] {
  const flips = input.pairs.flatMap((pair) => findFlip(pair, input) ?? [])
  const isBroken = ({ flip }: FoundFlip) => flip.direction === 'broken'
  return [...flips.filter(isBroken), ...flips.filter((flip) => !isBroken(flip))]
}

function findFlip(pair: ComparableCase, input: FlipsInput): FoundFlip | null {
  const [was, is] = [isRight(pair.before.values), isRight(pair.values)]
  if (was === null || is === null || was === is) return null
  const direction = is ? 'fixed' : 'broken'
  const flip = { caseId: pair.golden.id, arm: input.arm, direction } as const
  const row = pair.rows.find(({ scores }) => scores?.correct === is)
  if (row?.stages == null) {
    return { flip: { ...flip, ...blameError(pair.rows) }, needsRegeneration: false }
  }
  const regenerated = input.regenerated.get(pair.golden.id)
  const blameInput: BlameInput = {
    before: pair.before.stages,
    after: row.stages,
    context: {
      direction,
      ...compareArticles(pair.golden, input.articles),
      sameChatModel: input.sameChatModel,
      threshold: row.answer?.threshold ?? null,
      ...(regenerated === undefined ? {} : { regenerated }),
    },
  }
  return {
    flip: { ...flip, ...blame(blameInput) },
    needsRegeneration: needsRegeneration(blameInput),
  }
}

function blameError(rows: readonly EvaluatedCase[]): Blame {
  const error = rows.map((row) => row.error).find((each) => each !== null)
  return { stage: 'unclear', explanation: `It ended in an error: ${error ?? 'there is no answer'}` }
}

/** An article that the baseline did not know counts as one with another text. */
function compareArticles({ articles: gold }: GoldenCase, { before, now }: FlipsInput['articles']) {
  return {
    missing: gold.filter((guid) => !now.has(guid)),
    changed: gold.filter((guid) => now.has(guid) && now.get(guid) !== before.get(guid)),
  }
}

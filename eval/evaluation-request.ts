import { z } from 'zod'
import { AppError } from '../src/errors.ts'
import { ARMS } from './arms.ts'
import { CASE_KINDS, SPLITS, type GoldenCase } from './golden-case.ts'
import { seededShuffle } from './seeded-random.ts'

const name = z.string().regex(/^[\w.-]{1,200}$/, 'must be a name of letters, digits and hyphens')

const FILTER = /^(kind|tag|article|id)=(.+)$/

/** What is asked of an evaluation; api.md has it. */
export const evaluationRequest = z.strictObject({
  /** Unset: the set whose articles are in the library. */
  set: name.optional(),
  arms: z.array(z.enum(ARMS)).min(1).optional(),
  split: z.enum(SPLITS).optional(),
  filter: z
    .string()
    .regex(FILTER, `must be kind=, tag=, article= or id=, such as kind=${CASE_KINDS[5]}`)
    .optional(),
  limit: z.int().min(1).max(1_000_000).optional(),
  repeat: z.int().min(1).max(20).optional(),
  /** A run to go on with. */
  resume: name.optional(),
  /** A run whose failures are asked again. */
  onlyFailing: name.optional(),
  /** Another Footnote, or an OpenAI-compatible server. */
  target: z.url({ protocol: /^https?$/ }).optional(),
  /** A baseline's file, instead of the set's own. */
  baseline: z.string().startsWith('/', 'must be an absolute path').optional(),
  /** Checks the set and tells what would be asked. */
  dryRun: z.boolean().optional(),
})

export type EvaluationRequest = Readonly<z.output<typeof evaluationRequest>>

type Selection = Pick<EvaluationRequest, 'target' | 'split' | 'filter' | 'limit' | 'onlyFailing'>

/** Of this service, over a whole set or one half of it. */
export function isUnselected({ target, filter, limit, onlyFailing }: Selection): boolean {
  return [target, filter, limit, onlyFailing].every((part) => part === undefined)
}

/** Of this service, over a whole set. */
export function isWholeRun(request: Selection): boolean {
  return isUnselected(request) && request.split === undefined
}

/** The cases of a set that a request is about, in the set's order. */
export function selectCases(
  cases: readonly GoldenCase[],
  { split, filter, limit }: Pick<EvaluationRequest, 'split' | 'filter' | 'limit'>,
): readonly GoldenCase[] {
  const matching = cases.filter(
    (golden) =>
      (split === undefined || golden.split === split) &&
      (filter === undefined || matches(golden, filter)),
  )
  const selected = limit === undefined ? matching : spread(matching, limit)
  if (selected.length > 0) return selected
  throw new AppError('invalid-request', `No case of the set fits ${filter ?? split ?? 'this'}.`)
}

function matches(golden: GoldenCase, filter: string): boolean {
  const [, field, value = ''] = FILTER.exec(filter) ?? []
  if (field === 'kind') return golden.kind === value
  if (field === 'tag') return golden.tags?.includes(value) === true
  if (field === 'article') return golden.articles.includes(value)
  return golden.id === value
}

/**
 * A sample, the same every time, in the set's order. Drawn and not counted off: sets are written in turns,
 * and every seventh case may be of one kind.
 */
function spread<T>(items: readonly T[], count: number): readonly T[] {
  if (count >= items.length) return items
  const drawn = new Set(seededShuffle(items, SAMPLE_SEED).slice(0, count))
  return items.filter((item) => drawn.has(item))
}

const SAMPLE_SEED = 0

import { z } from 'zod'
import type { Queryable } from '../src/db/database.ts'
import { AppError } from '../src/errors.ts'
import { listGuidsSince } from '../src/store/library-texts.ts'
import type { Baseline } from './baseline.ts'
import { evidenceOf, type ArmName } from './arms.ts'
import { checkSet } from './check-set.ts'
import { selectCases, type EvaluationRequest } from './evaluation-request.ts'
import { isAnswerable, type GoldenCase } from './golden-case.ts'
import { invalidSet, type GoldenSet } from './golden-set.ts'
import { hideEvidence, toHidden } from './hide-evidence.ts'
import { articleTexts, type Library } from './library.ts'
import type { HeldOut } from './report.ts'

/** What a run asks, and what was known of its set when it began: plain JSON, kept with the run. */
export interface RunPlan {
  readonly arms: readonly ArmName[]
  readonly repeat: number
  readonly cases: readonly GoldenCase[]
  /** Ids of the cases that may stand without their evidence. */
  readonly hidden: readonly string[]
  /** Case id → hash of the case and its evidence sentences. */
  readonly hashes: Readonly<Record<string, string>>
  /** Whose evidence has changed since the set was written. */
  readonly heldOut: readonly HeldOut[]
  /** Guids of the set's articles that the library lacks. */
  readonly missing: readonly string[]
  /** Guid → hash of its text, of the set's articles that are there. */
  readonly articles: Readonly<Record<string, string>>
  /** Guids of the articles that came later than what the cases were last held against. */
  readonly newer: readonly string[]
  readonly floors: Readonly<Record<string, Readonly<Record<string, number>>>> | null
  /** Keys of citations that people found to support their statement. */
  readonly labelled: readonly string[]
  /** Whether there is anything to compare with. */
  readonly hasBaseline: boolean
}

/** Of a run that could not even be planned. */
export const NO_PLAN: RunPlan = {
  arms: [],
  repeat: 1,
  cases: [],
  hidden: [],
  hashes: {},
  heldOut: [],
  missing: [],
  articles: {},
  newer: [],
  floors: null,
  labelled: [],
  hasBaseline: false,
}

/** The set of the cases that were kept from reviews; no folder has its name. */
export const REVIEWED_SET = 'reviews'

/** The rows of the judge's own trial stand under this name, beside the arms'. */
export const JUDGE_ARM = 'judge'
/** The same trial in every run. */
export const JUDGE_SEED = 0

/** One question to be asked. */
export interface Task {
  readonly arm: ArmName
  readonly golden: GoldenCase
  readonly repetition: number
}

interface PlanOptions {
  readonly set: GoldenSet
  /** Ids of the cases that may be asked; null: all. */
  readonly only: ReadonlySet<string> | null
  /** What came later may answer what had no answer; null where nothing is known of a time. */
  readonly newerThan: Date | null
  readonly baseline: Baseline | null
  readonly request: EvaluationRequest
  readonly arms: readonly ArmName[]
  readonly library: Library
  readonly labelled: readonly string[]
  readonly db: Queryable
}

/** Checks the set against the library and says what is to be asked; throws where it must not be run. */
export async function planRun(options: PlanOptions): Promise<RunPlan> {
  const { set, library, request, arms, baseline } = options
  const check = checkSet(set, library)
  if (check.faults.length > 0) throw invalidSet(set.name, check.faults)
  requireArticles(set, { missing: check.missing, baseline })
  const { only } = options
  const asked = only === null ? set.cases : set.cases.filter(({ id }) => only.has(id))
  const cases = selectCases(asked, request)
  return {
    arms,
    repeat: request.repeat ?? 1,
    cases,
    hidden: arms.includes('hidden-evidence') ? await findHidden(cases, options) : [],
    hashes: Object.fromEntries(check.hashes),
    heldOut: [...check.heldOut, ...holdOutGone(set, check.missing)],
    missing: check.missing,
    articles: Object.fromEntries([...library].map(([guid, { hash }]) => [guid, hash])),
    newer: await findNewer(options),
    floors: set.floors ?? null,
    labelled: options.labelled,
    hasBaseline: baseline !== null,
  }
}

/**
 * An article that has gone since the baseline is a regression to be found, and not a fault of the set;
 * a library that has hardly any of them is another library. Reviewed cases speak of whatever was asked
 * about, and those whose articles are gone are held out.
 */
function requireArticles(
  { name, feed, articles }: GoldenSet,
  { missing, baseline }: Missing,
): void {
  const count = Object.keys(articles).length
  const isOther = missing.length > 0 && missing.length >= count / 2
  if (name === REVIEWED_SET || (!isOther && (missing.length === 0 || baseline !== null))) return
  throw new AppError(
    'invalid-request',
    `The library lacks ${missing.length} of the ${count} articles that the set ${name} speaks of ` +
      `(${feed}), such as ${missing[0] ?? ''}. Add their feed with "footnote feeds add", or name another set.`,
  )
}

interface Missing {
  readonly missing: readonly string[]
  readonly baseline: Baseline | null
}

function holdOutGone({ name, cases }: GoldenSet, missing: readonly string[]): readonly HeldOut[] {
  if (name !== REVIEWED_SET) return []
  return cases.flatMap(({ id, articles }) => {
    const gone = articles.find((guid) => missing.includes(guid))
    return gone === undefined ? [] : [{ caseId: id, why: `${gone} is no longer in the library` }]
  })
}

async function findNewer({
  db,
  set,
  baseline,
  newerThan,
}: PlanOptions): Promise<readonly string[]> {
  if (newerThan === null) return []
  const known = { ...baseline?.articles, ...set.articles }
  const since = await listGuidsSince(db, newerThan)
  return since.filter((guid) => !Object.hasOwn(known, guid))
}

async function findHidden(
  cases: readonly GoldenCase[],
  { library, db }: PlanOptions,
): Promise<readonly string[]> {
  const hidden = new Map(
    cases.map((golden) => [golden.id, evidenceOf(golden, library).map(({ text }) => text)]),
  )
  return hideEvidence(cases, { hidden, articles: articleTexts(db, null) })
}

/** Every question of the plan, arm by arm, in an order that is always the same. */
export function tasksOf({ arms, cases, hidden, repeat }: RunPlan): readonly Task[] {
  const repetitions = Array.from({ length: repeat }, (_, at) => at + 1)
  return repetitions.flatMap((repetition) =>
    arms.flatMap((arm) =>
      casesOf(arm, { cases, hidden }).map((golden) => ({ arm, golden, repetition })),
    ),
  )
}

/** As an arm asks them: without their evidence, answerable cases are near misses. */
export function casesOf(
  arm: string,
  { cases, hidden }: Pick<RunPlan, 'cases' | 'hidden'>,
): readonly GoldenCase[] {
  if (arm === 'hidden-evidence') {
    const admitted = new Set(hidden)
    return cases.filter(({ id }) => admitted.has(id)).map(toHidden)
  }
  return arm === 'gold-evidence' ? cases.filter(isAnswerable) : cases
}

export function taskKey({ arm, repetition, caseId }: TaskName): string {
  return `${arm} ${caseId} ${repetition}`
}

interface TaskName {
  readonly arm: string
  readonly repetition: number
  readonly caseId: string
}

/** Written by this code alone, so only its outline is checked. */
export function parsePlan(value: unknown): RunPlan {
  const { success } = planOutline.safeParse(value)
  if (success) return value as RunPlan
  throw new AppError('internal', 'A run’s plan cannot be read.')
}

const planOutline = z.looseObject({
  arms: z.array(z.string()),
  cases: z.array(z.looseObject({ id: z.string() })),
  hashes: z.record(z.string(), z.string()),
})

import { AppError } from '../src/errors.ts'
import type { Database } from '../src/db/database.ts'
import { loadCorpus } from '../src/store/corpus.ts'
import { listKeptCases, type KeptCase } from '../src/store/kept-cases.ts'
import { listGuids } from '../src/store/library-texts.ts'
import { listEvaluationRows, loadEvaluation } from '../src/store/evaluations.ts'
import { needsChat, type ArmName } from './arms.ts'
import type { Baseline } from './baseline.ts'
import { citationKey } from './answer-metrics.ts'
import type { EvaluationRequest } from './evaluation-request.ts'
import { takeFingerprints, type Fingerprints } from './fingerprints.ts'
import { goldenCase, type GoldenCase } from './golden-case.ts'
import { invalidSet, type GoldenSet } from './golden-set.ts'
import { refuseQuery, withoutKey } from './http-target.ts'
import { toJudgeChecks } from './judge-check.ts'
import { findSentences, loadLibrary, type Library } from './library.ts'
import { JUDGE_ARM, JUDGE_SEED, planRun, REVIEWED_SET, tasksOf, type RunPlan } from './run-plan.ts'
import { rowResult } from './row-result.ts'
import { listSetArticles, listSets, loadBaseline, loadSet } from './set-folder.ts'

export interface RunContext {
  readonly database: Database
  /** Whether a chat model is configured; without one the service's answers are extracts. */
  readonly hasChat: boolean
  /** The judge's name; null where none is configured. */
  readonly judgeModel: string | null
  readonly configuration: () => Promise<Fingerprints>
}

export interface PreparedRun {
  readonly setName: string
  readonly request: EvaluationRequest
  readonly plan: RunPlan
  readonly fingerprints: Fingerprints
  readonly corpusRevision: number
  readonly total: number
}

/** Everything that can be wrong with a run is found here, before anything is asked. */
export async function prepareRun(
  request: EvaluationRequest,
  context: RunContext,
): Promise<PreparedRun> {
  if (request.target !== undefined) refuseQuery(request.target)
  const db = context.database.pool
  const setName = request.set ?? (await chooseSet(context))
  const set = await loadCases(setName, context)
  const baseline = await loadComparable(set, request)
  const arms = chooseArms(request, context)
  const library = await loadLibrary(db, guidsOf(set))
  const plan = await planRun({
    set,
    only: await findFailing(set, { request, context }),
    baseline,
    newerThan: set.keptAt ?? (baseline === null ? null : new Date(baseline.blessed.at)),
    request,
    arms,
    library,
    labelled: keysOfLabelled(set, library),
    db,
  })
  const fingerprints = await takeFingerprints({
    db,
    plan,
    configuration: await context.configuration(),
    asksChat: request.target === undefined && arms.some(needsChat),
  })
  const target = request.target === undefined ? {} : { target: withoutKey(request.target) }
  return {
    setName,
    request: { ...request, arms: [...arms], ...target },
    plan,
    fingerprints: { ...fingerprints, ...target },
    corpusRevision: (await loadCorpus(db)).revision,
    total: tasksOf(plan).length + countChecks(plan, context),
  }
}

function countChecks({ cases }: RunPlan, { judgeModel }: RunContext): number {
  return judgeModel === null ? 0 : toJudgeChecks(cases, { seed: JUDGE_SEED }).length
}

/** The sets whose articles, or most of them, are in the library. */
export async function findSetsInLibrary({ database }: RunContext): Promise<readonly string[]> {
  const guids = new Set((await listGuids(database.pool)).values())
  const names: string[] = []
  for (const name of await listSets()) {
    // A set with a fault is told of when it is run, and must not keep the others from it.
    const wanted = await listSetArticles(name)
    if (wanted.filter((guid) => guids.has(guid)).length > wanted.length / 2) names.push(name)
  }
  return names
}

async function chooseSet(context: RunContext): Promise<string> {
  const found = await findSetsInLibrary(context)
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  const known = (await listSets()).join(', ')
  throw new AppError(
    'invalid-request',
    only === undefined
      ? `No golden set speaks of the library’s articles. Add the feed of one of ${known}, or write a set of your own (golden-set/README.md).`
      : `Name one of the sets ${found.join(', ')}: the library has the articles of each.`,
  )
}

interface LoadedSet extends GoldenSet {
  /** Of cases kept from reviews: when the last of them was. */
  readonly keptAt?: Date
}

async function loadCases(name: string, { database }: RunContext): Promise<LoadedSet> {
  if (name !== REVIEWED_SET) return loadSet(name)
  const kept = await listKeptCases(database.pool, { after: null, limit: null })
  const last = kept.at(-1)
  if (last === undefined) {
    throw new AppError('not-found', 'No case has been kept from a review yet.')
  }
  // The texts as they were then are not known.
  const cases = parseKept(name, kept)
  return { name, feed: 'what was asked and reviewed', articles: {}, cases, keptAt: last.createdAt }
}

/** They were checked when they were kept, perhaps by an older version of the code. */
function parseKept(name: string, kept: readonly KeptCase[]): readonly GoldenCase[] {
  const parsed = kept.map(({ id, body }) => ({ id, ...goldenCase.safeParse(body) }))
  const faults = parsed.flatMap(({ id, error }) =>
    (error?.issues ?? []).map(({ path, message }) => ({
      path: `the kept case ${id}`,
      message: `${path.join('.')}: ${message}`,
    })),
  )
  if (faults.length > 0) throw invalidSet(name, faults)
  return parsed.flatMap(({ data }) => data ?? [])
}

async function loadComparable(
  { name }: GoldenSet,
  { baseline, target }: EvaluationRequest,
): Promise<Baseline | null> {
  if (baseline !== undefined) {
    const loaded = await loadBaseline(baseline)
    if (loaded === null) throw new AppError('not-found', `There is no baseline at ${baseline}.`)
    if (loaded.set === name) return loaded
    throw new AppError(
      'invalid-request',
      `${baseline} is the baseline of the set ${loaded.set}, and not of ${name}.`,
    )
  }
  // The set's own baseline is of this service: another system is compared only where it is asked for.
  if (name === REVIEWED_SET || target !== undefined) return null
  return loadBaseline(name)
}

function chooseArms(
  { arms, target }: EvaluationRequest,
  { hasChat, database }: RunContext,
): readonly ArmName[] {
  const usual: ArmName = hasChat || target !== undefined ? 'system' : 'extracted'
  const asked = [...new Set(arms ?? [usual])]
  if (target !== undefined) {
    const other = asked.find((arm) => arm !== 'system')
    if (other === undefined) return asked
    throw new AppError(
      'invalid-request',
      `The arm ${other} replaces a part of this service, and ${withoutKey(target)} is asked from outside: leave --arm away.`,
    )
  }
  const impossible = hasChat ? undefined : asked.find(needsChat)
  if (impossible === undefined) return requireServer(asked, database)
  throw new AppError(
    'invalid-request',
    `The arm ${impossible} asks the chat model, and CHAT_MODEL=none. Set one, or name --arm extracted.`,
  )
}

function requireServer(arms: readonly ArmName[], { engine }: Database): readonly ArmName[] {
  if (!arms.includes('langchain') || engine === 'server') return arms
  throw new AppError(
    'invalid-request',
    'The langchain arm needs a Postgres server: set DATABASE_URL.',
  )
}

function guidsOf({ articles, cases }: GoldenSet): readonly string[] {
  return [...new Set([...Object.keys(articles), ...cases.flatMap((golden) => golden.articles)])]
}

interface Narrowing {
  readonly request: EvaluationRequest
  readonly context: RunContext
}

/** Ids of the cases that another run got wrong; null where all are asked. */
async function findFailing(
  { name }: GoldenSet,
  { request, context }: Narrowing,
): Promise<ReadonlySet<string> | null> {
  const { onlyFailing } = request
  if (onlyFailing === undefined) return null
  const db = context.database.pool
  const run = await loadEvaluation(db, onlyFailing)
  if (run === undefined) throw new AppError('not-found', `There is no run ${onlyFailing}.`)
  const failing = (await listEvaluationRows(db, onlyFailing))
    .filter(({ arm, result }) => arm !== JUDGE_ARM && !isCorrect(result))
    .map(({ caseId }) => caseId)
  if (run.setName === name && failing.length > 0) return new Set(failing)
  throw new AppError('invalid-request', `No case of ${name} failed in the run ${onlyFailing}.`)
}

function isCorrect(result: unknown): boolean {
  return rowResult.safeParse(result).data?.scores.correct === true
}

/** The citations that people found to support what rests on them. */
function keysOfLabelled({ labelled }: GoldenSet, library: Library): readonly string[] {
  return (labelled ?? [])
    .filter(({ supports }) => supports)
    .flatMap(({ caseId, article, quote }) => {
      const held = library.get(article)
      const found = held === undefined ? [] : findSentences(held, quote)
      return found.map(({ passage: { start, end } }) =>
        citationKey(caseId, { guid: article, start, end }),
      )
    })
}

import { randomUUID } from 'node:crypto'
import type { EvaluationRequest } from '../../eval/evaluation-request.ts'
import { needsChat } from '../../eval/arms.ts'
import { findDifferences } from '../../eval/fingerprints.ts'
import { finishRun, type FinishedRun } from '../../eval/finish-run.ts'
import { withoutKey } from '../../eval/http-target.ts'
import { openRunTarget, type RunParts } from '../../eval/open-run-target.ts'
import { prepareRun, type PreparedRun } from '../../eval/prepare-run.ts'
import { parsePlan } from '../../eval/run-plan.ts'
import { runSlice, type Judge } from '../../eval/run-slice.ts'
import type { Target } from '../../eval/target.ts'
import { transaction, type Queryable } from '../db/database.ts'
import { AppError } from '../errors.ts'
import { loadCorpus } from '../store/corpus.ts'
import {
  listLostRuns,
  nextSlice,
  reopenEvaluation,
  replanEvaluation,
  startEvaluation,
} from '../store/evaluation-turns.ts'
import {
  deleteFailedRows,
  endEvaluation,
  insertEvaluation,
  loadEvaluation,
  loadEvaluationSummary,
  type StoredEvaluation,
} from '../store/evaluations.ts'
import type { JobHandlers, JobQueue } from './queue.ts'
import { requireSpace } from './require-space.ts'

export interface EvaluationDependencies extends RunParts {
  readonly queue: JobQueue
  /** By run: the address that was named, with its key, which is kept nowhere else. */
  readonly addresses: Map<string, string>
  /** What judges a run's answers; null where no judge is configured. */
  readonly openJudge: () => Promise<OpenedJudge | null>
  /** Told of each run that has ended by itself. */
  readonly onEnded: (run: StoredEvaluation) => Promise<void>
}

export interface OpenedJudge {
  readonly judge: Judge
  close(): Promise<void>
}

interface RunData {
  readonly runId: string
  /** A run goes through many jobs; one that is not its latest is of an earlier turn. */
  readonly slice: number
}

/** Until another run has ended, a feed has been read, or the chat model is loaded. */
const WAIT_SECONDS = 2
/** Until a service that has what the run needs may have gone on with it. */
const PASS_ON_SECONDS = 30
/** A run of which no row ended for so long has nobody who goes on with it. */
const ABANDONED_MS = 5 * 60_000
/** A job's time is short (queue.ts); the next one goes on behind the last row. */
const SLICE_MS = 45_000

/** Finds everything that is wrong with the request, and has the run begin when the library stands still. */
export async function requestEvaluation(
  dependencies: EvaluationDependencies,
  request: EvaluationRequest,
  origin: StoredEvaluation['origin'] = 'asked',
): Promise<string> {
  const { database, queue } = dependencies
  const { resume, target } = request
  if (resume !== undefined) return resumeEvaluation(dependencies, { runId: resume, target })
  const prepared = await prepareRun(request, dependencies)
  const id = `run_${randomUUID()}`
  if (target !== undefined) dependencies.addresses.set(id, target)
  await transaction(database, async (client) => {
    await insertEvaluation(client, { ...prepared, id, origin })
    await queue.send('run-evaluation', { runId: id, slice: 0 }, { db: client })
  })
  queue.wake('run-evaluation')
  return id
}

interface Resumed {
  readonly runId: string
  /** The run's address, named again for its key. */
  readonly target: string | undefined
}

async function resumeEvaluation(
  dependencies: EvaluationDependencies,
  { runId, target }: Resumed,
): Promise<string> {
  const { database, queue } = dependencies
  const run = await loadEvaluation(database.pool, runId)
  if (run === undefined) throw new AppError('not-found', `There is no run ${runId}.`)
  if (run.state === 'done') {
    throw new AppError('conflict', `The run ${runId} is done: there is nothing left to ask.`)
  }
  if (run.state === 'waiting' || run.state === 'running') {
    await sendLostRuns(dependencies)
    return runId
  }
  const now = await prepareRun(toRequest(run), dependencies)
  refuseOther(run, now)
  if (target !== undefined) rememberAddress(dependencies, { run, target })
  await transaction(database, async (client) => {
    const slice = await reopenEvaluation(client, runId)
    if (slice === null) throw new AppError('conflict', `The run ${runId} is on already.`)
    await deleteFailedRows(client, runId)
    // The library's words are the same, but what stands beside them may have changed meanwhile.
    await replanEvaluation(client, runId, { ...run, corpusRevision: now.corpusRevision })
    await queue.send('run-evaluation', { runId, slice }, { db: client })
  })
  queue.wake('run-evaluation')
  return runId
}

/** Gives each run that has none its job: one whose last was given up while the database was away. */
export async function sendLostRuns({
  database,
  queue,
}: Pick<EvaluationDependencies, 'database' | 'queue'>): Promise<void> {
  await transaction(database, async (client) => {
    for (const runId of await listLostRuns(client)) await sendSlice(client, queue, runId)
  })
  queue.wake('run-evaluation')
}

function toRequest({ request, setName }: StoredEvaluation): EvaluationRequest {
  return { ...(request as EvaluationRequest), set: setName }
}

/** Half a run of one state and half of another would be neither's figures. */
function refuseOther(run: StoredEvaluation, now: PreparedRun): void {
  const names = findDifferences(run.fingerprints, now.fingerprints)
  if (names.length === 0) return
  throw new AppError(
    'conflict',
    `The run ${run.id} cannot go on: since it began, ${names.join(', ')} changed. Start it anew.`,
  )
}

/** Its key is kept nowhere, so a process that knows nothing of it is told again. */
function rememberAddress(
  { addresses }: EvaluationDependencies,
  { run, target }: { readonly run: StoredEvaluation; readonly target: string },
): void {
  const asked = (run.request as EvaluationRequest).target
  if (withoutKey(target) !== asked) {
    throw new AppError(
      'conflict',
      `The run ${run.id} asks ${asked ?? 'this service'}, and not ${withoutKey(target)}.`,
    )
  }
  addresses.set(run.id, target)
}

export function runEvaluationHandlers(dependencies: EvaluationDependencies): JobHandlers<RunData> {
  const targets = createTargets(dependencies)
  const running = new Set<string>()
  return {
    run: async ({ runId, slice }, signal) => {
      // A job that took longer than it may is given out again while it still goes on. One of the next turn
      // must not get lost behind it.
      if (running.has(runId)) return sendAgain(dependencies, { runId, slice }, WAIT_SECONDS)
      running.add(runId)
      try {
        await continueRun(dependencies, { runId, slice, targets, signal })
      } catch (error) {
        await targets.close()
        // The database's faults are the job's to repeat; whatever else is the run's end.
        if (!(error instanceof AppError) || error.code === 'database-unavailable') throw error
        signal.throwIfAborted()
        const { message, code } = error
        await end(dependencies, runId, { state: 'failed', error: message, errorCode: code })
      } finally {
        running.delete(runId)
      }
    },
    giveUp: async ({ runId, slice }, error) => {
      const run = await loadEvaluationSummary(dependencies.database.pool, runId)
      if (run?.slice !== slice) return
      await end(dependencies, runId, { state: 'failed', error, errorCode: 'internal' })
    },
  }
}

interface Opened {
  readonly target: Target
  /** Faults one after the other, over all of a run's jobs. */
  readonly faults: { inARow: number }
  readonly judge: OpenedJudge | null
}

/** A run goes through many jobs, and what it asks is opened once for all of them. */
function createTargets(dependencies: EvaluationDependencies) {
  let current: (Opened & { readonly runId: string }) | undefined
  const close = async () => {
    const { target, judge } = current ?? {}
    current = undefined
    await target?.close?.()
    await judge?.close()
  }
  return {
    async open({ id, plan, request }: FinishedRun, signal: AbortSignal): Promise<Opened> {
      if (current?.runId === id) return current
      await close()
      const address = dependencies.addresses.get(id) ?? request.target
      const target = await openRunTarget(dependencies, { plan, address, signal })
      const opened = { runId: id, target, judge: null, faults: { inARow: 0 } }
      // Known before the judge is opened, so that it is closed whatever comes of that.
      current = opened
      current = { ...opened, judge: await openJudge(dependencies) }
      return current
    },
    close,
    /** Of a run that was ended between two of its jobs. */
    async closeOf(runId: string): Promise<void> {
      if (current?.runId === runId) await close()
    },
  }
}

/** The run goes on without a judge that cannot be had; its report says that nothing was judged. */
async function openJudge({ openJudge: open }: EvaluationDependencies): Promise<OpenedJudge | null> {
  return open().catch((error: unknown) => {
    if (error instanceof AppError) return null
    throw error
  })
}

interface RunTask extends RunData {
  readonly targets: ReturnType<typeof createTargets>
  readonly signal: AbortSignal
}

async function continueRun(dependencies: EvaluationDependencies, task: RunTask): Promise<void> {
  const { database } = dependencies
  const { runId, targets, signal } = task
  const run = await loadEvaluation(database.pool, runId)
  if (run === undefined || run.endedAt !== null) return targets.closeOf(runId)
  if (run.slice !== task.slice) return
  const delaySeconds = await findDelay(dependencies, run)
  if (delaySeconds !== null) return sendAgain(dependencies, task, delaySeconds)
  requireSpace(database)
  const finished = await requireSameLibrary(dependencies, run)
  const { target, judge, faults } = await targets.open(finished, signal)
  const sliceEnd = await runSlice({
    database,
    runId,
    plan: finished.plan,
    target,
    judge: judge?.judge ?? null,
    faults,
    budgetMs: SLICE_MS,
    signal,
  })
  if (sliceEnd === 'more') return sendNext(dependencies, runId)
  await targets.close()
  if (sliceEnd === 'stopped') return
  const report = await finishRun(finished, { ...dependencies, db: database.pool, signal })
  await end(dependencies, runId, { state: 'done', report })
}

/** Seconds until the run may be gone on with; null: it is begun, by this service. */
async function findDelay(
  dependencies: EvaluationDependencies,
  run: StoredEvaluation,
): Promise<number | null> {
  const { database, isChatReady } = dependencies
  const asksChat = isAskingChat(run)
  if (asksChat && !dependencies.hasChat) {
    await stopAbandoned(dependencies, run)
    return PASS_ON_SECONDS
  }
  if (asksChat && !isChatReady()) return WAIT_SECONDS
  return (await startEvaluation(database.pool, run.id)) ? null : WAIT_SECONDS
}

function isAskingChat(run: StoredEvaluation): boolean {
  return toRequest(run).target === undefined && parsePlan(run.plan).arms.some(needsChat)
}

/**
 * A run that was cut off may be found by a command's service, which goes without the chat model: it must
 * neither fail a run that goes on elsewhere nor let one that does not hold up the feeds.
 */
async function stopAbandoned(
  { database }: EvaluationDependencies,
  { id, state, activeAt, createdAt }: StoredEvaluation,
): Promise<void> {
  // One that waits, for another run or after a resume, has not been left by anyone.
  if (state !== 'running') return
  if (Date.now() - (activeAt ?? createdAt).getTime() < ABANDONED_MS) return
  const error = `The run was cut off. Go on with: footnote eval --resume ${id}`
  await endEvaluation(database.pool, id, { state: 'stopped', error })
}

function sendAgain(
  { queue }: EvaluationDependencies,
  { runId, slice }: RunData,
  delaySeconds: number,
): Promise<void> {
  return queue.send('run-evaluation', { runId, slice }, { delaySeconds })
}

async function sendNext({ database, queue }: EvaluationDependencies, runId: string): Promise<void> {
  await transaction(database, (client) => sendSlice(client, queue, runId))
  queue.wake('run-evaluation')
}

/** The run's next job, in the transaction that gives it its number. */
async function sendSlice(db: Queryable, queue: JobQueue, runId: string): Promise<void> {
  const slice = await nextSlice(db, runId)
  if (slice !== null) await queue.send('run-evaluation', { runId, slice }, { db })
}

/**
 * A feed that was being read when the run was asked for has changed what the plan says of its articles;
 * once a case was asked, the library must stand still. Refreshes wait, but a feed may be deleted.
 */
async function requireSameLibrary(
  dependencies: EvaluationDependencies,
  run: StoredEvaluation,
): Promise<FinishedRun> {
  const { pool } = dependencies.database
  const request = toRequest(run)
  if ((await loadCorpus(pool)).revision === run.corpusRevision) {
    return { ...run, request, plan: parsePlan(run.plan) }
  }
  if (run.done > 0) {
    throw new AppError(
      'conflict',
      'The library changed while the run was on, so its cases would be of two libraries. Start it anew.',
    )
  }
  const prepared = await prepareRun(request, dependencies)
  await replanEvaluation(pool, run.id, prepared)
  return { ...run, ...prepared }
}

async function end(
  { database, addresses, onEnded }: EvaluationDependencies,
  runId: string,
  ending: Parameters<typeof endEvaluation>[2],
): Promise<void> {
  if (!(await endEvaluation(database.pool, runId, ending))) return
  if (ending.state === 'done') addresses.delete(runId)
  const run = await loadEvaluation(database.pool, runId)
  if (run !== undefined) await onEnded(run)
}

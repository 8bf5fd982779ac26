import { randomUUID } from 'node:crypto'
import type { EvaluationRequest } from '../../eval/evaluation-request.ts'
import { findDifferences } from '../../eval/fingerprints.ts'
import { finishRun, type FinishedRun } from '../../eval/finish-run.ts'
import { withoutKey } from '../../eval/http-target.ts'
import { openRunTarget, type RunParts } from '../../eval/open-run-target.ts'
import { prepareRun, type PreparedRun } from '../../eval/prepare-run.ts'
import { parsePlan } from '../../eval/run-plan.ts'
import { runSlice, type Judge } from '../../eval/run-slice.ts'
import type { Target } from '../../eval/target.ts'
import { transaction } from '../db/database.ts'
import { AppError } from '../errors.ts'
import { loadCorpus } from '../store/corpus.ts'
import {
  deleteFailedRows,
  endEvaluation,
  insertEvaluation,
  loadEvaluation,
  reopenEvaluation,
  replanEvaluation,
  startEvaluation,
  type StoredEvaluation,
} from '../store/evaluations.ts'
import type { JobHandlers, JobQueue } from './queue.ts'

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
}

/** Until another run has ended or a feed has been read. */
const WAIT_SECONDS = 2
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
    await queue.send('run-evaluation', { runId: id }, { db: client })
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
  if (run.state === 'waiting' || run.state === 'running') return runId
  const now = await prepareRun(toRequest(run), dependencies)
  refuseOther(run, now)
  if (target !== undefined) rememberAddress(dependencies, { run, target })
  await transaction(database, async (client) => {
    await deleteFailedRows(client, runId)
    // The library's words are the same, but what stands beside them may have changed meanwhile.
    await replanEvaluation(client, runId, { ...run, corpusRevision: now.corpusRevision })
    await reopenEvaluation(client, runId)
    await queue.send('run-evaluation', { runId }, { db: client })
  })
  queue.wake('run-evaluation')
  return runId
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
  return {
    run: async ({ runId }, signal) => {
      try {
        await continueRun(dependencies, { runId, targets, signal })
      } catch (error) {
        await targets.close()
        // The database's faults are the job's to repeat; whatever else is the run's end.
        if (!(error instanceof AppError) || error.code === 'database-unavailable') throw error
        signal.throwIfAborted()
        const { message, code } = error
        await end(dependencies, runId, { state: 'failed', error: message, errorCode: code })
      }
    },
    giveUp: ({ runId }, error) =>
      end(dependencies, runId, { state: 'failed', error, errorCode: 'internal' }),
  }
}

interface Opened {
  readonly target: Target
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
      current = { runId: id, target, judge: null }
      current = { runId: id, target, judge: await openJudge(dependencies) }
      return current
    },
    close,
  }
}

/** The run goes on without a judge that cannot be had; its report says that nothing was judged. */
async function openJudge({ openJudge: open }: EvaluationDependencies): Promise<OpenedJudge | null> {
  return open().catch((error: unknown) => {
    if (error instanceof AppError) return null
    throw error
  })
}

interface RunTask {
  readonly runId: string
  readonly targets: ReturnType<typeof createTargets>
  readonly signal: AbortSignal
}

async function continueRun(
  dependencies: EvaluationDependencies,
  { runId, targets, signal }: RunTask,
): Promise<void> {
  const { database, queue } = dependencies
  const run = await loadEvaluation(database.pool, runId)
  if (run === undefined || run.endedAt !== null) return
  if (!(await startEvaluation(database.pool, runId))) {
    return queue.send('run-evaluation', { runId }, { delaySeconds: WAIT_SECONDS })
  }
  const finished = await requireSameLibrary(dependencies, run)
  const { target, judge } = await targets.open(finished, signal)
  const sliceEnd = await runSlice({
    database,
    runId,
    plan: finished.plan,
    target,
    judge: judge?.judge ?? null,
    budgetMs: SLICE_MS,
    signal,
  })
  if (sliceEnd === 'more') return queue.send('run-evaluation', { runId })
  await targets.close()
  if (sliceEnd === 'stopped') return
  const report = await finishRun(finished, { ...dependencies, db: database.pool, signal })
  await end(dependencies, runId, { state: 'done', report })
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
  { database, onEnded }: EvaluationDependencies,
  runId: string,
  ending: Parameters<typeof endEvaluation>[2],
): Promise<void> {
  if (!(await endEvaluation(database.pool, runId, ending))) return
  const run = await loadEvaluation(database.pool, runId)
  if (run !== undefined) await onEnded(run)
}

import { randomUUID } from 'node:crypto'
import { findSetsInLibrary } from '../../eval/prepare-run.ts'
import { NO_PLAN, REVIEWED_SET } from '../../eval/run-plan.ts'
import { listSets } from '../../eval/set-folder.ts'
import { transaction } from '../db/database.ts'
import type { Logger } from '../logger.ts'
import { AppError } from '../errors.ts'
import {
  endEvaluation,
  insertEvaluation,
  listEvaluations,
  loadEvaluation,
} from '../store/evaluations.ts'
import { listKeptCases } from '../store/kept-cases.ts'
import type { JobHandlers } from './queue.ts'
import { requestEvaluation, type EvaluationDependencies } from './run-evaluation.ts'

interface NightlyOptions extends EvaluationDependencies {
  readonly logger: Logger
}

/** Asks for a run of every set whose feed is in the library, and of the cases kept from reviews. */
export function nightlyEvaluationHandlers(options: NightlyOptions): JobHandlers<object> {
  const { logger, database } = options
  return {
    run: async () => {
      const sets = [...(await findSets(options))]
      const kept = await listKeptCases(database.pool, { after: null, limit: 1 })
      if (kept.length > 0) sets.push(REVIEWED_SET)
      if (sets.length === 0) logger.info('no golden set speaks of the library: nothing to evaluate')
      for (const set of sets) {
        if (!(await wasJustAsked(options, set))) await request(options, set)
      }
    },
    giveUp: () => Promise.resolve(),
  }
}

/** A job that failed halfway is tried again, and must not ask for the same night twice. */
const SAME_NIGHT_MS = 10 * 60_000

async function wasJustAsked({ database }: NightlyOptions, set: string): Promise<boolean> {
  const search = { setName: set, origin: 'nightly', limit: 1 } as const
  const [latest] = await listEvaluations(database.pool, search)
  if (latest === undefined) return false
  return Date.now() - latest.createdAt.getTime() < SAME_NIGHT_MS
}

/** Those whose feed is in the library, and those that were run before: a feed that is lost must be told. */
async function findSets(options: NightlyOptions): Promise<readonly string[]> {
  const found = await findSetsInLibrary(options)
  const lost: string[] = []
  for (const setName of await listSets()) {
    const search = { setName, origin: 'nightly', limit: 1 } as const
    const before = await listEvaluations(options.database.pool, search)
    if (before.length > 0 && !found.includes(setName)) lost.push(setName)
  }
  return [...found, ...lost]
}

/** A set that cannot be run must not keep the others from it, and is a night that went wrong. */
async function request(options: NightlyOptions, set: string): Promise<void> {
  try {
    const run = await requestEvaluation(options, { set }, 'nightly')
    options.logger.info({ set, run }, 'nightly evaluation')
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'database-unavailable') throw error
    options.logger.error({ err: error, set }, 'a golden set cannot be evaluated')
    await keepFailure(options, set, error)
  }
}

async function keepFailure(
  { database, onEnded }: NightlyOptions,
  setName: string,
  { message, code }: AppError,
): Promise<void> {
  const id = `run_${randomUUID()}`
  const run = { id, setName, origin: 'nightly', request: { set: setName }, plan: NO_PLAN } as const
  // In one: a run that waits without a job would be taken for a lost one.
  await transaction(database, async (client) => {
    await insertEvaluation(client, { ...run, fingerprints: {}, corpusRevision: 0, total: 0 })
    await endEvaluation(client, id, { state: 'failed', error: message, errorCode: code })
  })
  const ended = await loadEvaluation(database.pool, id)
  if (ended !== undefined) await onEnded(ended)
}

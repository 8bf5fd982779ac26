import { findSetsInLibrary, REVIEWED_SET } from '../../eval/prepare-run.ts'
import type { Logger } from '../logger.ts'
import { AppError } from '../errors.ts'
import { listEvaluations } from '../store/evaluations.ts'
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
      const sets = [...(await findSetsInLibrary(options))]
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
  const [latest] = await listEvaluations(database.pool, { setName: set, limit: 1 })
  if (latest?.origin !== 'nightly') return false
  return Date.now() - latest.createdAt.getTime() < SAME_NIGHT_MS
}

/** A set that cannot be run must not keep the others from it. */
async function request(options: NightlyOptions, set: string): Promise<void> {
  try {
    const run = await requestEvaluation(options, { set }, 'nightly')
    options.logger.info({ set, run }, 'nightly evaluation')
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'database-unavailable') throw error
    options.logger.error({ err: error, set }, 'a golden set cannot be evaluated')
  }
}

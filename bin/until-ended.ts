import { setTimeout as sleep } from 'node:timers/promises'
import type { EvaluationRequest } from '../eval/evaluation-request.ts'
import { AppError, messageOf, type ErrorCode } from '../src/errors.ts'
import type { CommandContext } from './commands.ts'
import type { DoorClient } from './door-client.ts'
import { createRunProgress } from './eval-progress.ts'
import { toRunFault } from './exit-codes.ts'

/** A run as the service sends it. */
export interface SentRun {
  readonly id: string
  readonly set: string
  readonly arms: readonly string[]
  readonly request: EvaluationRequest
  readonly state: 'waiting' | 'running' | 'done' | 'stopped' | 'failed'
  readonly origin: string
  readonly createdAt: string
  readonly done: number
  readonly total: number
  readonly verdict: string | null
  readonly reasons: readonly string[]
  readonly error: string | null
  readonly code: ErrorCode | null
}

const POLL_MS = 400
/** A database that starts again is there by then, and its run goes on by itself. */
const DATABASE_AWAY_MS = 60_000
/** For the name of a run that was just asked for, and for stopping it, when all else is given up. */
export const LAST_WORDS_MS = 5_000

/** Whoever interrupts the command stops the run as well; it goes on with --resume. */
export async function untilEnded(
  { signal, note }: CommandContext,
  client: DoorClient,
  started: SentRun,
): Promise<SentRun> {
  const look = createLook(client, started.id)
  const progress = createRunProgress({ note, output: process.stderr })
  let run = started
  try {
    while (run.state === 'waiting' || run.state === 'running') {
      await sleep(POLL_MS, undefined, { signal })
      const found = await look(signal)
      if (found === undefined) continue
      run = found
      progress.show(run)
    }
    return run
  } catch (error) {
    progress.end()
    if (!signal.aborted) throw whileOn(run, error)
    note(await stop(client, run))
    throw error
  } finally {
    progress.end()
  }
}

/** Gives the run as it is; undefined while the service is without its database, for a while. */
function createLook(client: DoorClient, id: string) {
  let awaySince: number | undefined
  return async (signal: AbortSignal): Promise<SentRun | undefined> => {
    try {
      const run = (await client.request(`/v1/evaluations/${id}`, { signal })) as SentRun
      awaySince = undefined
      return run
    } catch (error) {
      if (!isOfCode(error, 'database-unavailable')) throw error
      awaySince ??= performance.now()
      if (performance.now() - awaySince > DATABASE_AWAY_MS) throw error
      return undefined
    }
  }
}

async function stop(client: DoorClient, run: SentRun): Promise<string> {
  const signal = AbortSignal.timeout(LAST_WORDS_MS)
  return client.request(`/v1/evaluations/${run.id}`, { method: 'DELETE', signal }).then(
    () => `The run is stopped at ${run.done} of ${run.total}. ${describeResume(run)}`,
    (error: unknown) => `The run ${run.id} could not be stopped: ${messageOf(error)}`,
  )
}

export function describeResume({ id }: Pick<SentRun, 'id'>): string {
  return `Go on with: footnote eval --resume ${id}`
}

function isOfCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof AppError && error.code === code
}

/** Whoever loses sight of a run is told its name, and how it is seen again. */
function whileOn({ id }: SentRun, cause: unknown): AppError {
  const wait = `Wait for it with: footnote eval --resume ${id}`
  if (isOfCode(cause, 'shutting-down')) {
    const message = `The service went away; the run goes on when it is back. ${wait}`
    return new AppError('shutting-down', message, { cause })
  }
  const code = cause instanceof AppError ? toRunFault(cause.code) : 'internal'
  const message = `${messageOf(cause)} The run ${id} may go on all the same. ${wait}`
  return new AppError(code, message, { cause })
}

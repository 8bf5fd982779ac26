import PgBoss from 'pg-boss'
import type pg from 'pg'
import { z } from 'zod'
import type { Queryable } from '../db/database.ts'
import { messageOf } from '../errors.ts'

/** Each kind of job has its queue; what a job carries is JSON. */
export type JobKind =
  | 'refresh-feed'
  | 'ingest-article'
  | 'embed-article'
  | 'refresh-due-feeds'
  | 'run-evaluation'
  | 'nightly-evaluation'
  | 'forget-answers'

export interface JobQueue {
  /** With `db` the job is there if and only if that transaction commits. */
  send(kind: JobKind, data: object, options?: SendOptions): Promise<void>
  /** A job that throws is tried again, later each time. */
  work<Data extends object>(kind: JobKind, handlers: JobHandlers<Data>): Promise<void>
  /** Has this process' worker look now: for jobs sent inside a transaction that has ended. */
  wake(kind: JobKind): void
  schedule(kind: JobKind, cron: string, options?: { readonly timezone: string }): Promise<void>
  /** Lets the running jobs see the signal, gives unfinished ones back, and stops. */
  stop(): Promise<void>
}

interface SendOptions {
  readonly db?: Queryable
  readonly delaySeconds?: number
}

export interface JobHandlers<Data> {
  readonly run: (data: Data, signal: AbortSignal) => Promise<void>
  /** Called once, when the job has failed for the last time or was lost as often. */
  readonly giveUp: (data: Data, error: string) => Promise<void>
}

const KINDS: readonly JobKind[] = [
  'refresh-feed',
  'ingest-article',
  'embed-article',
  'refresh-due-feeds',
  'run-evaluation',
  'nightly-evaluation',
  'forget-answers',
]

/** Where a kind's jobs go that have failed for the last time. */
function givenUpQueue(kind: JobKind): string {
  return `${kind}-given-up`
}

/**
 * There is no heartbeat, so a job's time is short and a killed worker costs one article and this long
 * (design.md, decision 14). The longest article, 200 chunks, is embedded in about 20 s on two cores.
 */
const EXPIRE_SECONDS = 180
const RETRIES = 3
const POLL_SECONDS = 1
/** Two articles at a time: one is embedded while the database takes in the other. */
const WORKERS: Partial<Record<JobKind, number>> = { 'ingest-article': 2 }

const QUEUE_OPTIONS = {
  retryLimit: RETRIES,
  retryDelay: 2,
  retryBackoff: true,
  expireInSeconds: EXPIRE_SECONDS,
}

/** pg-boss' own schema with the queues: DDL, so it goes through the role that owns the schema. */
export async function prepareQueues(pool: pg.Pool): Promise<void> {
  const boss = createBoss((text, values) => executeSql(pool, text, values), { migrate: true })
  boss.on('error', () => undefined)
  try {
    await boss.start()
    for (const name of KINDS) {
      const deadLetter = givenUpQueue(name)
      await boss.createQueue(deadLetter, { name: deadLetter })
      await boss.createQueue(name, { name, ...QUEUE_OPTIONS, deadLetter })
      // One that an earlier version made keeps that version's options otherwise.
      await boss.updateQueue(name, { name, ...QUEUE_OPTIONS, deadLetter })
    }
  } finally {
    await boss.stop({ graceful: false, close: false })
  }
}

type ExecuteSql = PgBoss.Db['executeSql']

function createBoss(execute: ExecuteSql, options: { readonly migrate: boolean }): PgBoss {
  return new PgBoss({
    db: { executeSql: execute },
    migrate: options.migrate,
    supervise: !options.migrate,
    maintenanceIntervalSeconds: 30,
    cronMonitorIntervalSeconds: 30,
    cronWorkerIntervalSeconds: 5,
  })
}

/** pg-boss sends whole transactions as one text; one that fails halfway must not leave its begin behind. */
async function executeSql(...[pool, text, values]: [pg.Pool, ...Parameters<ExecuteSql>]) {
  const client = await pool.connect()
  try {
    return await client.query(text, values)
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  } finally {
    client.release()
  }
}

/** What marks jobs as ended says how many they were, and pg-boss reads that row without looking for it. */
const COUNTS_JOBS = /select count\(\*\) from \w+\s*$/i

interface OpenOptions {
  readonly pool: pg.Pool
  readonly onError: (error: Error) => void
}

export async function openQueue({ pool, onError }: OpenOptions): Promise<JobQueue> {
  const execute: ExecuteSql = (text, values) => executeSql(pool, text, values)
  // pg-boss marks a job as ended without waiting for it, so that a database that is away would end the
  // process. Its workers are told "nothing" instead: the job expires and runs again, which it may.
  const boss = createBoss(
    (text, values) =>
      execute(text, values).catch((error: unknown) => {
        onError(error as Error)
        return { rows: COUNTS_JOBS.test(text) ? [{ count: '0' }] : [] }
      }),
    { migrate: false },
  )
  boss.on('error', onError)
  await boss.start()
  const stopping = new AbortController()
  let stopped: Promise<void> | undefined
  const workers = new Map<JobKind, string[]>()
  const wake = (kind: JobKind) => {
    for (const worker of workers.get(kind) ?? []) boss.notifyWorker(worker)
  }
  return {
    async send(kind, data, { db, delaySeconds } = {}) {
      const jobData: JobData = { data }
      await boss.send(kind, jobData, {
        db: { executeSql: db === undefined ? execute : (text, values) => db.query(text, values) },
        ...(delaySeconds === undefined ? {} : { startAfter: delaySeconds }),
      })
      if (db === undefined) wake(kind)
    },
    wake,
    async work(kind, { run, giveUp }) {
      const options = { pollingIntervalSeconds: POLL_SECONDS }
      const giveUpQueue = givenUpQueue(kind)
      const giveUpOptions = { ...options, includeMetadata: true as const }
      const giveUpWorker = await boss.work<JobData>(giveUpQueue, giveUpOptions, async ([job]) => {
        if (job === undefined) return
        boss.notifyWorker(giveUpWorker)
        await giveUp(job.data.data as never, describeFailure(job.output))
      })
      const workJob = async ([job]: PgBoss.Job<JobData>[]) => {
        if (job === undefined) return
        // pg-boss waits out the rest of its interval after a job, unless it is told of more: without
        // this, a hundred short articles take a hundred seconds.
        wake(kind)
        await run(job.data.data as never, stopping.signal).catch((error: unknown) => {
          if (!stopping.signal.aborted) onError(toJobError(kind, error))
          throw error
        })
      }
      const ids: string[] = []
      workers.set(kind, ids)
      while (ids.length < (WORKERS[kind] ?? 1)) ids.push(await boss.work(kind, options, workJob))
    },
    async schedule(kind, cron, options) {
      await boss.schedule(kind, cron, { data: {} }, { tz: options?.timezone ?? 'UTC' })
    },
    stop() {
      stopping.abort(new Error('The service is stopping.'))
      return (stopped ??= boss.stop({ graceful: true, timeout: 5_000, close: false }))
    },
  }
}

interface JobData {
  readonly data: object
}

function toJobError(kind: JobKind, cause: unknown): Error {
  return new Error(`A job of ${kind} failed: ${messageOf(cause)}`, { cause })
}

/** How a job's last failure may be told: an error that is not ours may hold anything. */
function describeFailure(output: object): string {
  const known = z
    .object({ name: z.literal('AppError'), code: z.string(), message: z.string() })
    .safeParse(output)
  return known.success && known.data.code !== 'internal'
    ? known.data.message
    : 'It failed too often; the log says why.'
}

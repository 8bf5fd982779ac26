import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openTestDatabase } from '../../test/open-test-database.ts'
import { transaction } from '../db/database.ts'
import { AppError } from '../errors.ts'
import { openQueue, prepareQueues, type JobQueue } from './queue.ts'

interface Data {
  readonly name: string
}

let database: Awaited<ReturnType<typeof openTestDatabase>>
let queue: JobQueue
const errors: Error[] = []
const done: string[] = []
const givenUp: (readonly [string, string])[] = []
/** By a job's name: how it fails, or what it waits for. */
const faults = new Map<string, (signal: AbortSignal) => Promise<void>>()

beforeAll(async () => {
  database = await openTestDatabase()
  await prepareQueues(database.pool)
  queue = await openQueue({ pool: database.pool, onError: (error) => void errors.push(error) })
  await queue.work<Data>('embed-article', {
    run: async ({ name }, signal) => {
      await faults.get(name)?.(signal)
      done.push(name)
    },
    giveUp: ({ name }, error) => Promise.resolve(void givenUp.push([name, error])),
  })
})

afterAll(async () => {
  await queue.stop()
  await database[Symbol.asyncDispose]()
})

/** What failed waits some seconds before it is tried again, which no test has the time for. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    await database.pool.query(`update pgboss.job set start_after = now() where state = 'retry'`)
    queue.wake('embed-article')
    await sleep(20)
  }
}

it('does what is sent, each once and without a pause', async () => {
  const names = Array.from({ length: 30 }, (_, at) => `quick ${at}`)
  const since = performance.now()
  // As a refresh sends its articles: all in one transaction, and the worker is woken once.
  await transaction(database, async (db) => {
    for (const name of names) await queue.send('embed-article', { name }, { db })
  })
  queue.wake('embed-article')
  while (done.length < names.length) await sleep(5)
  // At one job a second, which is how often it looks for more by itself, it would be half a minute.
  expect(performance.now() - since).toBeLessThan(10_000)
  expect(done.splice(0).toSorted()).toEqual(names.toSorted())
})

it('does what a transaction sent if it commits, and else knows nothing of it', async () => {
  const fails = transaction(database, async (db) => {
    await queue.send('embed-article', { name: 'rolled back' }, { db })
    throw new Error('Something else fails.')
  })
  await expect(fails).rejects.toThrow('Something else fails.')
  await transaction(database, (db) => queue.send('embed-article', { name: 'committed' }, { db }))
  await until(() => done.length > 0)
  await sleep(50)
  expect(done.splice(0)).toEqual(['committed'])
})

it('tries again what failed', async () => {
  let tries = 0
  faults.set('twice', () => {
    tries += 1
    return tries < 3 ? Promise.reject(new Error('It is away.')) : Promise.resolve()
  })
  await queue.send('embed-article', { name: 'twice' })
  await until(() => done.length > 0)
  expect([tries, done.splice(0), givenUp]).toEqual([3, ['twice'], []])
  expect(errors.splice(0).map(({ message }) => message)).toEqual([
    'A job of embed-article failed: It is away.',
    'A job of embed-article failed: It is away.',
  ])
})

it.each([
  ['ours', new AppError('model-unavailable', 'The model is away.'), 'The model is away.'],
  ['internal', new AppError('internal', 'Of no use.'), 'It failed too often; the log says why.'],
  ['another’s', new Error('secret'), 'It failed too often; the log says why.'],
])('gives up, once, what fails to the end with an error that is %s', async (name, error, told) => {
  let tries = 0
  faults.set(name, () => {
    tries += 1
    return Promise.reject(error)
  })
  await queue.send('embed-article', { name })
  await until(() => givenUp.length > 0)
  await sleep(50)
  expect(givenUp.splice(0)).toEqual([[name, told]])
  expect(tries).toBe(4)
  expect(errors.splice(0).map(({ cause }) => cause)).toEqual([error, error, error, error])
  expect(done).toEqual([])
})

it('tells what is under way that it stops, waits for it, and calls that no failure', async () => {
  const other = await openQueue({
    pool: database.pool,
    onError: (error) => void errors.push(error),
  })
  let isStarted = false
  let isEnded = false
  await other.work<Data>('ingest-article', {
    run: (_data, signal) => {
      isStarted = true
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          isEnded = true
          reject(signal.reason as Error)
        })
      })
    },
    giveUp: () => Promise.resolve(),
  })
  await other.send('ingest-article', { name: 'long' })
  while (!isStarted) await sleep(5)
  await other.stop()
  expect(isEnded).toBe(true)
  expect(errors).toEqual([])
})

it('goes on after a statement of its own fails, and tells of it', async () => {
  await database.pool.query('alter table pgboss.job rename to away')
  queue.wake('embed-article')
  while (errors.length === 0) await sleep(10)
  await database.pool.query('alter table pgboss.away rename to job')
  await sleep(50)
  errors.length = 0
  await queue.send('embed-article', { name: 'after it' })
  await until(() => done.length > 0)
  expect(done.splice(0)).toEqual(['after it'])
})

it.each([
  ['ends well', () => Promise.resolve()],
  ['fails', () => Promise.reject(new Error('It is away.'))],
])('outlives a database that is away when a job %s, and runs it again', async (ending, end) => {
  const name = `away as it ${ending}`
  let runs = 0
  faults.set(name, async () => {
    runs += 1
    if (runs > 1) return
    await database.pool.query('alter table pgboss.job rename to away')
    return end()
  })
  errors.length = 0
  // Where the process has no answer to this, it ends: vitest fails at an unhandled rejection.
  await queue.send('embed-article', { name })
  while (errors.every(({ message }) => !message.includes('pgboss.job'))) await sleep(10)
  await sleep(50)
  await database.pool.query('alter table pgboss.away rename to job')
  await database.pool.query(`update pgboss.job set state = 'retry' where state = 'active'`)
  await until(() => runs > 1 && done.includes(name))
  done.length = 0
})

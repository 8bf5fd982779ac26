import { existsSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { AppError } from '../errors.ts'
import { transaction, type Database } from './database.ts'
import { openDatabase } from './open-database.ts'

/** Far over what an honest statement of these tests takes, and soon over. */
const TIMEOUT_MS = 2_500
const ENDLESS = 'select count(*) from generate_series(1, 1e12)'

let database: Database
/** Of connections: what the service would log. */
let lost: Error[]

beforeEach(async () => {
  lost = []
  await database.pool.query('create table mark (name text not null, at serial)')
})
afterEach(async () => {
  await database.pool.query('drop table mark')
})
afterAll(() => database.close())

function open(dataDir: string, embeddedTimeoutMs = 60_000): Database {
  const onError = (error: Error) => lost.push(error)
  return openDatabase({ url: undefined, dataDir, onError, embeddedTimeoutMs })
}

const mark = (name: string) =>
  database.pool.query('insert into mark (name) values ($1::text)', [name])

async function marks(): Promise<readonly string[]> {
  const { rows } = await database.pool.query<{ name: string }>('select name from mark order by at')
  return rows.map(({ name }) => name)
}

describe('the one connection of the embedded database', () => {
  beforeAll(() => {
    database = open('memory://')
  })

  it('never mixes the statements of transactions that began at once', async () => {
    const names = Array.from({ length: 10 }, (_, at) => `transaction ${at}`)
    const writes = names.map((name) =>
      transaction(database, async (client) => {
        for (let step = 0; step < 3; step += 1)
          await client.query('insert into mark (name) values ($1::text)', [name])
      }),
    )
    const between = mark('a statement between them')
    await Promise.all([...writes, between])
    const runs = (await marks()).filter((name, at, all) => name !== all[at - 1])
    expect(runs.toSorted()).toEqual(['a statement between them', ...names])
  })

  it('answers many statements that are sent at once', async () => {
    const all = Array.from({ length: 200 }, (_, at) =>
      database.pool.query<{ at: number }>('select $1::integer as at', [at]),
    )
    const answers = await Promise.all(all)
    expect(answers.map(({ rows }) => rows[0]?.at)).toEqual(answers.map((_, at) => at))
  })

  it('goes on after a statement that failed, alone or in a transaction', async () => {
    await expect(database.pool.query('select nothing')).rejects.toMatchObject({ code: '42703' })
    const failing = transaction(database, async (client) => {
      await client.query(`insert into mark (name) values ('undone')`)
      await client.query('select 1 / 0')
    })
    await expect(failing).rejects.toMatchObject({ code: '22012' })
    await mark('kept')
    expect(await marks()).toEqual(['kept'])
    expect(lost).toEqual([])
  })

  it('undoes a transaction whose work throws, and gives that error', async () => {
    const reason = new Error('on purpose')
    const failing = transaction(database, async (client) => {
      await client.query(`insert into mark (name) values ('undone')`)
      throw reason
    })
    await expect(failing).rejects.toBe(reason)
    expect(await marks()).toEqual([])
  })

  it('writes nothing in a transaction that only reads', async () => {
    const writing = transaction(
      database,
      (client) => client.query(`insert into mark (name) values ('refused')`),
      { isReadOnly: true },
    )
    await expect(writing).rejects.toMatchObject({ code: '25006' })
    expect(await marks()).toEqual([])
  })

  it('leaves nothing open of a client that is given back broken', async () => {
    const client = await database.pool.connect()
    await client.query('begin')
    await client.query(`insert into mark (name) values ('undone')`)
    await client.query(`set application_name = 'left behind'`)
    client.release(new Error('broken'))
    expect(await marks()).toEqual([])
    const { rows } = await database.pool.query('show application_name')
    expect(rows).not.toContainEqual({ application_name: 'left behind' })
  })

  it('leaves nothing open of a client that is given back in the middle of a statement', async () => {
    const client = await database.pool.connect()
    await client.query('begin')
    const running = client.query(
      `insert into mark (name) select 'undone' from generate_series(1, 1000)`,
    )
    client.release(new Error('broken'))
    await running.catch(() => undefined)
    await mark('kept')
    expect(await marks()).toEqual(['kept'])
  })

  it('takes a parameter of 5 MB and gives it back', async () => {
    const text = 'é😀x'.repeat(5_000_000 / 7)
    const { rows } = await database.pool.query<{ text: string; bytes: number }>(
      'select $1::text as text, octet_length($1::text) as bytes',
      [text],
    )
    expect(rows[0]?.bytes).toBe(Buffer.byteLength(text))
    expect(rows[0]?.text === text).toBe(true)
  })
})

describe('the embedded database in a folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'footnote-embedded-'))
  beforeAll(async () => {
    await database.close()
    // As a kill leaves it between the first file that counts and those without which nothing opens.
    mkdirSync(join(folder, 'database'))
    writeFileSync(join(folder, 'database', 'PG_VERSION'), '18\n')
    writeFileSync(join(folder, 'database.unfinished'), '')
    database = open(folder, TIMEOUT_MS)
  })
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  it('is made anew where it was killed while it was made, and then never again', async () => {
    expect(existsSync(join(folder, 'database', 'postgresql.conf'))).toBe(true)
    expect(existsSync(join(folder, 'database.unfinished'))).toBe(false)
    await mark('kept')
    await database.close()
    database = open(folder, TIMEOUT_MS)
    expect(await marks()).toEqual(['kept'])
  })

  it('ends an endless statement, and the next one finds every acknowledged row', async () => {
    await mark('acknowledged')
    const error: unknown = await database.pool.query(ENDLESS).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(AppError)
    expect(error).toMatchObject({ code: 'database-unavailable', retryAfter: 2 })
    expect(await marks()).toEqual(['acknowledged'])
    expect(lost).toContain(error)
  })

  it('gives a statement the time that it is to have, and the next one the usual', async () => {
    const sleep = `select 'slept' as slept from pg_sleep(${TIMEOUT_MS / 1000 + 0.5})`
    const { rows } = await database.unhurried(() => database.pool.query(sleep))
    expect(rows).toEqual([{ slept: 'slept' }])
    await expect(database.pool.query(sleep)).rejects.toMatchObject({ code: 'database-unavailable' })
  })

  it('undoes the transaction of an endless statement, and the process lives', async () => {
    await mark('acknowledged')
    const failing = transaction(database, async (client) => {
      await client.query(`insert into mark (name) values ('undone')`)
      await client.query(ENDLESS)
    })
    await expect(failing).rejects.toMatchObject({ code: 'database-unavailable' })
    expect(await marks()).toEqual(['acknowledged'])
  })

  it('lets those who wait behind an endless statement have their turn', async () => {
    const endless = database.pool.query(ENDLESS).catch((reason: unknown) => reason)
    await Promise.all([mark('waited'), mark('waited')])
    expect(await endless).toBeInstanceOf(AppError)
    expect(await marks()).toEqual(['waited', 'waited'])
  })

  it('does not wait for an engine that has panicked, and starts the next one', async () => {
    await mark('acknowledged')
    // As on a full disk, a file of the engine's own cannot be made: a panic is an answer, and the last one.
    const inTheWay = join(folder, 'database', 'pg_logical', 'replorigin_checkpoint.tmp')
    mkdirSync(inTheWay)
    const error: unknown = await database.pool
      .query('checkpoint')
      .catch((reason: unknown) => reason)
    rmdirSync(inTheWay)
    expect(error).toMatchObject({ code: 'database-unavailable' })
    expect((error as AppError).cause).toMatchObject({
      message: expect.stringContaining('PANIC') as string,
    })
    expect(await marks()).toEqual(['acknowledged'])
  })

  it('goes on after a statement that the worker died of', async () => {
    await mark('acknowledged')
    // There is nothing to copy from, and the engine ends where its input ends.
    await expect(database.pool.query('copy mark from stdin')).rejects.toMatchObject({
      code: 'database-unavailable',
    })
    expect(await marks()).toEqual(['acknowledged'])
  })

  it('commits nothing of a transaction whose worker died between two statements', async () => {
    const post = vi.spyOn(Worker.prototype, 'postMessage')
    const failing = transaction(database, async (client) => {
      await client.query(`insert into mark (name) values ('before')`)
      const worker = post.mock.contexts.at(-1)
      post.mockRestore()
      if (worker instanceof Worker) await worker.terminate()
      await client.query(`insert into mark (name) values ('after')`)
    })
    await expect(failing).rejects.toMatchObject({ code: 'database-unavailable' })
    expect(await marks()).toEqual([])
  })

  it('does not ask the environment of Postgres how to connect', async () => {
    vi.stubEnv('PGSSLMODE', 'require')
    vi.stubEnv('PGOPTIONS', '-c search_path=elsewhere')
    const client = await database.pool.connect()
    client.release(true)
    expect(await marks()).toEqual([])
    vi.unstubAllEnvs()
  })

  it('says why a folder that holds something else does not open, each time it is asked', async () => {
    const other = join(folder, 'other')
    mkdirSync(join(other, 'database'), { recursive: true })
    writeFileSync(join(other, 'database', 'PG_VERSION'), 'not a version\n')
    const broken = open(other, TIMEOUT_MS)
    const ask = (): Promise<unknown> =>
      broken.pool.query('select 1').catch((reason: unknown) => reason)
    // The second is asked while the worker of the first one is going.
    for (const error of [await ask(), await ask()]) {
      expect(error).toMatchObject({ code: 'database-unavailable' })
      expect((error as AppError).cause).toBeInstanceOf(Error)
    }
    await broken.close()
  })
})

import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { loadCorpusProgress } from '../../src/store/corpus.ts'
import { startEvaluation } from '../../src/store/evaluation-turns.ts'
import { endEvaluation, insertEvaluation } from '../../src/store/evaluations.ts'
import { releaseJobs } from '../../src/store/jobs.ts'
import {
  deleteOldRefreshes,
  expectArticles,
  failRefresh,
  insertRefresh,
  loadRefresh,
  startRefresh,
  tickArticle,
  type Refresh,
} from '../../src/store/refreshes.ts'
import type { LibraryUnderTest } from './library-under-test.ts'

export function describeRefreshes(library: LibraryUnderTest): void {
  describe('a refresh', () => describeStates(library))
  describe('the articles of a refresh', () => describeArticles(library))
  describe('old refreshes', () => describeOld(library))
  describe('jobs of a killed process', () => describeJobs(library))
}

async function request(library: LibraryUnderTest, feedId: string): Promise<Refresh> {
  return (await insertRefresh(library.pool, randomUUID(), feedId)).refresh
}

async function insertRun(library: LibraryUnderTest): Promise<string> {
  const id = `run_${randomUUID()}`
  const run = { id, setName: 'whales', origin: 'asked', request: {}, plan: {} } as const
  await insertEvaluation(library.pool, { ...run, fingerprints: {}, corpusRevision: 1, total: 1 })
  return id
}

async function begin(library: LibraryUnderTest, identities: readonly string[]): Promise<string> {
  const { id } = await request(library, await library.addFeed())
  await startRefresh(library.pool, id)
  await expectArticles(library.pool, id, identities)
  return id
}

function describeStates(library: LibraryUnderTest): void {
  it('waits, and another one for the feed is the same', async () => {
    const feedId = await library.addFeed()
    const first = await insertRefresh(library.pool, randomUUID(), feedId)
    expect(first.isNew).toBe(true)
    expect(first.refresh).toEqual({
      id: first.refresh.id,
      feedId,
      state: 'waiting',
      total: 0,
      done: 0,
      error: null,
      errorCode: null,
      endedAt: null,
    })
    const second = await insertRefresh(library.pool, randomUUID(), feedId)
    expect(second).toEqual({ refresh: first.refresh, isNew: false })
    expect(await loadRefresh(library.pool, first.refresh.id)).toEqual(first.refresh)
    expect(await loadRefresh(library.pool, randomUUID())).toBeUndefined()
  })

  it('runs alone while the next one waits', async () => {
    const feedId = await library.addFeed()
    const running = await request(library, feedId)
    expect(await startRefresh(library.pool, running.id)).toBe(true)
    const waiting = await request(library, feedId)
    expect(waiting.id).not.toBe(running.id)
    expect(await startRefresh(library.pool, waiting.id)).toBe(false)
    expect((await request(library, feedId)).id).toBe(waiting.id)
    await expectArticles(library.pool, running.id, [])
    expect(await startRefresh(library.pool, waiting.id)).toBe(true)
  })

  it('does not wait for another feed’s', async () => {
    const one = await request(library, await library.addFeed('https://one.example'))
    const two = await request(library, await library.addFeed('https://two.example'))
    expect(await startRefresh(library.pool, one.id)).toBe(true)
    expect(await startRefresh(library.pool, two.id)).toBe(true)
  })

  it('does not begin while an evaluation waits or is on, and begins after it', async () => {
    const { id } = await request(library, await library.addFeed())
    const run = await insertRun(library)
    expect(await startRefresh(library.pool, id)).toBe(false)
    expect(await startEvaluation(library.pool, run)).toBe(true)
    expect(await startRefresh(library.pool, id)).toBe(false)
    expect(await loadRefresh(library.pool, id)).toMatchObject({ state: 'waiting' })
    await endEvaluation(library.pool, run, { state: 'stopped' })
    expect(await startRefresh(library.pool, id)).toBe(true)
  })

  it('that has begun is begun again while an evaluation waits, which waits for it', async () => {
    const { id } = await request(library, await library.addFeed())
    expect(await startRefresh(library.pool, id)).toBe(true)
    const run = await insertRun(library)
    expect(await startEvaluation(library.pool, run)).toBe(false)
    expect(await startRefresh(library.pool, id)).toBe(true)
    await expectArticles(library.pool, id, [])
    expect(await startEvaluation(library.pool, run)).toBe(true)
  })

  it('begins again after its process was killed, and not when it has ended', async () => {
    const { id } = await request(library, await library.addFeed())
    expect(await startRefresh(library.pool, id)).toBe(true)
    expect(await startRefresh(library.pool, id)).toBe(true)
    await expectArticles(library.pool, id, [])
    expect(await startRefresh(library.pool, id)).toBe(false)
    expect(await startRefresh(library.pool, randomUUID())).toBe(false)
  })

  it('fails with its reason', async () => {
    const { id } = await request(library, await library.addFeed())
    await startRefresh(library.pool, id)
    await failRefresh(library.pool, id, { error: 'It is not a feed.', code: 'feed-invalid' })
    const failed = await loadRefresh(library.pool, id)
    expect(failed).toMatchObject({
      state: 'failed',
      error: 'It is not a feed.',
      errorCode: 'feed-invalid',
    })
    expect(failed?.endedAt).toBeInstanceOf(Date)
  })
}

function describeArticles(library: LibraryUnderTest): void {
  const load = (id: string) => loadRefresh(library.pool, id)
  const tick = (refreshId: string, identity: string, error?: string) =>
    tickArticle(library.pool, { refreshId, identity, ...(error === undefined ? {} : { error }) })

  it('are ticked off one by one, and the last one ends it', async () => {
    const id = await begin(library, ['a', 'b'])
    expect(await load(id)).toMatchObject({ state: 'running', total: 2, done: 0, endedAt: null })
    await tick(id, 'a')
    expect(await load(id)).toMatchObject({ state: 'running', total: 2, done: 1, endedAt: null })
    await tick(id, 'b')
    expect(await load(id)).toMatchObject({ state: 'done', total: 2, done: 2, error: null })
    expect((await load(id))?.endedAt).toBeInstanceOf(Date)
  })

  it('end it at once where there are none', async () => {
    expect(await load(await begin(library, []))).toMatchObject({ state: 'done', total: 0 })
  })

  it('are expected once, also by a job that runs again', async () => {
    const id = await begin(library, ['a', 'b'])
    await tick(id, 'a')
    await expectArticles(library.pool, id, ['a', 'b'])
    expect(await load(id)).toMatchObject({ state: 'running', total: 2, done: 1 })
  })

  it('change nothing when they are ticked off again', async () => {
    const id = await begin(library, ['a'])
    await tick(id, 'a')
    const ended = await load(id)
    await tick(id, 'a')
    await tick(id, 'nobody expected it')
    expect(await load(id)).toEqual(ended)
  })

  it('make it fail where one could not be ingested, with the reason, when all have ended', async () => {
    const id = await begin(library, ['a', 'b'])
    await tick(id, 'a', '“A” could not be ingested.')
    expect(await load(id)).toMatchObject({ state: 'running', done: 1, endedAt: null })
    await tick(id, 'b')
    expect(await load(id)).toMatchObject({
      state: 'failed',
      total: 2,
      done: 2,
      error: '“A” could not be ingested.',
    })
  })

  it('are still ticked off when the refresh has failed, which does not begin again', async () => {
    const id = await begin(library, ['a', 'b'])
    await failRefresh(library.pool, id, { error: 'It failed too often; the log says why.' })
    await tick(id, 'a')
    expect(await load(id)).toMatchObject({ state: 'failed', done: 1 })
    expect((await load(id))?.endedAt).toBeInstanceOf(Date)
    expect((await loadCorpusProgress(library.pool)).waiting).toBe(0)
  })
}

function describeOld(library: LibraryUnderTest): void {
  const age = (id: string, interval: string) =>
    library.pool.query(
      `update refresh set created_at = now() - $2::interval, ended_at = now() - $2::interval
       where refresh.id = $1::uuid`,
      [id, interval],
    )

  it('are forgotten after a week, but for the last one of a feed', async () => {
    const feedId = await library.addFeed()
    const ended: string[] = []
    for (const interval of ['9 days', '8 days', '6 days']) {
      const { id } = await request(library, feedId)
      await expectArticles(library.pool, id, [])
      await age(id, interval)
      ended.push(id)
    }
    const other = await request(library, await library.addFeed('https://other.example'))
    await expectArticles(library.pool, other.id, [])
    await age(other.id, '30 days')
    await deleteOldRefreshes(library.pool)
    const left = await Promise.all(ended.map((id) => loadRefresh(library.pool, id)))
    expect(left.map((refresh) => refresh?.id)).toEqual([undefined, undefined, ended[2]])
    expect(await loadRefresh(library.pool, other.id)).toBeDefined()
  })
}

function describeJobs(library: LibraryUnderTest): void {
  it('are given back to be taken at once', async () => {
    await library.pool.query(
      `insert into pgboss.job (name, state, start_after) values
         ('embed-article', 'active', now() - interval '1 minute'),
         ('embed-article', 'created', now() + interval '1 hour'),
         ('embed-article', 'completed', now())`,
    )
    await releaseJobs(library.pool)
    const { rows } = await library.pool.query<{ state: string; due: boolean }>(
      `select state::text, start_after <= now() as due from pgboss.job order by state::text`,
    )
    expect(rows).toEqual([
      { state: 'completed', due: true },
      { state: 'created', due: false },
      { state: 'retry', due: true },
    ])
  })
}

import { describe, expect, it } from 'vitest'
import { loadCorpusProgress } from '../../src/store/corpus.ts'
import {
  countFeeds,
  findFeedByUrl,
  forgetFeedState,
  insertFeed,
  listDueFeeds,
  listFeeds,
  loadFeed,
  loadFeedState,
  recordEnded,
  recordFailure,
  recordFetched,
  updateFeed,
} from '../../src/store/feeds.ts'
import { expectArticles, insertRefresh, startRefresh } from '../../src/store/refreshes.ts'
import type { LibraryUnderTest } from './library-under-test.ts'

const URL = 'https://one.example/feed'
const MINUTE_SECONDS = 60
const DAY_SECONDS = 86_400
const FAILURE = { problem: 'It answers 500.', retryAfter: null }

export function describeFeeds(library: LibraryUnderTest): void {
  describe('a feed', () => describeFeed(library))
  describe('feeds', () => describeCounts(library))
  describe('a feed that fails', () => describeFailing(library))
  describe('how far the library is', () => describeProgress(library))
}

/** When the feed is fetched next, in seconds from now by the database's clock. */
async function secondsToNext(library: LibraryUnderTest, id: string): Promise<number> {
  const { rows } = await library.pool.query<{ seconds: number }>(
    `select extract(epoch from feed.next_fetch_at - now())::float8 as seconds
     from feed where feed.id = $1::text`,
    [id],
  )
  return rows[0]?.seconds ?? NaN
}

function describeFeed(library: LibraryUnderTest): void {
  it('is there once, whoever adds it again', async () => {
    expect(await insertFeed(library.pool, { url: URL, refreshMinutes: 30 })).toBe(true)
    expect(await insertFeed(library.pool, { url: URL, refreshMinutes: 90 })).toBe(false)
    const feed = await findFeedByUrl(library.pool, URL)
    expect(feed).toMatchObject({
      url: URL,
      title: '',
      status: 'ok',
      problem: null,
      refreshMinutes: 30,
      lastFetchedAt: null,
      articles: 0,
    })
    expect(await listFeeds(library.pool)).toEqual([feed])
    expect(await loadFeed(library.pool, feed?.id ?? '')).toEqual(feed)
    expect(await loadFeed(library.pool, 'feed_none')).toBeUndefined()
    expect(await findFeedByUrl(library.pool, 'https://none.example')).toBeUndefined()
  })

  it('counts its articles, and stands in the order in which it was added', async () => {
    const one = await library.addFeed('https://z.example')
    // Two that are added within one tick of the clock have no order.
    await library.pool.query(`update feed set created_at = now() - interval '1 minute'`)
    const two = await library.addFeed('https://a.example')
    await library.publish(two, { guid: 'a' })
    await library.publish(two, { guid: 'b' })
    const feeds = await listFeeds(library.pool)
    expect(feeds.map(({ id, articles }) => [id, articles])).toEqual([
      [one, 0],
      [two, 2],
    ])
  })

  it('is due at once, and after a fetch in its own time', async () => {
    const id = await library.addFeed(URL)
    expect(await listDueFeeds(library.pool)).toEqual([id])
    await updateFeed(library.pool, id, { refreshMinutes: 5 })
    await recordFetched(library.pool, id, { title: 'One', state: null })
    expect(await listDueFeeds(library.pool)).toEqual([])
    expect(await secondsToNext(library, id)).toBeCloseTo(5 * MINUTE_SECONDS, -1)
    expect((await loadFeed(library.pool, id))?.lastFetchedAt).toBeInstanceOf(Date)
  })

  it('is due in the order of its time', async () => {
    const one = await library.addFeed('https://one.example')
    const two = await library.addFeed('https://two.example')
    const query = `update feed set next_fetch_at = now() - $2::interval where feed.id = $1::text`
    await library.pool.query(query, [one, '1 minute'])
    await library.pool.query(query, [two, '2 minutes'])
    expect(await listDueFeeds(library.pool)).toEqual([two, one])
  })

  it('takes its title from what was fetched, unless somebody gave it one', async () => {
    const id = await library.addFeed(URL)
    const fetched = (title: string | null) =>
      recordFetched(library.pool, id, { title, state: null })
    const title = async () => (await loadFeed(library.pool, id))?.title
    await fetched(null)
    expect(await title()).toBe('')
    await fetched('Theirs')
    await fetched('Theirs, later')
    expect(await title()).toBe('Theirs')
    await updateFeed(library.pool, id, { title: 'Mine' })
    await fetched('Theirs, again')
    expect(await title()).toBe('Mine')
  })

  it('keeps what a conditional request needs until something else comes or it is forgotten', async () => {
    const id = await library.addFeed(URL)
    const nothing = { etag: null, lastModified: null, bodyHash: null }
    const state = { etag: '"1"', lastModified: 'Sat, 01 Mar 2025 10:00:00 GMT', bodyHash: 'abc' }
    expect(await loadFeedState(library.pool, id)).toEqual(nothing)
    await recordFetched(library.pool, id, { title: null, state })
    expect(await loadFeedState(library.pool, id)).toEqual(state)
    await recordFetched(library.pool, id, { title: null, state: null })
    expect(await loadFeedState(library.pool, id)).toEqual(state)
    const next = { ...nothing, bodyHash: 'def' }
    await recordFetched(library.pool, id, { title: null, state: next })
    expect(await loadFeedState(library.pool, id)).toEqual(next)
    await forgetFeedState(library.pool, id)
    expect(await loadFeedState(library.pool, id)).toEqual(nothing)
    expect(await loadFeedState(library.pool, 'feed_none')).toBeUndefined()
  })

  it('is not due while it is paused, and is again when it goes on', async () => {
    const id = await library.addFeed(URL)
    expect(await updateFeed(library.pool, id, { paused: true })).toBe(true)
    expect(await listDueFeeds(library.pool)).toEqual([])
    expect((await loadFeed(library.pool, id))?.status).toBe('paused')
    await updateFeed(library.pool, id, { title: 'Still paused' })
    expect((await loadFeed(library.pool, id))?.status).toBe('paused')
    await updateFeed(library.pool, id, { paused: false })
    expect((await loadFeed(library.pool, id))?.status).toBe('ok')
    expect(await listDueFeeds(library.pool)).toEqual([id])
    expect(await updateFeed(library.pool, 'feed_none', { paused: true })).toBe(false)
  })

  it('refuses a time between fetches that nobody may ask for', async () => {
    for (const refreshMinutes of [0, 10_081])
      await expect(insertFeed(library.pool, { url: URL, refreshMinutes })).rejects.toThrow(
        'feed_refresh_minutes_check',
      )
  })

  it('is asked no more when it has ended, and keeps its articles', async () => {
    const id = await library.addFeed(URL)
    await library.publish(id, { guid: 'a' })
    await recordEnded(library.pool, id)
    expect(await loadFeed(library.pool, id)).toMatchObject({ status: 'ended', articles: 1 })
    expect((await loadFeed(library.pool, id))?.problem).toContain('410')
    expect(await listDueFeeds(library.pool)).toEqual([])
  })
}

function describeCounts(library: LibraryUnderTest): void {
  it('are counted by their status, and a status that none has is left out', async () => {
    await library.addFeed()
    const counts = await countFeeds(library.pool)
    const statuses = (await listFeeds(library.pool)).map(({ status }) => status)
    expect(counts.length).toBeGreaterThan(0)
    for (const { status, count } of counts) {
      expect(count).toBe(statuses.filter((each) => each === status).length)
    }
    expect(new Set(counts.map(({ status }) => status))).toEqual(new Set(statuses))
  })
}

function describeFailing(library: LibraryUnderTest): void {
  it('is tried again in a minute, then in twice the time, up to a day and a quarter', async () => {
    const id = await library.addFeed(URL)
    // 60 s × 2^n: 1, 2, 4 … 1024 minutes, and from the twelfth failure on a day.
    for (let failures = 0; failures < 14; failures += 1) {
      await recordFailure(library.pool, id, FAILURE)
      const least = Math.min(MINUTE_SECONDS * 2 ** failures, DAY_SECONDS)
      const seconds = await secondsToNext(library, id)
      expect(seconds).toBeGreaterThan(least - 5)
      expect(seconds).toBeLessThan(least * 1.25)
    }
  })

  it('waits as long as the server says', async () => {
    const id = await library.addFeed(URL)
    await recordFailure(library.pool, id, { ...FAILURE, retryAfter: 7_200 })
    expect(await secondsToNext(library, id)).toBeCloseTo(7_200, -1)
  })

  it('says so with its problem until a fetch succeeds, and begins anew then', async () => {
    const id = await library.addFeed(URL)
    for (let failures = 0; failures < 5; failures += 1)
      await recordFailure(library.pool, id, FAILURE)
    expect(await loadFeed(library.pool, id)).toMatchObject({
      status: 'failing',
      problem: FAILURE.problem,
    })
    await recordFetched(library.pool, id, { title: null, state: null })
    expect(await loadFeed(library.pool, id)).toMatchObject({ status: 'ok', problem: null })
    await recordFailure(library.pool, id, FAILURE)
    expect(await secondsToNext(library, id)).toBeLessThan(1.25 * MINUTE_SECONDS)
  })

  it('stays paused while it is, and is failing still when it goes on', async () => {
    const id = await library.addFeed(URL)
    await updateFeed(library.pool, id, { paused: true })
    await recordFailure(library.pool, id, FAILURE)
    expect((await loadFeed(library.pool, id))?.status).toBe('paused')
    await updateFeed(library.pool, id, { paused: false })
    expect((await loadFeed(library.pool, id))?.status).toBe('failing')
  })
}

function describeProgress(library: LibraryUnderTest): void {
  const REFRESH = '00000000-0000-4000-8000-000000000001'

  it('counts feeds that were never read to the end, articles, and those under way', async () => {
    const id = await library.addFeed(URL)
    const paused = await library.addFeed('https://paused.example')
    await updateFeed(library.pool, paused, { paused: true })
    expect(await loadCorpusProgress(library.pool)).toEqual({
      untried: 1,
      articles: 0,
      waiting: 0,
      failed: 0,
    })
    await library.publish(id, { guid: 'a' })
    await insertRefresh(library.pool, REFRESH, id)
    await startRefresh(library.pool, REFRESH)
    await expectArticles(library.pool, REFRESH, ['b', 'c'])
    expect(await loadCorpusProgress(library.pool)).toEqual({
      untried: 1,
      articles: 1,
      waiting: 2,
      failed: 0,
    })
  })

  it('has tried a feed whose refresh has ended', async () => {
    const id = await library.addFeed(URL)
    await insertRefresh(library.pool, REFRESH, id)
    await startRefresh(library.pool, REFRESH)
    await expectArticles(library.pool, REFRESH, [])
    expect(await loadCorpusProgress(library.pool)).toEqual({
      untried: 0,
      articles: 0,
      waiting: 0,
      failed: 0,
    })
  })
}

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openFeedServer, type FeedServer } from '../../test/feed-server.ts'
import { findBrokenInvariants } from '../../test/library-invariants.ts'
import { openTestServices, type TestServices } from '../../test/open-test-services.ts'
import { BAKING, HEATING, LIBRARY, LISTENING, toRss, type TestItem } from '../../test/test-feed.ts'
import { listArticles, loadRevision } from '../store/articles.ts'
import { loadCorpus } from '../store/corpus.ts'
import { listDueFeeds, loadFeed, loadFeedState, type Feed } from '../store/feeds.ts'
import { loadRefresh } from '../store/refreshes.ts'
import { addFeed, removeFeed } from './manage-feeds.ts'
import { requestRefresh } from './refresh-feed.ts'

let server: FeedServer
let test: TestServices
let paths = 0

beforeAll(async () => {
  server = await openFeedServer()
  test = await openTestServices({ privateAllow: [server.host] })
})

afterAll(async () => {
  await test[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

afterEach(async () => {
  test.embedding.fault = undefined
  test.freeBytes = Number.POSITIVE_INFINITY
  test.errors.length = 0
  expect(await findBrokenInvariants(test.services.database.pool)).toEqual([])
})

const db = () => test.services.database.pool

/** A path of the feed server that no other test has. */
function newPath(): string {
  paths += 1
  return `/feed-${paths}.xml`
}

async function read(items: readonly TestItem[]): Promise<{ feed: Feed; path: string }> {
  const path = newPath()
  server.set(path, { body: toRss(items) })
  return { path, feed: await test.readFeed(server.url(path)) }
}

function articlesOf(feed: Feed) {
  return listArticles(db(), { feed: [feed.id] }, { after: null, limit: 100 })
}

async function titlesOf(feed: Feed): Promise<readonly string[]> {
  return (await articlesOf(feed)).map(({ title }) => title).sort()
}

const titles = (items: readonly TestItem[]) => items.map(({ title }) => title).sort()

/** What a refresh embeds, and by how much the library's revision grows. */
async function costOf(work: () => Promise<unknown>) {
  const texts = test.embedding.texts.length
  const { revision } = await loadCorpus(db())
  await work()
  return {
    embedded: test.embedding.texts.slice(texts),
    changes: (await loadCorpus(db())).revision - revision,
  }
}

describe('a feed', () => {
  it.each([
    ['a file', (text: string) => test.writeFeed(text)],
    [
      'an address',
      (text: string) => {
        const path = newPath()
        server.set(path, { body: text })
        return server.url(path)
      },
    ],
  ])('that is %s is read once, and the same again costs nothing', async (_kind, publish) => {
    const feed = await test.readFeed(publish(toRss(LIBRARY)))
    expect(await titlesOf(feed)).toEqual(titles(LIBRARY))
    const again = await costOf(() => test.refresh(feed.id))
    expect(again).toEqual({ embedded: [], changes: 0 })
    expect(await loadFeed(db(), feed.id)).toMatchObject({ status: 'ok', title: 'A test feed' })
  })

  it('whose own words change, and not its articles, costs nothing either', async () => {
    const { feed, path } = await read(LIBRARY)
    server.set(path, { body: toRss(LIBRARY.toReversed(), 'Another title') })
    expect(await costOf(() => test.refresh(feed.id))).toEqual({ embedded: [], changes: 0 })
    // The first title stays: its reader may have got used to it, or changed it.
    expect(await loadFeed(db(), feed.id)).toMatchObject({ title: 'A test feed' })
  })

  it('is asked for by what it said last time, and 304 costs nothing', async () => {
    const path = newPath()
    const headers = { etag: '"one"', 'last-modified': 'Mon, 02 Mar 2026 09:00:00 GMT' }
    server.set(path, { headers, body: toRss(LIBRARY) })
    const feed = await test.readFeed(server.url(path))
    const before = server.conditional
    expect(await costOf(() => test.refresh(feed.id))).toEqual({ embedded: [], changes: 0 })
    expect(server.conditional).toBe(before + 1)
    expect(server.requests.at(-1)?.headers).toMatchObject({
      'if-none-match': '"one"',
      'if-modified-since': 'Mon, 02 Mar 2026 09:00:00 GMT',
    })
    expect(await titlesOf(feed)).toEqual(titles(LIBRARY))
  })

  it('is read by its body: the same ETag hides no change, and another one makes none', async () => {
    const path = newPath()
    const serve = (etag: string, items: readonly TestItem[]) =>
      server.set(path, { headers: { ETag: etag }, body: toRss(items) })
    serve('W/"1"', [LISTENING])
    const feed = await test.readFeed(server.url(path))
    serve('W/"2"', [LISTENING])
    expect(await costOf(() => test.refresh(feed.id))).toEqual({ embedded: [], changes: 0 })
    serve('W/"2"', [LISTENING, BAKING])
    await test.refresh(feed.id)
    expect(await titlesOf(feed)).toEqual(titles([LISTENING, BAKING]))
  })

  it('that answers 410 has ended: it is asked no more, and its articles stay', async () => {
    const { feed, path } = await read([BAKING])
    server.set(path, { status: 410 })
    await test.refresh(feed.id)
    expect(await loadFeed(db(), feed.id)).toMatchObject({ status: 'ended', articles: 1 })
    await makeDue(feed)
    expect(await listDueFeeds(db())).not.toContain(feed.id)
  })
})

async function makeDue({ id }: Feed): Promise<void> {
  await db().query('update feed set next_fetch_at = now() where feed.id = $1::text', [id])
}

describe('an article', () => {
  it('that changed has a new revision, is embedded alone, and keeps its old text', async () => {
    const { feed, path } = await read(LIBRARY)
    const before = (await articlesOf(feed)).find(({ title }) => title === BAKING.title)
    const html = '<p>Rye dough rests for sixteen hours.</p>'
    server.set(path, { body: toRss([LISTENING, { ...BAKING, html }, HEATING]) })
    const { embedded } = await costOf(() => test.refresh(feed.id))
    expect(embedded).toEqual([
      expect.stringContaining('Rye dough rests for sixteen hours.') as string,
      'Rye dough rests for sixteen hours.',
    ])
    const after = (await articlesOf(feed)).find(({ title }) => title === BAKING.title)
    expect(after).toMatchObject({ id: before?.id, revision: 2 })
    const texts = [1, 2].map(async (n) => (await loadRevision(db(), after?.id ?? '', n))?.text)
    expect(await Promise.all(texts)).toEqual([
      expect.stringContaining('twelve hours') as string,
      'Rye dough rests for sixteen hours.',
    ])
  })

  it('of which only what stands beside the text changed is not embedded again', async () => {
    const { feed, path } = await read([BAKING])
    server.set(path, { body: toRss([{ ...BAKING, author: 'Cy', categories: ['bread'] }]) })
    expect((await costOf(() => test.refresh(feed.id))).embedded).toEqual([])
    expect(await articlesOf(feed)).toMatchObject([
      { author: 'Cy', categories: ['bread'], revision: 1 },
    ])
  })

  it('that leaves the feed stays, and so do all where the feed has none', async () => {
    const { feed, path } = await read(LIBRARY)
    for (const items of [[LISTENING], []]) {
      server.set(path, { body: toRss(items) })
      expect(await test.refresh(feed.id)).toMatchObject({ state: 'done', total: 0 })
      expect(await titlesOf(feed)).toEqual(titles(LIBRARY))
    }
    expect(await loadFeed(db(), feed.id)).toMatchObject({ status: 'ok', problem: null })
  })
})

describe('guids', () => {
  const plain = (number: number, item: Partial<TestItem> = {}): TestItem => ({
    title: `Article ${number}`,
    html: `<p>This is what article ${number} says.</p>`,
    url: `https://blog.example/${number}`,
    ...item,
  })

  it.each<readonly [string, (fetch: number) => readonly TestItem[]]>([
    ['are missing', () => [plain(1), plain(2), plain(3)]],
    ['and addresses are missing', () => [1, 2, 3].map((n) => plain(n, { url: undefined }))],
    ['are the same for all', () => [1, 2, 3].map((n) => plain(n, { guid: 'same' }))],
    ['change each time', (fetch) => [1, 2, 3].map((n) => plain(n, { guid: `${fetch}-${n}` }))],
    [
      'change each time and no address helps',
      (fetch) => [1, 2, 3].map((n) => plain(n, { guid: `${fetch}-${n}`, url: undefined })),
    ],
    [
      'are addresses with a mark of each visit',
      (fetch) =>
        [1, 2, 3].map((n) => {
          const url = `https://blog.example/${n}?utm_source=visit-${fetch}`
          return plain(n, { url, guid: url })
        }),
    ],
    [
      'change and all addresses are the site’s own',
      (fetch) =>
        [1, 2, 3].map((n) => plain(n, { guid: `${fetch}-${n}`, url: 'https://blog.example/' })),
    ],
    [
      'come and go',
      (fetch) => [1, 2, 3].map((n) => plain(n, fetch % 2 === 0 ? {} : { guid: `guid-${n}` })),
    ],
  ])('that %s make no article twice in five refreshes', async (_name, itemsOf) => {
    const { feed, path } = await read(itemsOf(0))
    const ids = (await articlesOf(feed)).map(({ id }) => id).sort()
    expect(ids).toHaveLength(3)
    for (const fetch of [1, 2, 3, 4, 5]) {
      server.set(path, { body: toRss(itemsOf(fetch)) })
      await test.refresh(feed.id)
      const articles = await articlesOf(feed)
      expect(articles.map(({ id }) => id).sort()).toEqual(ids)
      expect(articles.map(({ revision }) => revision)).toEqual([1, 1, 1])
    }
  })
})

describe('a feed that fails', () => {
  it.each([
    ['an HTML page', { body: '<!doctype html><html><body>Welcome</body></html>' }, 'HTML page'],
    ['JSON that is no feed', { body: '{"hello":"world"}' }, 'not a feed'],
    ['nothing', { body: '' }, 'empty'],
    ['cut off', { body: toRss(LIBRARY).slice(0, -200) }, 'cut off'],
    ['not found', { status: 404 }, '404'],
    ['broken', { status: 500 }, '500'],
  ])('because it is %s says so, and its articles stay', async (_name, reply, problem) => {
    const { feed, path } = await read([LISTENING, BAKING])
    server.set(path, reply)
    const { changes } = await costOf(async () => {
      const refresh = await test.refresh(feed.id)
      expect(refresh).toMatchObject({ state: 'failed', total: 0 })
      expect(refresh.error).toContain(problem)
    })
    const failing = await loadFeed(db(), feed.id)
    expect(failing).toMatchObject({ status: 'failing', articles: 2 })
    expect(failing?.problem).toContain(problem)
    expect(changes).toBe(0)

    server.set(path, { body: toRss(LIBRARY) })
    await test.refresh(feed.id)
    expect(await loadFeed(db(), feed.id)).toMatchObject({
      status: 'ok',
      problem: null,
      articles: 3,
    })
  })

  it('is asked again after one minute, then two, then four, and a quarter more at the most', async () => {
    const { feed, path } = await read([])
    server.set(path, { status: 500 })
    for (const seconds of [60, 120, 240]) {
      await test.refresh(feed.id)
      const waits = await waitSeconds(feed)
      expect(waits).toBeGreaterThan(seconds - 10)
      expect(waits).toBeLessThan(seconds * 1.25 + 1)
    }
  })

  it('with a time to come again is asked again then', async () => {
    const { feed, path } = await read([])
    server.set(path, { status: 503, headers: { 'retry-after': '900' } })
    await test.refresh(feed.id)
    expect(Math.abs((await waitSeconds(feed)) - 900)).toBeLessThan(10)
  })

  it('leaves the others alone', async () => {
    const { feed, path } = await read([])
    server.set(path, { status: 500 })
    await test.refresh(feed.id)
    const other = await read([HEATING])
    expect(await loadFeed(db(), other.feed.id)).toMatchObject({ status: 'ok', articles: 1 })
  })
})

async function waitSeconds({ id }: Feed): Promise<number> {
  const feed = await loadFeed(db(), id)
  return ((feed?.nextFetchAt.getTime() ?? 0) - Date.now()) / 1000
}

describe('an embedder', () => {
  const marker = HEATING.title

  it('that fails on one article costs that one, which the next refresh tries again', async () => {
    const path = newPath()
    server.set(path, { headers: { etag: '"same"' }, body: toRss(LIBRARY) })
    test.embedding.fault = (vectors, texts) => {
      if (texts.some((text) => text.includes(marker))) throw new Error('Poison.')
      return vectors
    }
    const { feed } = await addFeed(test.services, { url: server.url(path), refreshMinutes: 60 })
    const { id } = await requestRefresh(test.services, feed.id)
    const refresh = await test.ended(id)
    expect(refresh).toMatchObject({ state: 'failed', total: 3, done: 3 })
    expect(refresh.error).toContain(`“${marker}” could not be ingested`)
    expect(refresh.error).toContain('did not answer')
    expect(await titlesOf(feed)).toEqual(titles([LISTENING, BAKING]))
    // Else the next fetch would be answered with 304, and the article be missing for ever.
    expect(await loadFeedState(db(), feed.id)).toEqual({
      etag: null,
      lastModified: null,
      bodyHash: null,
    })

    test.embedding.fault = undefined
    expect(await test.refresh(feed.id)).toMatchObject({ state: 'done', total: 1 })
    expect(await titlesOf(feed)).toEqual(titles(LIBRARY))
  })

  it('that answers with broken vectors has nothing published, and what was there stays', async () => {
    const faults: Readonly<Record<string, (vectors: number[][]) => number[][]>> = {
      'No numbers': (vectors) => vectors.map((vector) => vector.map(() => NaN)),
      Infinity: ([first = [], ...rest]) => [first.map(() => Infinity), ...rest],
      Zeros: (vectors) => vectors.map((vector) => vector.map(() => 0)),
      'One too few': (vectors) => vectors.slice(1),
      'Two sizes': ([first = [], ...rest]) => [first.slice(1), ...rest],
      'No size': (vectors) => vectors.map(() => []),
    }
    const { feed, path } = await read([{ ...BAKING, title: 'Zeros' }])
    test.embedding.fault = (vectors, texts) => {
      const [, fault] = Object.entries(faults).find(([title]) => texts[0]?.includes(title)) ?? []
      return fault === undefined ? vectors : fault(vectors)
    }
    const html = '<p>This article has not been read before.</p>'
    const items = Object.keys(faults).map((title) => ({ title, guid: title, html }))
    server.set(path, {
      body: toRss([{ ...BAKING, title: 'Zeros', html }, ...items.slice(3), ...items.slice(0, 2)]),
    })
    const { changes } = await costOf(async () => {
      expect(await test.refresh(feed.id)).toMatchObject({ state: 'failed', total: 6, done: 6 })
    })
    expect(changes).toBe(0)
    expect(await articlesOf(feed)).toMatchObject([{ title: 'Zeros', revision: 1 }])
  })
})

describe('a disk that is nearly full', () => {
  it('stops the refresh before anything is fetched, and it goes on when there is space', async () => {
    const { feed, path } = await read([BAKING])
    server.set(path, { body: toRss(LIBRARY) })
    const requests = server.requests.length
    test.freeBytes = 10 * 1024 * 1024
    const refresh = await test.refresh(feed.id)
    expect(refresh).toMatchObject({ state: 'failed', errorCode: 'storage-full' })
    expect(refresh.error).toContain('disk is nearly full')
    expect(await loadFeed(db(), feed.id)).toMatchObject({ status: 'failing', articles: 1 })
    expect(server.requests.length).toBe(requests)

    test.freeBytes = Number.POSITIVE_INFINITY
    await test.refresh(feed.id)
    expect(await loadFeed(db(), feed.id)).toMatchObject({ status: 'ok', articles: 3 })
  })

  it('stops the articles of a refresh that has begun', async () => {
    const { feed, path } = await read([])
    server.set(path, { body: toRss(MANY) })
    test.embedding.fault = (vectors) => {
      test.freeBytes = 10 * 1024 * 1024
      return vectors
    }
    const { embedded } = await costOf(async () => {
      const refresh = await test.refresh(feed.id)
      expect(refresh.error).toContain('disk is nearly full')
    })
    expect(titlesIn(embedded).length).toBeLessThanOrEqual(AT_ONCE)
    expect(await titlesOf(feed)).toEqual(titlesIn(embedded))
  })
})

const MANY: readonly TestItem[] = Array.from({ length: 8 }, (_, at) => ({
  title: `Item ${at}`,
  html: `<p>Item ${at} says this.</p>`,
  guid: String(at),
}))
/** Of articles: what is under way may end when something stops the rest. */
const AT_ONCE = 2

/** Those of the many whose texts are among these. */
function titlesIn(texts: readonly string[]): readonly string[] {
  return titles(MANY).filter((title) => texts.some((text) => text.startsWith(title)))
}

describe('a feed that is deleted', () => {
  it('while it is fetched leaves nothing behind', async () => {
    const path = newPath()
    let release = (): void => undefined
    server.set(path, {
      body: toRss(LIBRARY),
      after: new Promise((resolve) => (release = resolve)),
    })
    const { feed } = await addFeed(test.services, { url: server.url(path), refreshMinutes: 60 })
    while (!server.requests.some(({ url }) => url === path)) await sleep(5)
    const { embedded } = await costOf(async () => {
      await removeFeed(test.services, feed.id)
      release()
      await untilQuiet()
    })
    expect(embedded).toEqual([])
    expect(await articlesOf(feed)).toEqual([])
  })

  it('while its articles are embedded has no further one embedded', async () => {
    const path = newPath()
    server.set(path, { body: toRss(MANY) })
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => (release = resolve))
    test.embedding.fault = (vectors) => held.then(() => vectors)
    const texts = test.embedding.texts.length
    const { feed } = await addFeed(test.services, { url: server.url(path), refreshMinutes: 60 })
    while (test.embedding.texts.length === texts) await sleep(5)
    await removeFeed(test.services, feed.id)
    release()
    await untilQuiet()
    expect(titlesIn(test.embedding.texts.slice(texts)).length).toBeLessThanOrEqual(AT_ONCE)
    expect(await articlesOf(feed)).toEqual([])
  })
})

/** Until no job of ours waits or runs; what failed is tried again at once. */
async function untilQuiet(): Promise<void> {
  for (;;) {
    await db().query(`update pgboss.job set start_after = now() where state = 'retry'`)
    for (const kind of ['refresh-feed', 'ingest-article'] as const) test.services.queue.wake(kind)
    const { rows } = await db().query<{ count: number }>(
      `select count(*)::integer as count from pgboss.job
       where state < 'completed' and name in ('refresh-feed', 'ingest-article', 'given-up')`,
    )
    if (rows[0]?.count === 0) return
    await sleep(20)
  }
}

describe('two refreshes of one feed', () => {
  it('run one after the other, and the second ends as well', async () => {
    const path = newPath()
    let release = (): void => undefined
    const after = new Promise<void>((resolve) => (release = resolve))
    server.set(path, { body: toRss(LIBRARY), after })
    const { feed } = await addFeed(test.services, { url: server.url(path), refreshMinutes: 60 })
    while (!server.requests.some(({ url }) => url === path)) await sleep(5)
    const second = await requestRefresh(test.services, feed.id)
    expect(await loadRefresh(db(), second.id)).toMatchObject({ state: 'waiting' })
    release()
    expect(await test.ended(second.id)).toMatchObject({ state: 'done', total: 0 })
    expect(await titlesOf(feed)).toEqual(titles(LIBRARY))
  })
})

describe('the schedule', () => {
  it('refreshes the feeds that are due, and those alone', async () => {
    const due = await read([BAKING])
    const paused = await read([BAKING])
    const later = await read([BAKING])
    await db().query(`update feed set status = 'paused' where feed.id = $1::text`, [paused.feed.id])
    const before = server.requests.length
    await makeDue(due.feed)
    await makeDue(paused.feed)
    await test.services.queue.send('refresh-due-feeds', {})
    while (server.requests.length === before) await sleep(10)
    await untilQuiet()
    const asked = server.requests.slice(before).map(({ url }) => url)
    expect(asked).toContain(due.path)
    expect(asked).not.toContain(paused.path)
    expect(asked).not.toContain(later.path)
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { contractFaults } from '../../test/contract.ts'
import { openFeedServer, type FeedServer } from '../../test/feed-server.ts'
import { openTestApp, type Reply, type TestApp } from '../../test/open-test-app.ts'
import { openTestServices, type TestServices } from '../../test/open-test-services.ts'
import { createScriptedChat } from '../../test/scripted-chat.ts'
import { BAKING, HEATING, LISTENING, toRss } from '../../test/test-feed.ts'
import type { answerSchema, feedSchema, jobSchema, keptAnswerSchema } from './schemas.ts'

type Feed = z.infer<typeof feedSchema>
type Job = z.infer<typeof jobSchema>

const HANDBOOK = 'footnote:handbook'
const chat = createScriptedChat({ script: { pieces: [] } })
let server: FeedServer
let test: TestServices
let app: TestApp
let door: TestApp

beforeAll(async () => {
  server = await openFeedServer()
  test = await openTestServices({ chat, privateAllow: [server.host] })
  app = await openTestApp({ services: () => test.services })
  door = await openTestApp({ services: () => test.services, isDoor: true })
})

afterAll(async () => {
  await door[Symbol.asyncDispose]()
  await app[Symbol.asyncDispose]()
  await test[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

async function call(what: string, template: string, body?: object): Promise<Reply> {
  const reply = await app.call(what, body === undefined ? {} : { body })
  expect(contractFaults(`${what.split(' ')[0]} ${template}`, reply)).toEqual([])
  return reply
}

async function add(path: string): Promise<Feed> {
  const reply = await call('POST /v1/feeds', '/v1/feeds', { url: server.url(path) })
  expect(reply.status).toBe(201)
  return reply.json as Feed
}

async function listFeeds(): Promise<readonly Feed[]> {
  const { json } = await call('GET /v1/feeds', '/v1/feeds')
  return (json as { items: readonly Feed[] }).items
}

async function findFeed(id: string): Promise<Feed | undefined> {
  return (await listFeeds()).find((feed) => feed.id === id)
}

async function remove(id: string): Promise<void> {
  expect((await call(`DELETE /v1/feeds/${id}`, '/v1/feeds/{id}')).status).toBe(204)
}

async function refresh(id: string): Promise<Job> {
  const reply = await call(`POST /v1/feeds/${id}/refresh`, '/v1/feeds/{id}/refresh')
  expect(reply.status).toBe(202)
  const job = reply.json as Job
  expect(reply.headers.location).toBe(`/v1/jobs/${job.id}`)
  return job
}

async function ended(job: Job): Promise<Job> {
  await test.ended(job.id)
  return (await call(`GET /v1/jobs/${job.id}`, '/v1/jobs/{id}')).json as Job
}

describe('a feed', () => {
  it('is added with 201, and fetched at once', async () => {
    server.set('/added', { body: toRss([LISTENING, BAKING], 'Added') })
    const reply = await call('POST /v1/feeds', '/v1/feeds', {
      url: server.url('/added'),
      refreshMinutes: 30,
    })
    expect(reply.status).toBe(201)
    const feed = reply.json as Feed
    expect(reply.headers.location).toBe(`/v1/feeds/${feed.id}`)
    expect(feed).toMatchObject({ url: server.url('/added'), status: 'ok', refreshMinutes: 30 })
    await ended(await refresh(feed.id))
    expect(await findFeed(feed.id)).toMatchObject({
      title: 'Added',
      articles: 2,
      problem: null,
      lastFetchedAt: expect.any(String) as string,
      nextFetchAt: expect.any(String) as string,
    })
    await remove(feed.id)
  })

  it('that is there already is answered with 200, and stays as it is', async () => {
    server.set('/twice', { body: toRss([]) })
    const feed = await add('/twice')
    const body = { url: server.url('/twice'), refreshMinutes: 5 }
    const again = await call('POST /v1/feeds', '/v1/feeds', body)
    expect(again).toMatchObject({ status: 200, json: { id: feed.id, refreshMinutes: 60 } })
    await remove(feed.id)
  })

  it('is renamed, rescheduled and paused', async () => {
    server.set('/changed', { body: toRss([], 'Its own title') })
    const feed = await add('/changed')
    const path = `PATCH /v1/feeds/${feed.id}`
    const change = { title: 'My title', refreshMinutes: 5, paused: true }
    const paused = await call(path, '/v1/feeds/{id}', change)
    expect(paused).toMatchObject({
      status: 200,
      json: { title: 'My title', refreshMinutes: 5, status: 'paused', nextFetchAt: null },
    })
    const resumed = await call(path, '/v1/feeds/{id}', { paused: false })
    expect(resumed).toMatchObject({ json: { title: 'My title', status: 'ok' } })
    await ended(await refresh(feed.id))
    expect(await findFeed(feed.id)).toMatchObject({ title: 'My title' })
    await remove(feed.id)
  })

  it.each(['/etc/passwd', 'file:///etc/passwd', 'ftp://blog.example/', 'blog.example', ' '])(
    'is no %j over TCP',
    async (url) => {
      const reply = await call('POST /v1/feeds', '/v1/feeds', { url })
      expect(reply).toMatchObject({
        status: 400,
        json: {
          code: 'invalid-request',
          errors: [{ path: '/url', message: expect.stringContaining('http') as string }],
        },
      })
    },
  )

  it('may be a file through the door', async () => {
    const url = test.writeFeed(toRss([HEATING]))
    const reply = await door.call('POST /v1/feeds', { body: { url } })
    expect(reply).toMatchObject({ status: 201, json: { url } })
    const { id } = reply.json as Feed
    await ended(await refresh(id))
    expect(await findFeed(id)).toMatchObject({ articles: 1 })
    await remove(id)
  })

  it('may not be a relative path through the door either', async () => {
    const reply = await door.call('POST /v1/feeds', { body: { url: 'feed.xml' } })
    expect(reply).toMatchObject({
      status: 400,
      json: { errors: [{ message: 'must be an http or https address or an absolute path' }] },
    })
  })

  it('on a private network that no setting allows fails, and nothing is sent there', async () => {
    await using sink = await openFeedServer()
    const body = { url: sink.url('/feed.xml') }
    const feed = (await call('POST /v1/feeds', '/v1/feeds', body)).json as Feed
    const job = await ended(await refresh(feed.id))
    expect(job).toMatchObject({ state: 'failed' })
    expect(job.error).toContain('could not be reached')
    expect(await findFeed(feed.id)).toMatchObject({ status: 'failing', problem: job.error })
    expect(sink.requests).toEqual([])
    await remove(feed.id)
  })

  it.each([
    ['PATCH', ''],
    ['DELETE', ''],
    ['POST', '/refresh'],
  ])('that is not there is not found by %s', async (method, suffix) => {
    const body = method === 'DELETE' ? undefined : {}
    const reply = await call(
      `${method} /v1/feeds/feed_none${suffix}`,
      `/v1/feeds/{id}${suffix}`,
      body,
    )
    expect(reply).toMatchObject({ status: 404, json: { code: 'not-found' } })
  })

  it.each([
    [{ refreshMinutes: 0 }, '/refreshMinutes'],
    [{ refreshMinutes: 10_081 }, '/refreshMinutes'],
    [{ refreshMinutes: '5' }, '/refreshMinutes'],
    [{ title: '' }, '/title'],
    [{ title: 'a\0b' }, '/title'],
    [{ paused: 'true' }, '/paused'],
    [{ colour: 'red' }, ''],
  ])('is not changed by %j', async (body, path) => {
    const reply = await call('PATCH /v1/feeds/feed_none', '/v1/feeds/{id}', body)
    expect(reply).toMatchObject({ status: 400, json: { errors: [{ path }] } })
  })
})

describe('the handbook', () => {
  it('gives its place to the first feed, and comes back behind the last', async () => {
    expect(await listFeeds()).toMatchObject([{ url: HANDBOOK }])
    server.set('/first', { body: toRss([]) })
    const feed = await add('/first')
    expect((await listFeeds()).map(({ id }) => id)).toEqual([feed.id])
    await remove(feed.id)
    expect(await listFeeds()).toMatchObject([{ url: HANDBOOK }])
  })
})

describe('a refresh', () => {
  it('counts the articles that are new or changed, and ends when they are read', async () => {
    server.set('/counted', { body: toRss([LISTENING]) })
    const feed = await add('/counted')
    await ended(await refresh(feed.id))
    server.set('/counted', { body: toRss([LISTENING, BAKING, HEATING]) })
    expect(await ended(await refresh(feed.id))).toEqual({
      id: expect.any(String) as string,
      kind: 'refresh-feed',
      state: 'done',
      progress: { done: 2, total: 2 },
      error: null,
      code: null,
    })
    await remove(feed.id)
  })

  it('is one for all that ask while it waits, and at most one more runs', async () => {
    let release = (): void => undefined
    const after = new Promise<void>((resolve) => (release = resolve))
    server.set('/asked', { body: toRss([LISTENING]), after })
    const feed = await add('/asked')
    const jobs = await Promise.all(Array.from({ length: 20 }, () => refresh(feed.id)))
    release()
    expect(new Set(jobs.map(({ id }) => id)).size).toBeLessThanOrEqual(2)
    for (const job of jobs) expect(await ended(job)).toMatchObject({ state: 'done' })
    expect(await findFeed(feed.id)).toMatchObject({ articles: 1 })
    await remove(feed.id)
  })

  it('that fails says what the feed says of it', async () => {
    server.set('/page', { body: '<!doctype html><html><body>No feed.</body></html>' })
    const feed = await add('/page')
    const job = await ended(await refresh(feed.id))
    expect(job).toMatchObject({
      state: 'failed',
      progress: { done: 0, total: 0 },
      code: 'feed-invalid',
    })
    expect(job.error).toContain('HTML page')
    expect(await findFeed(feed.id)).toMatchObject({ status: 'failing', problem: job.error })
    await remove(feed.id)
  })

  it.each(['x', '00000000-0000-0000-0000-000000000000', '------------------------------------'])(
    'is not found as job %s',
    async (id) => {
      const reply = await call(`GET /v1/jobs/${id}`, '/v1/jobs/{id}')
      expect(reply).toMatchObject({ status: 404, json: { code: 'not-found' } })
    },
  )
})

describe('a deleted feed', () => {
  it('takes its articles along, and the quotes that kept answers have of them', async () => {
    server.set('/gone', { body: toRss([LISTENING]) })
    const feed = await add('/gone')
    await ended(await refresh(feed.id))
    const quote = 'A NOTIFY payload is limited to 8000 bytes.'
    chat.script = { pieces: [quote] }
    const asked = await app.call('POST /v1/chat', { body: { question: 'How large is NOTIFY?' } })
    const answer = asked.json as z.infer<typeof answerSchema>
    expect(answer.citations).toMatchObject([{ quote }])

    await remove(feed.id)

    const reply = await call(`GET /v1/answers/${answer.id}`, '/v1/answers/{id}')
    const kept = reply.json as z.infer<typeof keptAnswerSchema>
    expect(kept.citations.map((citation) => citation.quote)).toEqual([''])
    expect(kept.sources.map(({ text }) => text)).toEqual(answer.sources.map(() => ''))
    expect(kept.trace.passages).toEqual([])
    const articleId = answer.citations[0]?.articleId
    expect((await app.call(`GET /v1/articles/${articleId}`)).status).toBe(404)
    const found = await app.call('GET /v1/search?q=NOTIFY+payload')
    expect(
      (found.json as { passages: readonly { articleId: string }[] }).passages,
    ).not.toContainEqual(expect.objectContaining({ articleId }))
  })
})

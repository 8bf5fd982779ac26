import { createServer, type RequestListener } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { BaseTracer } from '@langchain/core/tracers/base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTestApp, type TestApp } from '../../test/open-test-app.ts'
import { openTestServices, type TestServices } from '../../test/open-test-services.ts'
import { BAKING, HEATING, LIBRARY, LIMIT, LISTENING, toRss } from '../../test/test-feed.ts'
import { FootnoteRetriever, type FootnoteRetrieverOptions } from './footnote-retriever.ts'

const QUESTION = 'How large may a NOTIFY payload be?'
const KEY = 'key-of-the-test'

let test: TestServices
let app: TestApp
let keyed: TestApp
const urlOf = ({ port }: Pick<TestApp, 'port'>) => `http://127.0.0.1:${port}`

beforeAll(async () => {
  test = await openTestServices()
  await test.readFeed(test.writeFeed(toRss(LIBRARY)))
  app = await openTestApp({ services: () => test.services })
  keyed = await openTestApp({ services: () => test.services, apiKey: KEY })
})

afterAll(async () => {
  await app[Symbol.asyncDispose]()
  await keyed[Symbol.asyncDispose]()
  await test[Symbol.asyncDispose]()
})

function retrieverWith(options: Partial<FootnoteRetrieverOptions> = {}): FootnoteRetriever {
  return new FootnoteRetriever({ url: urlOf(app), ...options })
}

async function titles(options: Partial<FootnoteRetrieverOptions>): Promise<readonly string[]> {
  const documents = await retrieverWith(options).invoke('payload dough heater')
  return [...new Set(documents.map(({ metadata }) => metadata.title))].sort()
}

describe('a retriever', () => {
  it('gives the passages as documents, the best first, with where they stand', async () => {
    const documents = await retrieverWith().invoke(QUESTION)
    const [best] = documents
    expect(best?.pageContent).toContain(LIMIT)
    expect(best?.metadata).toEqual({
      articleId: expect.any(String) as string,
      revision: 1,
      url: 'https://blog.example/listening',
      title: LISTENING.title,
      heading: 'Limits',
      publishedAt: '2026-03-02T09:00:00.000Z',
      start: expect.any(Number) as number,
      end: expect.any(Number) as number,
      scores: { keyword: 1, vector: 1, fused: 1 },
    })
    const fused = documents.map(({ metadata }) => metadata.scores.fused)
    expect(fused).toEqual(fused.toSorted((a, b) => b - a))
  })

  it('points each document into the text of its revision', async () => {
    for (const { pageContent, metadata } of await retrieverWith().invoke(QUESTION)) {
      const { articleId, revision, start, end } = metadata
      const { json } = await app.call(`GET /v1/articles/${articleId}/revisions/${revision}`)
      expect((json as { text: string }).text.slice(start, end)).toBe(pageContent)
    }
  })

  it('asks for so many passages, or for as many as fit', async () => {
    expect(await retrieverWith({ k: 1 }).invoke(QUESTION)).toHaveLength(1)
    const packed = await retrieverWith({ tokens: 50 }).invoke(QUESTION)
    expect(packed.map(({ pageContent }) => pageContent).join(' ')).toContain(LIMIT)
    expect(() => retrieverWith({ k: 1, tokens: 50 })).toThrow('exclude each other')
  })

  it('filters by one value, by any of several, and by dates', async () => {
    expect(await titles({ filters: { author: 'Bo' } })).toEqual([BAKING.title])
    const category = ['house', 'kitchen']
    expect(await titles({ filters: { category } })).toEqual([BAKING.title, HEATING.title])
    const publishedAfter = new Date('2026-02-01')
    expect(await titles({ filters: { publishedAfter } })).toEqual([LISTENING.title])
    expect(await titles({ filters: { publishedAfter: '2026-04-01' } })).toEqual([])
  })

  it('stands in a chain as any other', async () => {
    const chain = retrieverWith({ k: 1 }).pipe((documents) => documents.length)
    expect(await chain.batch([QUESTION, 'rye'])).toEqual([1, 1])
  })

  it('takes an address with a path and with a slash at its end', async () => {
    const behind = await listen((request, response) => {
      response.end(JSON.stringify({ passages: [], url: request.url }))
    })
    for (const path of ['', '/', '/footnote', '/footnote/?a#b']) {
      expect(await retrieverWith({ url: urlOf(behind) + path }).invoke('?')).toEqual([])
    }
    expect(behind.asked).toEqual([
      '/v1/search?q=%3F',
      '/v1/search?q=%3F',
      '/footnote/v1/search?q=%3F',
      '/footnote/v1/search?q=%3F',
    ])
    behind.close()
  })

  it('sends its key, and tells it to no tracer', async () => {
    const tracer = new KeptRuns({})
    const options = { url: urlOf(keyed), apiKey: KEY, callbacks: [tracer] }
    expect(await retrieverWith(options).invoke(QUESTION)).not.toEqual([])
    expect(tracer.runs).toHaveLength(1)
    expect(JSON.stringify(tracer.runs)).not.toContain(KEY)
    expect(JSON.stringify(retrieverWith(options))).not.toContain(KEY)
  })
})

class KeptRuns extends BaseTracer {
  readonly name = 'kept-runs'
  readonly runs: unknown[] = []
  protected persistRun(run: unknown): Promise<void> {
    this.runs.push(run)
    return Promise.resolve()
  }
}

interface Listening {
  readonly port: number
  readonly asked: readonly string[]
  readonly close: () => void
}

async function listen(answer: RequestListener): Promise<Listening> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { port: (server.address() as AddressInfo).port, asked, close }
}

describe('a retriever that gets no passages', () => {
  it('fails with what the service says is wrong', async () => {
    await expect(retrieverWith({ k: 51 }).invoke(QUESTION)).rejects.toMatchObject({
      name: 'FootnoteError',
      code: 'invalid-request',
      status: 400,
      message: expect.stringContaining('/k:') as string,
    })
    await expect(retrieverWith({ url: urlOf(keyed) }).invoke(QUESTION)).rejects.toMatchObject({
      code: 'unauthorized',
      status: 401,
    })
  })

  it('fails where nobody answers, and names the address', async () => {
    const gone = await listen(() => undefined)
    gone.close()
    await expect(retrieverWith({ url: urlOf(gone) }).invoke(QUESTION)).rejects.toMatchObject({
      code: 'unreachable',
      status: null,
      message: `Footnote at ${urlOf(gone)} does not answer. Is it running?`,
    })
  })

  it.each([
    ['a page', 200, '<html></html>'],
    ['an error that is no problem', 502, '<html></html>'],
    ['other JSON', 200, '{"passages":[{"text":1}]}'],
  ])('fails where something else answers: %s', async (_what, status, body) => {
    const other = await listen((_request, response) => {
      response.writeHead(status).end(body)
    })
    await expect(retrieverWith({ url: urlOf(other) }).invoke(QUESTION)).rejects.toMatchObject({
      code: 'not-footnote',
      status,
    })
    other.close()
  })

  it('ends when its signal says so, with the signal’s reason', async () => {
    const silent = await listen(() => undefined)
    const stop = new AbortController()
    const asking = retrieverWith({ url: urlOf(silent), signal: stop.signal }).invoke(QUESTION)
    const reason = new Error('No longer wanted.')
    setTimeout(() => stop.abort(reason), 20)
    await expect(asking).rejects.toBe(reason)
    silent.close()
  })

  it.each(['ftp://blog.example', 'blog.example:80', '', 'http://:secret@127.0.0.1:3000'])(
    'refuses the address %j',
    (url) => {
      // Whole: a key in the address is not repeated.
      expect(() => retrieverWith({ url })).toThrow(
        /^The url must be http or https and hold no key: http:\/\/127\.0\.0\.1:3000\.$/,
      )
    },
  )
})

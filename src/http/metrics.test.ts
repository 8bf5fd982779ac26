import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openTestApp, type TestApp } from '../../test/open-test-app.ts'
import { openTestServices, type TestServices } from '../../test/open-test-services.ts'
import { createScriptedChat } from '../../test/scripted-chat.ts'
import { LIBRARY, LIMIT, toRss } from '../../test/test-feed.ts'
import { AppError } from '../errors.ts'

const KEY = 'correct-horse-battery'
const QUESTION = 'How large may a NOTIFY payload be?'
const chat = createScriptedChat({ script: { pieces: [LIMIT] } })
let test: TestServices

beforeAll(async () => {
  test = await openTestServices({ chat, remembers: true })
  await test.readFeed(test.writeFeed(toRss(LIBRARY)))
})

afterAll(() => test[Symbol.asyncDispose]())

beforeEach(() => {
  chat.script = { pieces: [LIMIT] }
})

const open = () => openTestApp({ services: () => test.services })
const ask = (app: TestApp, more: object = {}) =>
  app.call('POST /v1/chat', { body: { question: QUESTION, fresh: true, ...more } })

async function read(app: TestApp): Promise<string> {
  const reply = await app.call('GET /metrics')
  expect(reply.status).toBe(200)
  expect(reply.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
  return reply.text
}

/** The value of a series, its labels in any order; undefined where there is none. */
function valueOf(text: string, name: string, labels: Record<string, string> = {}) {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  const line = text
    .split('\n')
    .filter((each) => each.startsWith(`${name}{`) || each.startsWith(`${name} `))
    .find((each) => wanted.every((label) => each.includes(label)))
  return line === undefined ? undefined : Number(line.split(' ').at(-1))
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const since = performance.now()
  while (!(await isSo())) {
    if (performance.now() - since > 5_000) throw new Error('It did not come to be within 5 s.')
    await sleep(5)
  }
}

describe('the figures', () => {
  it('are in the form that Prometheus reads, the process’ own among them', async () => {
    await using app = await open()
    const text = await read(app)
    const line =
      /^(# (HELP|TYPE) \w+ .+|\w+(\{(\w+="[^"\n]*",?)*\})? ([-+]?[\d.e+-]+|Nan|[+-]?Inf))$/
    for (const each of text.trimEnd().split('\n').filter(Boolean)) expect(each).toMatch(line)
    expect(valueOf(text, 'process_resident_memory_bytes')).toBeGreaterThan(0)
  })

  it('count requests by the route of the contract, the method and the status', async () => {
    await using app = await open()
    await app.call('GET /v1/answers/ans_secret-canary')
    await app.call('GET /v1/articles?limit=x')
    await app.call('GET /secret-canary')
    await app.call('PROPFIND /v1/feeds')
    const text = await read(app)
    const name = 'footnote_http_request_duration_seconds_count'
    const count = (route: string, method: string, status: string) =>
      valueOf(text, name, { route, method, status })
    expect(count('/v1/answers/{id}', 'GET', '404')).toBe(1)
    expect(count('/v1/articles', 'GET', '400')).toBe(1)
    expect(count('other', 'GET', '404')).toBe(1)
    expect(count('/v1/feeds', 'other', '405')).toBe(1)
    expect(text).not.toContain('secret-canary')
  })

  it('count answers by outcome, with their seconds and tokens', async () => {
    await using app = await open()
    const { tokens } = (await ask(app)).json as { tokens: { prompt: number; completion: number } }
    chat.script = { pieces: [`${LIMIT} Elephants paint the fences of the moon.`] }
    await ask(app)
    await ask(app, { filters: { author: 'Nobody' } })
    const text = await read(app)
    const answers = (status: string, reason: string) =>
      valueOf(text, 'footnote_answers_total', { status, reason, cached: 'false' })
    expect(answers('answered', 'none')).toBe(2)
    expect(answers('refused', 'no-evidence')).toBe(1)
    expect(valueOf(text, 'footnote_dropped_sentences_total')).toBe(1)
    const kinds = ['read', 'written'].map((kind) =>
      valueOf(text, 'footnote_tokens_total', { kind }),
    )
    expect(kinds[0]).toBeGreaterThanOrEqual(2 * tokens.prompt)
    expect(kinds[1]).toBeGreaterThan(tokens.completion)
    expect(valueOf(text, 'footnote_answer_seconds_count')).toBe(3)
    expect(valueOf(text, 'footnote_answer_search_seconds_count')).toBe(3)
    // Nothing was found for the third, so that the model said nothing.
    expect(valueOf(text, 'footnote_answer_first_word_seconds_count')).toBe(2)
    expect(text).not.toContain('NOTIFY')
  })

  it('tell kept answers from those that were written', async () => {
    await using app = await open()
    await ask(app, { fresh: false })
    const first = await read(app)
    await ask(app, { fresh: false })
    const text = await read(app)
    expect(valueOf(text, 'footnote_answers_total', { cached: 'true' })).toBeGreaterThan(0)
    expect(valueOf(text, 'footnote_tokens_total', { kind: 'read' })).toBe(
      valueOf(first, 'footnote_tokens_total', { kind: 'read' }),
    )
  })

  it('count what got no answer by its code, and clients that went', async () => {
    await using app = await open()
    const error = new AppError('model-timeout', 'Too long.')
    chat.script = { pieces: [LIMIT], throwAt: 1, error }
    expect((await ask(app)).status).toBe(504)
    chat.script = { pieces: [], hangAt: 0 }
    const stream = await app.stream({ question: QUESTION, stream: true, fresh: true })
    await until(() => chat.active === 1)
    stream.leave()
    await until(() => chat.active === 0)
    const name = 'footnote_answer_failures_total'
    const cutOff = { route: '/v1/chat', status: 'cut-off' }
    await until(async () => valueOf(await read(app), name, { code: 'client-gone' }) === 1)
    const text = await read(app)
    expect(valueOf(text, 'footnote_http_request_duration_seconds_count', cutOff)).toBe(1)
    expect(valueOf(text, name, { code: 'model-timeout' })).toBe(1)
  })

  it('say how many questions are with the model, and how many wait', async () => {
    await using app = await open()
    chat.script = { pieces: [], hangAt: 0 }
    const first = await app.stream({ question: QUESTION, stream: true, fresh: true })
    await until(() => chat.active === 1)
    const second = await app.stream({ question: QUESTION, stream: true, fresh: true })
    const states = async () => {
      const text = await read(app)
      return ['active', 'waiting'].map((state) => valueOf(text, 'footnote_questions', { state }))
    }
    expect(await states()).toEqual([1, 1])
    second.leave()
    first.leave()
    await until(async () => String(await states()) === '0,0')
  })

  it('have the library, where there is a database', async () => {
    await using app = await open()
    const text = await read(app)
    expect(valueOf(text, 'footnote_feeds', { status: 'ok' })).toBe(1)
    expect(valueOf(text, 'footnote_articles')).toBe(LIBRARY.length)
    const away = { query: () => Promise.reject(new Error('It is away.')) }
    const broken = { ...test.services.database, pool: away as never }
    await using without = await openTestApp({
      services: () => ({ ...test.services, database: broken }),
    })
    const other = await read(without)
    expect(valueOf(other, 'footnote_feeds')).toBeUndefined()
    expect(valueOf(other, 'footnote_articles')).toBeUndefined()
    expect(valueOf(other, 'footnote_questions', { state: 'active' })).toBe(0)
  })

  it('are there before the service is', async () => {
    const error = new AppError('database-unavailable', 'It is not open yet.', { retryAfter: 2 })
    await using early = await openTestApp({
      services: () => {
        throw error
      },
    })
    await early.call('GET /v1/feeds')
    const counted = { route: '/v1/feeds', status: '503' }
    const text = await read(early)
    expect(valueOf(text, 'footnote_http_request_duration_seconds_count', counted)).toBe(1)
  })

  it('are each service’s own', async () => {
    await using one = await open()
    await using another = await open()
    await ask(one)
    expect(valueOf(await read(another), 'footnote_answers_total')).toBeUndefined()
  })

  it('ask for the key where there is one', async () => {
    await using locked = await openTestApp({ services: () => test.services, apiKey: KEY })
    expect((await locked.call('GET /metrics')).status).toBe(401)
    const headers = { authorization: `Bearer ${KEY}` }
    const { status, text } = await locked.call('GET /metrics', { headers })
    expect(status).toBe(200)
    expect(text).not.toContain(KEY)
  })
})

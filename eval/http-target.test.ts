import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTestApp } from '../test/open-test-app.ts'
import { openTestServices, type TestServices } from '../test/open-test-services.ts'
import { createScriptedChat } from '../test/scripted-chat.ts'
import { LIBRARY, LIMIT, toRss } from '../test/test-feed.ts'
import { ANSWERABLE, FOLLOW_UP } from '../test/test-golden-set.ts'
import { AppError } from '../src/errors.ts'
import { insertAnswer, loadAnswer } from '../src/store/answers.ts'
import type { GoldenCase } from './golden-case.ts'
import { openHttpTarget, refuseQuery, withoutKey } from './http-target.ts'
import { toCaseAnswer } from './sent-answer.ts'
import type { Target } from './target.ts'

interface Seen {
  readonly call: string
  readonly authorization: string | undefined
  readonly body: unknown
}

type Respond = (seen: Seen, response: ServerResponse) => void

interface TestTarget extends AsyncDisposable {
  readonly host: string
  readonly seen: readonly Seen[]
}

/** A server that answers as it is told to. */
async function openServer(respond: Respond): Promise<TestTarget> {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    void read(request).then((each) => {
      seen.push(each)
      respond(each, response)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function read(request: IncomingMessage): Promise<Seen> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  return {
    call: `${request.method} ${request.url}`,
    authorization: request.headers.authorization,
    body: text === '' ? undefined : JSON.parse(text),
  }
}

const MODELS = { object: 'list', data: [{ id: 'some-model' }] }

const completion = (content: string, usage?: object) => ({
  choices: [{ message: { role: 'assistant', content } }],
  ...(usage === undefined ? {} : { usage }),
})

/** An OpenAI-compatible server that completes everything with this. */
function completing(reply: object | string): Respond {
  return ({ call }, response) => {
    if (call === 'GET /v1/models') response.end(JSON.stringify(MODELS))
    else if (call !== 'POST /v1/chat/completions') response.writeHead(404).end()
    else response.end(typeof reply === 'string' ? reply : JSON.stringify(reply))
  }
}

const WRITTEN = {
  id: 'ans_there',
  status: 'answered',
  reason: null,
  question: ANSWERABLE.question,
  answer: LIMIT,
  sentences: [],
  citations: [],
  sources: [],
  models: { chat: 'llama:there' },
  tokens: { prompt: 1, completion: 1 },
  timings: { searchMs: 1, firstTokenMs: 1, totalMs: 1 },
  degraded: null,
}
const EXTRACTED = { ...WRITTEN, status: 'extracted', reason: 'model-unavailable' }
const REFUSED = { ...WRITTEN, status: 'refused', reason: 'no-evidence' }

interface FootnoteSketch {
  readonly chat?: 'ok' | 'none' | 'unavailable'
  readonly answer?: object
  readonly trace?: object
}

/** Another Footnote, whose library is empty, that answers everything with this. */
function answering({ chat = 'ok', answer = WRITTEN, trace = {} }: FootnoteSketch): Respond {
  const replies: Readonly<Record<string, object>> = {
    'GET /healthz': { status: 'ok', parts: { chat: { status: chat }, corpus: {} } },
    'GET /v1/articles?limit=100': { items: [], next: null },
    'POST /v1/chat': answer,
    'GET /v1/answers/ans_there': { ...answer, trace },
  }
  return ({ call }, response) => void response.end(JSON.stringify(replies[call]))
}

const { signal } = new AbortController()

function askTarget(target: Target, golden: GoldenCase = ANSWERABLE) {
  return target.ask({ arm: 'system', golden, repetition: 1 }, signal)
}

async function refusalOf(work: Promise<unknown>): Promise<AppError> {
  const error = await work.then(
    () => new Error('It was answered.'),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(AppError)
  return error as AppError
}

describe('another Footnote', () => {
  const chat = createScriptedChat({ script: { pieces: [LIMIT] } })
  let test: TestServices

  beforeAll(async () => {
    test = await openTestServices({ chat })
    await test.readFeed(test.writeFeed(toRss(LIBRARY)))
  })

  afterAll(() => test[Symbol.asyncDispose]())

  const openApp = (apiKey?: string) =>
    openTestApp({ services: () => test.services, ...(apiKey === undefined ? {} : { apiKey }) })

  it('is asked as anyone asks it, and its trace is read as well', async () => {
    await using app = await openApp()
    const target = await openHttpTarget(`http://127.0.0.1:${app.port}`, signal)
    expect([...target.guids.values()].toSorted()).toEqual(['baking', 'heating', 'listening'])
    const kept = await askTarget(target)
    expect(kept.id).toMatch(/^ans_/)
    expect(kept).toMatchObject({
      status: 'answered',
      question: ANSWERABLE.question,
      corpusRevision: 0,
      articleIds: [],
    })
    const answer = toCaseAnswer(kept, target)
    expect(answer).toMatchObject({ chatModel: 'llama:scripted', generated: LIMIT })
    expect(answer?.citations).toMatchObject([{ guid: 'listening', text: LIMIT }])
    expect(answer?.candidates?.map(({ guid }) => guid)).toContain('listening')
    // The answer's own id is of that library, where it stays.
    expect(answer?.answerId).not.toBe(kept.id)
    await target.close?.()
  })

  it('answers anew each time, and knows what was said before', async () => {
    await using app = await openApp()
    const target = await openHttpTarget(`http://127.0.0.1:${app.port}/`, signal)
    await askTarget(target)
    const prompts = chat.prompts.length
    await askTarget(target)
    expect(chat.prompts).toHaveLength(prompts + 1)
    const followUp = await askTarget(target, FOLLOW_UP)
    expect(followUp.trace).toMatchObject({ understood: { earlier: 'How do I hear of a change?' } })
  })

  it('is asked for the time of the case', async () => {
    await using app = await openApp()
    const target = await openHttpTarget(`http://127.0.0.1:${app.port}`, signal)
    const kept = await askTarget(target, { ...ANSWERABLE, as_of: '2025-01-01T00:00:00Z' })
    expect(kept).toMatchObject({ status: 'refused', reason: 'no-evidence' })
  })

  it('may be asked by its completions, for its words alone', async () => {
    await using app = await openApp()
    const target = await openHttpTarget(`http://127.0.0.1:${app.port}/v1`, signal)
    const answer = toCaseAnswer(await askTarget(target), target)
    expect(answer).toMatchObject({
      status: 'answered',
      answer: `${LIMIT} [1]`,
      citations: [],
      chatModel: 'footnote',
    })
  })

  it('is sent the key that stands in the address, which is never shown', async () => {
    await using app = await openApp('a secret/key')
    const key = encodeURIComponent('a secret/key')
    for (const address of [
      `http://:${key}@127.0.0.1:${app.port}`,
      `http://${key}@127.0.0.1:${app.port}`,
    ]) {
      expect((await openHttpTarget(address, signal)).guids.size).toBe(3)
    }
    const wrong = await refusalOf(openHttpTarget(`http://:wrongkey@127.0.0.1:${app.port}`, signal))
    expect(wrong.code).toBe('model-unavailable')
    expect(wrong.message).toContain('401')
    expect(wrong.message).not.toContain('wrongkey')
  })

  it.each<[string, RegExp, FootnoteSketch]>([
    [
      'searched by keywords alone',
      /searched by keywords alone/,
      { answer: { ...WRITTEN, degraded: 'keyword-only' } },
    ],
    ['gave extracts beside a model', /chat model of \S+ did not answer/, { answer: EXTRACTED }],
    [
      'gave extracts while its model is away',
      /chat model of \S+ did not answer/,
      { chat: 'unavailable', answer: { ...EXTRACTED, models: { chat: null } } },
    ],
    [
      'found nothing to extract while its model is away',
      /chat model of \S+ did not answer/,
      { answer: REFUSED, trace: { generated: null, passages: [{}] } },
    ],
  ])('that %s gives no answer, and no score', async (_what, message, sketch) => {
    await using server = await openServer(answering(sketch))
    const target = await openHttpTarget(`http://:sk-secret@${server.host}`, signal)
    const error = await refusalOf(askTarget(target))
    expect(error.code).toBe('model-unavailable')
    expect(error.message).toMatch(message)
    expect(error.message).not.toContain('sk-secret')
  })

  it.each<[string, FootnoteSketch]>([
    ['without a model gives extracts', { chat: 'none', answer: EXTRACTED }],
    [
      'finds no passages and asks no model',
      { answer: REFUSED, trace: { generated: null, passages: [] } },
    ],
    ['does not tell how it answered', { answer: REFUSED }],
  ])('that %s is scored as it is', async (_what, sketch) => {
    await using server = await openServer(answering(sketch))
    const target = await openHttpTarget(`http://${server.host}`, signal)
    expect(await askTarget(target)).toMatchObject({ body: sketch.answer })
  })

  it('of broken text is kept as what can be kept of it', async () => {
    const answer = { ...WRITTEN, answer: 'A\0b \ud83d', extra: [{ 'na\0me': '\udc00' }] }
    await using server = await openServer(answering({ answer, trace: { generated: 'c\0d' } }))
    const target = await openHttpTarget(`http://${server.host}`, signal)
    const kept = await askTarget(target)
    const { pool } = test.services.database
    await insertAnswer(pool, kept)
    expect(await loadAnswer(pool, kept.id)).toMatchObject({
      body: { answer: 'Ab \ufffd', extra: [{ name: '\ufffd' }] },
      trace: { generated: 'cd' },
    })
  })

  it('with more articles than a page has is listed to the end', async () => {
    const pages: Record<string, object> = {
      '': { items: [{ id: 'art_1', guid: 'one' }], next: 'c 1' },
      'c 1': { items: [{ id: 'art_2', guid: null }], next: null },
    }
    await using server = await openServer(({ call }, response) => {
      const url = new URL(call.replace(/^\w+ /, ''), 'http://any.example')
      const health = { status: 'ok', parts: { chat: {}, corpus: {} } }
      const page = pages[url.searchParams.get('cursor') ?? '']
      response.end(JSON.stringify(url.pathname === '/healthz' ? health : page))
    })
    const target = await openHttpTarget(`http://${server.host}`, signal)
    expect([...target.guids]).toEqual([
      ['art_1', 'one'],
      ['art_2', 'art_2'],
    ])
    // What it answers here is no answer; what it was asked is what counts.
    await refusalOf(askTarget(target, { ...ANSWERABLE, as_of: '2026-01-01T00:00:00Z' }))
    expect(server.seen.find(({ call }) => call === 'POST /v1/chat')?.body).toEqual({
      messages: [{ role: 'user', content: ANSWERABLE.question }],
      filters: { asOf: '2026-01-01T00:00:00Z' },
      fresh: true,
    })
  })
})

describe('an OpenAI-compatible server', () => {
  it('is asked by its first model, without sampling, and its words are the answer', async () => {
    const usage = { prompt_tokens: 12, completion_tokens: 3 }
    await using server = await openServer(completing(completion('At most 8000 bytes.', usage)))
    const target = await openHttpTarget(`http://${server.host}/v1/`, signal)
    const kept = await askTarget(target, FOLLOW_UP)
    expect(server.seen.at(-1)).toMatchObject({
      call: 'POST /v1/chat/completions',
      authorization: undefined,
      body: {
        model: 'some-model',
        temperature: 0,
        messages: [...(FOLLOW_UP.turns ?? []), { role: 'user', content: FOLLOW_UP.question }],
      },
    })
    expect(toCaseAnswer(kept, target)).toMatchObject({
      status: 'answered',
      answer: 'At most 8000 bytes.',
      citations: [],
      passages: [],
      candidates: null,
      chatModel: 'some-model',
      tokens: { prompt: 12, completion: 3 },
    })
    expect(kept.question).toBe(FOLLOW_UP.question)
  })

  it('refuses in its own words', async () => {
    await using server = await openServer(completing(completion('I don’t know.')))
    const target = await openHttpTarget(`http://${server.host}/v1`, signal)
    expect(await askTarget(target)).toMatchObject({ status: 'refused', reason: 'not-answered' })
  })

  it('is sent the key as a bearer token', async () => {
    await using server = await openServer(completing(completion('8000.')))
    const target = await openHttpTarget(`http://:sk-1%2F2@${server.host}/v1`, signal)
    await askTarget(target)
    expect(new Set(server.seen.map(({ authorization }) => authorization))).toEqual(
      new Set(['Bearer sk-1/2']),
    )
  })

  it.each([
    ['an error', { error: { message: 'no' } }],
    ['no choices', { choices: [] }],
    ['no text', { choices: [{ message: { content: null } }] }],
    ['a list', []],
    ['null', 'null'],
    ['HTML', '<p>Hello</p>'],
    ['nothing', ''],
    ['lists in lists without end', '['.repeat(200_000) + ']'.repeat(200_000)],
  ])('that completes with %s gives no answer, and no score of zero', async (_what, reply) => {
    await using server = await openServer(completing(reply))
    const target = await openHttpTarget(`http://:sk-secret@${server.host}/v1`, signal)
    const error = await refusalOf(askTarget(target))
    expect(error.code).toBe('model-unavailable')
    expect(error.message).toContain(`http://${server.host}/v1`)
    expect(error.message).not.toContain('sk-secret')
  })

  it('that breaks off in the middle gives no answer', async () => {
    await using server = await openServer((seen, response) => {
      if (seen.call === 'GET /v1/models') return completing('')(seen, response)
      response.writeHead(200, { 'Content-Length': '1000' })
      response.write('{"choices":')
      setTimeout(() => response.destroy(), 20)
    })
    const target = await openHttpTarget(`http://${server.host}/v1`, signal)
    const error = await refusalOf(askTarget(target))
    expect(error).toMatchObject({ code: 'model-unavailable' })
    expect(error.message).toContain('does not answer')
  })

  it('is asked no longer than someone waits', async () => {
    const leaving = new AbortController()
    await using server = await openServer((seen, response) => {
      if (seen.call !== 'POST /v1/chat/completions') return completing('')(seen, response)
      leaving.abort(new Error('Nobody waits.'))
    })
    const target = await openHttpTarget(`http://${server.host}/v1`, signal)
    const asked = target.ask({ arm: 'system', golden: ANSWERABLE, repetition: 1 }, leaving.signal)
    await expect(asked).rejects.toThrow('Nobody waits.')
  })
})

describe('a target that has too much to do', () => {
  const busy = JSON.stringify({ code: 'model-busy', detail: 'Too many questions are waiting.' })

  it.each([
    ['429', { status: 429, body: '' }, 'model-busy'],
    ['503, as a Footnote whose queue is full', { status: 503, body: busy }, 'model-busy'],
    ['503, and not why', { status: 503, body: '<h1>Away</h1>' }, 'model-unavailable'],
    [
      '503, as a Footnote that stops',
      { status: 503, body: '{"code":"shutting-down"}' },
      'model-unavailable',
    ],
    ['500, whatever it says', { status: 500, body: busy }, 'model-unavailable'],
    [
      '503, as a Footnote’s completions whose queue is full',
      { status: 503, body: `{"error":${busy}}` },
      'model-busy',
    ],
  ])('answers %s', async (_what, { status, body }, code) => {
    await using server = await openServer((seen, response) => {
      if (seen.call !== 'POST /v1/chat') return answering({})(seen, response)
      response.writeHead(status).end(body)
    })
    const target = await openHttpTarget(`http://${server.host}`, signal)
    expect((await refusalOf(askTarget(target))).code).toBe(code)
  })

  it('is not taken for another kind of target', async () => {
    await using server = await openServer((_seen, response) => void response.writeHead(429).end())
    const error = await refusalOf(openHttpTarget(`http://${server.host}`, signal))
    expect(error.code).toBe('model-busy')
    expect(server.seen.map(({ call }) => call)).toEqual(['GET /healthz'])
  })
})

describe('an address with a query', () => {
  it('is refused, since it would be shown, and says where a key stands', async () => {
    const error = await refusalOf(openHttpTarget('http://127.0.0.1:9/v1?key=sk-secret', signal))
    expect(error.code).toBe('invalid-request')
    expect(error.message).toMatch(/as its password, such as http:\/\/:KEY@127\.0\.0\.1:9\/v1\.$/)
    expect(error.message).not.toContain('sk-secret')
  })

  it.each(['http://host.example/v1', 'http://:key@host.example/v1#model?a=b'])(
    'is not %s',
    (address) => {
      expect(() => refuseQuery(address)).not.toThrow()
    },
  )
})

describe('an address that is neither', () => {
  it.each<[string, Respond, string]>([
    ['answers HTML', (_seen, response) => void response.end('<h1>Hello</h1>'), 'not JSON'],
    ['answers 404', (_seen, response) => void response.writeHead(404).end('{}'), '404'],
    ['asks for a key', (_seen, response) => void response.writeHead(401).end('{}'), '401'],
    ['breaks', (_seen, response) => void response.writeHead(500).end('{}'), '500'],
    ['answers JSON of its own', (_seen, response) => void response.end('{"a":1}'), 'models'],
    ['has no model', (_seen, response) => void response.end('{"data":[]}'), 'models'],
    [
      'sends elsewhere',
      (_seen, response) => void response.writeHead(302, { Location: '/v1/models' }).end(),
      'does not answer',
    ],
  ])('and %s is told from one that answers', async (_what, respond, named) => {
    await using server = await openServer(respond)
    const error = await refusalOf(openHttpTarget(`http://:sk-secret@${server.host}/v1`, signal))
    expect(error.code).toBe('model-unavailable')
    expect(error.message).toContain(`http://${server.host}/v1`)
    expect(error.message).toContain(named)
    expect(error.message).not.toContain('sk-secret')
  })

  it('is told from a Footnote whose list of articles is none', async () => {
    await using server = await openServer(({ call }, response) => {
      const health = { status: 'ok', parts: { chat: {}, corpus: {} } }
      response.end(JSON.stringify(call === 'GET /healthz' ? health : { items: 'all' }))
    })
    const error = await refusalOf(openHttpTarget(`http://${server.host}`, signal))
    expect(error.message).toContain('not a page of articles')
  })

  it('is away', async () => {
    const error = await refusalOf(openHttpTarget('http://:sk-secret@127.0.0.1:9/', signal))
    expect(error).toMatchObject({
      code: 'model-unavailable',
      message: 'http://127.0.0.1:9/ does not answer.',
    })
  })
})

describe('an address without its key', () => {
  it.each([
    ['http://:sk-secret@host.example:8080/v1', 'http://host.example:8080/v1'],
    ['https://sk-secret@host.example/', 'https://host.example/'],
    ['https://me:sk-secret@host.example/v1?a=b', 'https://host.example/v1?a=b'],
    ['http://host.example/', 'http://host.example/'],
  ])('%s is %s', (address, shown) => {
    expect(withoutKey(address)).toBe(shown)
  })
})

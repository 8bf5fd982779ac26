import { once } from 'node:events'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { contractFaults } from '../../test/contract.ts'
import { openTestApp, type Reply, type TestApp } from '../../test/open-test-app.ts'
import { openTestServices, type TestServices } from '../../test/open-test-services.ts'
import { createScriptedChat } from '../../test/scripted-chat.ts'
import { LIBRARY, LIMIT, toRss } from '../../test/test-feed.ts'
import { AppError } from '../errors.ts'
import { openApi } from './openapi.ts'
import type { problemSchema } from './schemas.ts'

type Problem = z.infer<typeof problemSchema>

const KEY = 'correct-horse-battery'
const FRIEND = 'https://reader.example'
const chat = createScriptedChat({ script: { pieces: [LIMIT] } })
let test: TestServices
let app: TestApp
/** With a key, and a page of another site that may call. */
let locked: TestApp

beforeAll(async () => {
  test = await openTestServices({ chat })
  await test.readFeed(test.writeFeed(toRss(LIBRARY)))
  const services = () => test.services
  app = await openTestApp({ services, allowedOrigins: [FRIEND] })
  locked = await openTestApp({ services, apiKey: KEY, allowedOrigins: [FRIEND] })
})

afterAll(async () => {
  await locked[Symbol.asyncDispose]()
  await app[Symbol.asyncDispose]()
  await test[Symbol.asyncDispose]()
})

function expectProblem(reply: Reply, status: number): Problem {
  expect(reply.status).toBe(status)
  expect(reply.headers['content-type']).toBe('application/problem+json; charset=utf-8')
  expect(contractFaults('POST /v1/chat', reply)).toEqual([])
  const problem = reply.json as Problem
  expect(problem.status).toBe(status)
  expect(problem.instance).toBe(reply.headers['x-request-id'])
  expect(problem.type).toBe(`urn:footnote:problem:${problem.code}`)
  expect(reply.text).not.toMatch(/node_modules|\.ts:|at \w+ \(/)
  return problem
}

/** A refusal, in the form that the call's clients read. */
function expectRefusal(call: string, reply: Reply, status: number): string {
  if (!/\/(models|completions)$/.test(call)) return expectProblem(reply, status).code
  expect(reply.status).toBe(status)
  expect(contractFaults('GET /v1/models', reply)).toEqual([])
  return (reply.json as { error: { code: string } }).error.code
}

/** Every call of the contract, with something in the place of each parameter. */
const CALLS = Object.entries(openApi().paths).flatMap(([path, methods]) =>
  Object.keys(methods).map(
    (method) => `${method.toUpperCase()} ${path.replace('{n}', '1').replace(/\{\w+\}/, 'none')}`,
  ),
)
const isOpen = (call: string) => /\/(healthz|readyz|docs)$/.test(call)

const TO_CHAT = 'POST /v1/chat'
const JSON_TYPE = { 'content-type': 'application/json' }

describe('a body that is wrong', () => {
  const DEEP = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  const DEEP_IN_BOUNDS = `{"question":${'['.repeat(30_000)}${']'.repeat(30_000)}}`
  type Body = string | Buffer
  const cases: [name: string, status: number, body: Body, headers: Record<string, string>][] = [
    ['nothing', 400, '', {}],
    ['no JSON', 400, '{"question":', {}],
    ['a word', 400, 'hello', {}],
    ['null', 400, 'null', {}],
    ['a number', 400, '7', {}],
    ['a list', 400, '[]', {}],
    ['no question', 400, '{}', {}],
    ['a question and messages', 400, '{"question":"a","messages":[]}', {}],
    ['a question that is a number', 400, '{"question":7}', {}],
    ['a question that is null', 400, '{"question":null}', {}],
    ['an empty question', 400, '{"question":""}', {}],
    ['a question of spaces', 400, '{"question":" \\t\\n\\u00a0 "}', {}],
    ['a question with NUL', 400, '{"question":"a\\u0000b"}', {}],
    ['a question with half a character', 400, '{"question":"a\\ud83d"}', {}],
    ['a question of 2,001 characters', 400, JSON.stringify({ question: 'a'.repeat(2_001) }), {}],
    ['a question of 2 MB', 413, JSON.stringify({ question: 'a'.repeat(2_000_000) }), {}],
    ['an unknown field', 400, '{"question":"a","colour":"red"}', {}],
    ['an unknown filter', 400, '{"question":"a","filters":{"colour":"red"}}', {}],
    ['a prototype', 400, '{"question":"a","__proto__":{"stream":true}}', {}],
    ['no messages', 400, '{"messages":[]}', {}],
    ['a message of the system', 400, '{"messages":[{"role":"system","content":"a"}]}', {}],
    [
      'a last message of the assistant',
      400,
      '{"messages":[{"role":"assistant","content":"a"}]}',
      {},
    ],
    ['a last message of spaces', 400, '{"messages":[{"role":"user","content":"  "}]}', {}],
    ['0 passages', 400, '{"question":"a","maxPassages":0}', {}],
    ['half a passage', 400, '{"question":"a","maxPassages":1.5}', {}],
    ['a stream that is text', 400, '{"question":"a","stream":"true"}', {}],
    ['a time that is none', 400, '{"question":"a","filters":{"asOf":"soon"}}', {}],
    ['a hundred thousand lists in one another', 413, DEEP, {}],
    ['as many lists as fit', 400, DEEP_IN_BOUNDS, {}],
    ['gzip', 415, gzipSync('{"question":"a"}'), { 'content-encoding': 'gzip' }],
    ['a gzip bomb', 415, gzipSync(Buffer.alloc(10_000_000)), { 'content-encoding': 'gzip' }],
    ['an unknown encoding', 415, 'x', { 'content-encoding': 'rot13' }],
    ['text', 415, 'hello', { 'content-type': 'text/plain' }],
    ['a form', 415, 'question=a', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['Latin 1', 415, '{}', { 'content-type': 'application/json; charset=iso-8859-1' }],
    ['UTF-16', 400, '{}', { 'content-type': 'application/json; charset=utf-16' }],
    ['bytes that are no UTF-8', 400, Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), {}],
  ]

  it.each(cases)('because it is %s', async (...[, status, body, headers]) => {
    const reply = await app.call(TO_CHAT, { body, headers: { ...JSON_TYPE, ...headers } })
    expectProblem(reply, status)
  })

  it('is refused within 100 ms, however large or deep it is', async () => {
    for (const [name, , body, headers] of cases) {
      const times: number[] = []
      for (let round = 0; round < 3; round += 1) {
        const since = performance.now()
        await app.call(TO_CHAT, { body, headers: { ...JSON_TYPE, ...headers } })
        times.push(performance.now() - since)
      }
      // The best of three: the machine has other things to do.
      expect(Math.min(...times), name).toBeLessThan(100)
    }
  })

  it('hears of every fault with its path', async () => {
    const body = { question: 7, filters: { 'a/b': 1, author: [''] }, maxPassages: 'x' }
    const problem = expectProblem(await app.call(TO_CHAT, { body }), 400)
    expect(problem.errors.map(({ path }) => path)).toEqual([
      '/question',
      '/filters/author/0',
      '/filters',
      '/maxPassages',
    ])
  })

  it('of any kind is never the service’s own fault', async () => {
    const bodies = fc.oneof(
      fc.json(),
      fc
        .record(
          {
            question: fc.oneof(fc.string({ unit: 'binary' }), fc.anything()),
            messages: fc.anything(),
            filters: fc.anything(),
            stream: fc.anything(),
          },
          { requiredKeys: [] },
        )
        .map((body) => JSON.stringify(body) ?? ''),
      fc.string(),
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(TO_CHAT, 'POST /v1/feeds'), bodies, async (call, body) => {
        const { status } = await app.call(call, { body, headers: JSON_TYPE })
        expect([200, 201, 400]).toContain(status)
      }),
      { numRuns: 150 },
    )
    test.errors.splice(0)
  })

  it('is refused by every call that takes one', async () => {
    for (const call of ['POST /v1/feeds', 'PATCH /v1/feeds/none']) {
      for (const body of ['{', '[]', '7', '{"colour":"red"}', '{"url":7,"title":7}']) {
        expectProblem(await app.call(call, { body, headers: JSON_TYPE }), 400)
      }
    }
  })
})

describe('a question in characters of any kind', () => {
  it.each(['\u202eright to left', 'zero\u200bwidth', 'NOTIFY 🐘?', 'ｗｉｄｅ', '؟'])(
    'such as %j is answered',
    async (question) => {
      expect((await app.call(TO_CHAT, { body: { question } })).status).toBe(200)
    },
  )

  it('is answered at 2,000 characters', async () => {
    expect((await app.call(TO_CHAT, { body: { question: 'é'.repeat(2_000) } })).status).toBe(200)
  })
})

describe('a method that is not taken', () => {
  const paths = Object.entries(openApi().paths)

  it.each(paths)('at %s is 405 with those that are', async (template, methods) => {
    const path = template.replace('{n}', '1').replace(/\{\w+\}/, 'none')
    const taken = Object.keys(methods).map((method) => method.toUpperCase())
    const others = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND']
    for (const method of others.filter((each) => !taken.includes(each))) {
      const reply = await app.call(`${method} ${path}`)
      expect(expectRefusal(path, reply, 405)).toBe('method-not-allowed')
      expect(reply.headers.allow?.split(', ')).toEqual(
        taken.includes('GET') ? ['HEAD', ...taken] : taken,
      )
    }
  })

  it('is one of the page’s as well', async () => {
    const reply = await app.call('POST /', { body: {} })
    expectProblem(reply, 405)
    expect(reply.headers.allow).toBe('HEAD, GET')
  })

  it('is 404 where there is nothing', async () => {
    for (const call of ['GET /v1', 'GET /v2/chat', 'POST /nothing', 'DELETE /v1/feeds/a/b/c']) {
      expect(expectProblem(await app.call(call), 404).code).toBe('not-found')
    }
  })
})

describe('HEAD and OPTIONS', () => {
  it('HEAD is GET without a body', async () => {
    for (const path of ['/v1/feeds', '/healthz', '/openapi.json', '/']) {
      const reply = await app.call(`HEAD ${path}`)
      expect([path, reply.status, reply.text]).toEqual([path, 200, ''])
    }
    expect(await app.call('HEAD /v1/articles/none')).toMatchObject({ status: 404, text: '' })
    expect(await app.call('HEAD /v1/chat')).toMatchObject({ status: 405, text: '' })
  })

  it('OPTIONS without an origin is told what is taken', async () => {
    const reply = await app.call('OPTIONS /v1/feeds')
    expect(reply.headers.allow?.split(/, ?/)).toEqual(expect.arrayContaining(['GET', 'POST']))
  })
})

describe('a request as no client sends it', () => {
  async function sendRaw(text: string): Promise<string> {
    const socket = connect(app.port, '127.0.0.1')
    let received = ''
    socket.on('data', (bytes) => (received += String(bytes)))
    socket.write(text)
    await once(socket, 'close')
    return received
  }

  it('is answered in turn where two come at once', async () => {
    const get = (path: string, end: string) =>
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${end}\r\n`
    const received = await sendRaw(get('/healthz', '') + get('/nothing', 'Connection: close\r\n'))
    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 404'])
  })

  it('without a Host is refused', async () => {
    expect(await sendRaw('GET /v1/feeds HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 403 /)
    expect(await sendRaw('GET /v1/feeds HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
  })

  it('is told to go on where it asks whether it may', async () => {
    const body = '{"question":"a"}'
    const head = `POST /v1/chat HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`
    const rest = `Content-Length: ${body.length}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`
    expect(await sendRaw(head + rest + body)).toMatch(/^HTTP\/1\.1 100 .*HTTP\/1\.1 200 /s)
  })

  it.each([
    '/../package.json',
    '/../../package.json',
    '/..%2fpackage.json',
    '/%2e%2e/package.json',
    '/%2e%2e%2fpackage.json',
    '/..\\package.json',
    '/index.html/../../package.json',
    '//etc/passwd',
    '/%00',
    '/page.js%00.html',
    '/.env',
    '/.git/config',
    '/%E0%A4%A',
    '/tsconfig.json/',
  ])('finds nothing outside the page’s folder at %s', async (path) => {
    const received = await sendRaw(
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
    )
    expect(received).toMatch(/^HTTP\/1\.1 (400|404) /)
    expect(received).not.toContain('devDependencies')
    expect(received).not.toContain('root:')
  })
})

describe('the page', () => {
  it('is at /, with its own files beside it', async () => {
    const page = await app.call('GET /')
    expect(page.headers['content-type']).toMatch('text/html')
    const files = [...page.text.matchAll(/(?:src|href)="\.?\/?([\w-]+\.css)"/g)].map(
      ([, name]) => name,
    )
    expect(files.length).toBeGreaterThan(0)
    for (const name of files) expect((await app.call(`GET /${name}`)).status).toBe(200)
  })
})

describe('the security headers', () => {
  const WANTED = {
    'content-security-policy': expect.stringMatching(
      /default-src 'none'.*frame-ancestors 'none'/,
    ) as string,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
    'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
  }

  it('are on every answer, whatever it is', async () => {
    const replies = [
      await app.call('GET /'),
      await app.call('GET /healthz'),
      await app.call('GET /readyz'),
      await app.call('GET /v1/feeds'),
      await app.call('GET /nothing'),
      await app.call('PUT /v1/feeds'),
      await app.call(TO_CHAT, { body: '{', headers: JSON_TYPE }),
      await app.call(TO_CHAT, { body: 'a'.repeat(70_000), headers: JSON_TYPE }),
      await app.call('GET /v1/feeds', { headers: { host: 'evil.example' } }),
      await locked.call('GET /v1/feeds'),
      await app.call('OPTIONS /v1/feeds', { headers: { origin: FRIEND } }),
    ]
    for (const { headers } of replies) {
      expect(headers).toMatchObject(WANTED)
      expect(headers).not.toHaveProperty('x-powered-by')
    }
    const stream = await app.stream({ question: 'NOTIFY?', stream: true })
    expect(stream.headers).toMatchObject(WANTED)
    await stream.rest()
  })
})

describe('with an API key', () => {
  const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

  it.each(CALLS)('%s', async (call) => {
    const isBody = /^(POST|PATCH) /.test(call)
    const send = (headers: Readonly<Record<string, string>>) =>
      locked.call(call, isBody ? { headers, body: {} } : { headers })
    const right = await send(bearer(KEY))
    expect([401, 403]).not.toContain(right.status)
    for (const headers of [
      {},
      bearer('wrong-horse-battery-staple'),
      bearer(''),
      bearer(`${KEY}x`),
      { authorization: KEY },
      { authorization: `Basic ${Buffer.from(`a:${KEY}`).toString('base64')}` },
    ]) {
      const reply = await send(headers)
      if (isOpen(call)) {
        expect(reply.status).toBe(right.status)
      } else {
        expect(expectRefusal(call, reply, 401)).toBe('unauthorized')
        expect(reply.headers['www-authenticate']).toBe('Bearer')
      }
    }
  })

  it('the word Bearer may be written small', async () => {
    const headers = { authorization: `bearer ${KEY}` }
    expect((await locked.call('GET /v1/feeds', { headers })).status).toBe(200)
  })

  it('a key in the address is none', async () => {
    expectProblem(await locked.call(`GET /v1/feeds?api_key=${KEY}&key=${KEY}`), 401)
  })

  it('nothing is told of what there is', async () => {
    for (const call of ['GET /nothing', 'PUT /v1/feeds', 'GET /V1/feeds', 'GET /healthz/x']) {
      expectProblem(await locked.call(call), 401)
    }
  })

  it('the page is open, and asks for the key itself', async () => {
    expect((await locked.call('GET /')).status).toBe(200)
    expect((await locked.call('GET /page.css')).status).toBe(200)
  })

  it('any Host is answered, since others may reach it by a name', async () => {
    const headers = { ...bearer(KEY), host: 'footnote.example' }
    expect((await locked.call('GET /v1/feeds', { headers })).status).toBe(200)
  })

  it('the key is in no log', () => {
    expect(locked.log.length).toBeGreaterThan(0)
    expect(locked.log.join('')).not.toContain(KEY)
  })
})

describe('without a key', () => {
  it.each(['localhost', 'localhost:3000', '127.0.0.1', '127.1.2.3:80', '[::1]', '[::1]:3000'])(
    'Host %s is answered',
    async (host) => {
      expect((await app.call('GET /v1/feeds', { headers: { host } })).status).toBe(200)
    },
  )

  it.each(['evil.example', 'localhost.evil.example', '127.0.0.1.nip.example', '10.0.0.1', '[::2]'])(
    'Host %j is not, as after a DNS rebinding',
    async (host) => {
      for (const path of ['/v1/feeds', '/', '/healthz']) {
        const reply = await app.call(`GET ${path}`, { headers: { host } })
        expect(expectProblem(reply, 403).code).toBe('forbidden')
      }
    },
  )
})

describe('the page of another site', () => {
  const body = { question: 'NOTIFY?' }

  it.each(['http://evil.example', 'null', 'http://localhost:1', 'file://', 'not an origin'])(
    'with Origin %s is refused, with a key and without',
    async (origin) => {
      const headers = { origin }
      expectProblem(await app.call(TO_CHAT, { body, headers }), 403)
      const authorization = `Bearer ${KEY}`
      const withKey = await locked.call(TO_CHAT, { body, headers: { ...headers, authorization } })
      expectProblem(withKey, 403)
      expect(withKey.headers).not.toHaveProperty('access-control-allow-origin')
      expectProblem(await app.call('OPTIONS /v1/chat', { headers }), 403)
    },
  )

  it('is answered where it is the service’s own', async () => {
    const headers = { origin: `http://127.0.0.1:${app.port}`, host: `127.0.0.1:${app.port}` }
    const reply = await app.call(TO_CHAT, { body, headers })
    expect(reply.status).toBe(200)
    expect(reply.headers).not.toHaveProperty('access-control-allow-origin')
  })

  it('is answered where a setting allows it, and told so', async () => {
    const headers = { origin: FRIEND, authorization: `Bearer ${KEY}` }
    const reply = await locked.call(TO_CHAT, { body, headers })
    expect(reply.status).toBe(200)
    expect(reply.headers).toMatchObject({ 'access-control-allow-origin': FRIEND, vary: 'Origin' })
    expect(reply.headers).not.toHaveProperty('access-control-allow-credentials')
  })

  it('reads the problem, too, where it is allowed', async () => {
    const reply = await locked.call(TO_CHAT, { body, headers: { origin: FRIEND } })
    expectProblem(reply, 401)
    expect(reply.headers['access-control-allow-origin']).toBe(FRIEND)
  })

  it('may ask beforehand without the key, which browsers leave out there', async () => {
    const headers = {
      origin: FRIEND,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    }
    const reply = await locked.call('OPTIONS /v1/chat', { headers })
    expect(reply).toMatchObject({ status: 204, text: '' })
    expect(reply.headers).toMatchObject({
      'access-control-allow-origin': FRIEND,
      'access-control-allow-headers': 'authorization, content-type',
      'access-control-allow-methods': 'GET, POST, PATCH, DELETE',
    })
  })
})

describe('the door', () => {
  it('asks neither for a key nor for a Host, since only the machine’s owner opens it', async () => {
    const options = { services: () => test.services, isDoor: true, apiKey: KEY }
    await using door = await openTestApp(options)
    const reply = await door.call('GET /v1/feeds', { headers: { host: 'any' } })
    expect(reply.status).toBe(200)
  })
})

describe('before the database is open', () => {
  it('everything but the probes and the page is 503, to be asked again', async () => {
    const error = new AppError('database-unavailable', 'It is not open yet.', { retryAfter: 2 })
    await using early = await openTestApp({
      services: () => {
        throw error
      },
    })
    const isStatic = (call: string) =>
      isOpen(call) || /\/(openapi\.json|metrics|models)$/.test(call)
    for (const call of CALLS.filter((each) => !isStatic(each) && /^GET /.test(each))) {
      const query = call.endsWith('/search') ? '?q=a' : ''
      const path = call.replace('/jobs/none', '/jobs/00000000-0000-0000-0000-000000000000')
      const reply = await early.call(path + query)
      expect(expectProblem(reply, 503).code).toBe('database-unavailable')
      expect(reply.headers['retry-after']).toBe('2')
    }
    expect((await early.call('GET /')).status).toBe(200)
    expect((await early.call('GET /healthz')).status).toBe(200)
    const readyz = await early.call('GET /readyz')
    expect(readyz).toMatchObject({ status: 503, json: { status: 'starting' } })
    expect(contractFaults('GET /readyz', readyz)).toEqual([])
  })
})

describe('/readyz', () => {
  const ok = { status: 'ok', detail: 'there' } as const

  it('is 200 when every part is there or known not to be had, and 503 when it stops', async () => {
    await using own = await openTestApp({ services: () => test.services })
    const { readiness } = own
    const probe = async (path: string) => {
      const reply = await own.call(`GET ${path}`)
      expect(contractFaults(`GET ${path}`, reply)).toEqual([])
      return [reply.status, (reply.json as { status: string }).status]
    }
    readiness.set('database', ok)
    readiness.set('embedding', { ...ok, status: 'unavailable' })
    readiness.set('chat', { ...ok, status: 'loading', progress: { done: 1, total: 2 } })
    readiness.set('corpus', ok)
    expect(await probe('/readyz')).toEqual([503, 'starting'])
    readiness.set('chat', { ...ok, status: 'none' })
    expect(await probe('/readyz')).toEqual([200, 'ready'])
    expect(await probe('/healthz')).toEqual([200, 'ok'])
    readiness.stop()
    expect(await probe('/readyz')).toEqual([503, 'stopping'])
    expect(await probe('/healthz')).toEqual([200, 'stopping'])
  })
})

describe('the log', () => {
  it('has a line a request, without the question, and refusals of requests are no errors', async () => {
    await using own = await openTestApp({ services: () => test.services })
    await own.call(TO_CHAT, { body: { question: 'What is secret-canary?' } })
    await own.call('GET /v1/search?q=secret-canary')
    await own.call('GET /nothing')
    expect(own.log.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { level: 30, method: 'POST', path: '/v1/chat', status: 200 },
      { level: 30, method: 'GET', path: '/v1/search', status: 200 },
      { level: 30, method: 'GET', path: '/nothing', status: 404 },
    ])
    expect(own.log.join('')).not.toContain('secret-canary')
  })
})

// The whole service, with a fake of a model server: it needs no weights, and a minute.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openFakeOllama, type FakeOllama } from '../test/fake-ollama.ts'
import { LIBRARY, LIMIT, toRss } from '../test/test-feed.ts'
import { createSseParser, type SseEvent } from '../web/sse-parser.ts'
import { loadConfig } from './config.ts'
import { claimDoor } from './door.ts'
import { startService, type RunningService } from './main.ts'

const QUESTION = 'How large may a NOTIFY payload be?'
const folder = mkdtempSync(join(tmpdir(), 'footnote-main-'))
const feed = join(folder, 'feed.xml')
let ollama: FakeOllama
let running: RunningService | undefined

beforeAll(async () => {
  ollama = await openFakeOllama()
  writeFileSync(feed, toRss(LIBRARY))
})

afterEach(async () => {
  await running?.stop()
  running = undefined
})

afterAll(async () => {
  await ollama[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

function start(settings: Readonly<Record<string, string>> = {}): Promise<RunningService> {
  const config = loadConfig({
    DATA_DIR: join(folder, 'data'),
    PORT: '0',
    FEEDS: feed,
    CHAT_MODEL: 'ollama:chat',
    EMBEDDING_MODEL: 'ollama:embed',
    OLLAMA_HOST: ollama.host,
    ...settings,
  })
  return startService({ config, logger: pino({ level: 'silent' }), isPublic: true })
}

async function startReady(): Promise<string> {
  running = await start()
  await running.started
  while (!running.readiness.isReady) await sleep(20)
  return running.url ?? ''
}

function ask(url: string, body: object): Promise<Response> {
  return fetch(`${url}/v1/chat`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ question: QUESTION, ...body }),
  })
}

async function* readEvents(response: Response): AsyncGenerator<SseEvent> {
  const parser = createSseParser()
  const decoder = new TextDecoder()
  for await (const bytes of response.body ?? []) {
    yield* parser.push(decoder.decode(bytes as Uint8Array, { stream: true }))
  }
}

async function readFirstWord(events: AsyncGenerator<SseEvent>): Promise<void> {
  for (;;) {
    const { value } = (await events.next()) as IteratorResult<SseEvent, undefined>
    if (value === undefined) throw new Error('The answer ended before its first word.')
    if (value.event === 'answer-delta') return
  }
}

async function readEnd(events: AsyncGenerator<SseEvent>): Promise<SseEvent | undefined> {
  let last: SseEvent | undefined
  for await (const event of events) last = event
  return last
}

describe('a service that starts', () => {
  it('listens at once, says what it is at, and answers when it is ready', async () => {
    running = await start()
    const url = running.url ?? ''
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    const ready = await fetch(`${url}/readyz`)
    expect([ready.status, await ready.json()]).toMatchObject([503, { status: 'starting' }])
    const early = await fetch(`${url}/v1/feeds`)
    expect(early.headers.get('retry-after')).toBe('2')
    expect([early.status, await early.json()]).toMatchObject([
      503,
      { code: 'database-unavailable' },
    ])
    await running.started
    while (!running.readiness.isReady) await sleep(20)
    ollama.script = { pieces: [LIMIT], delayMs: 0 }
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    expect(await (await ask(url, {})).json()).toMatchObject({
      status: 'answered',
      citations: [{ quote: LIMIT }],
      models: { chat: 'ollama:chat', embedding: 'ollama:embed' },
    })
  })

  it('refuses a port that is in use and a host that is not this machine’s, and lets the door go', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as { port: number }
    await expect(start({ PORT: String(port) })).rejects.toMatchObject({ code: 'port-in-use' })
    other.close()
    const settings = { HOST: '192.0.2.1', API_KEY: 'correct-horse-battery' }
    await expect(start(settings)).rejects.toMatchObject({
      code: 'config-invalid',
      errors: [{ path: 'HOST' }],
    })
    await expectDoorFree()
  })
})

async function expectDoorFree(): Promise<void> {
  const door = createServer()
  await claimDoor(door, join(folder, 'data'))
  await new Promise((resolve) => door.close(resolve))
}

describe('a service that is told to stop', () => {
  it('ends the answers that are under way, refuses further ones, and frees its folder', async () => {
    const url = await startReady()
    ollama.script = { pieces: LIMIT.split(/(?= )/), delayMs: 150 }
    const events = readEvents(await ask(url, { stream: true }))
    await readFirstWord(events)
    const stopped = running?.stop()
    const late = await ask(url, {})
    expect([late.status, await late.json()]).toMatchObject([503, { code: 'shutting-down' }])
    expect((await fetch(`${url}/readyz`)).status).toBe(503)
    const end = await readEnd(events)
    expect(end?.event).toBe('answer-end')
    expect(JSON.parse(end?.data ?? '')).toMatchObject({ status: 'answered' })
    await stopped
    await expect(fetch(`${url}/healthz`)).rejects.toThrow()
    await expectDoorFree()
  })

  it('breaks off after its grace what does not end, says why, and is gone within ten seconds', async () => {
    const url = await startReady()
    ollama.script = { pieces: Array.from({ length: 100 }, (_, at) => `on to ${at} `), delayMs: 200 }
    const events = readEvents(await ask(url, { stream: true, fresh: true }))
    await readFirstWord(events)
    const since = performance.now()
    const aborts = ollama.aborts
    const stopped = running?.stop()
    const end = await readEnd(events)
    expect(end?.event).toBe('answer-error')
    expect(JSON.parse(end?.data ?? '')).toMatchObject({ code: 'shutting-down', status: 503 })
    await stopped
    expect(performance.now() - since).toBeLessThan(10_000)
    await sleep(400)
    expect(ollama.aborts).toBe(aborts + 1)
  })
})

describe('a model server that goes', () => {
  it('leaves extracts, within a second, and a search by keywords that says so', async () => {
    const url = await startReady()
    await ollama[Symbol.asyncDispose]()
    const since = performance.now()
    const answer = await (
      await ask(url, { question: 'Is a NOTIFY payload limited in bytes?' })
    ).json()
    expect(performance.now() - since).toBeLessThan(1_000)
    expect(answer).toMatchObject({
      status: 'extracted',
      reason: 'model-unavailable',
      degraded: 'keyword-only',
      citations: [{ quote: LIMIT }],
    })
  })
})

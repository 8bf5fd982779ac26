// More people than the chat model can answer, people who go, and models that do not go on, over real
// connections.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AnswerSteps } from '../src/answering/answer-steps.ts'
import { openTestApp, type EventReader, type TestApp } from './open-test-app.ts'
import { openTestServices, type TestServices } from './open-test-services.ts'
import { createScriptedChat } from './scripted-chat.ts'
import { LIBRARY, LIMIT, toRss } from './test-feed.ts'

const QUESTION = 'How large may a NOTIFY payload be?'
/** In the article's words, so that its sentence is near enough to be an extract. */
const NEAR_QUESTION = 'Is a NOTIFY payload limited in bytes?'
const ANSWERED = { pieces: ['A NOTIFY payload is limited ', 'to 8000 bytes.'] }
const MAX_WAITING = 16
const DEADLINES = { firstMs: 60_000, betweenMs: 300, totalMs: 180_000 }

const chat = createScriptedChat({ script: ANSWERED })
let test: TestServices
let app: TestApp
/** Questions that were searched. */
let searches = 0

beforeAll(async () => {
  test = await openTestServices({ chat, maxWaiting: MAX_WAITING, deadlines: DEADLINES })
  await test.readFeed(test.writeFeed(toRss(LIBRARY)))
  const { answerSteps } = test.services
  const retrieve: typeof answerSteps.retrieve = (request) => {
    searches += 1
    return answerSteps.retrieve(request)
  }
  const services = { ...test.services, answerSteps: { ...answerSteps, retrieve } }
  app = await openTestApp({ services: () => services })
})

afterAll(async () => {
  await app[Symbol.asyncDispose]()
  await test[Symbol.asyncDispose]()
})

beforeEach(() => {
  chat.script = ANSWERED
  Object.assign(chat, { aborts: 0, peakActive: 0 })
  searches = 0
})

afterEach(async () => {
  // Whatever happened, the turn and every place are free again.
  await test.chat.whenIdle(30_000)
  expect(chat.active).toBe(0)
  const rest = Array.from({ length: MAX_WAITING + 1 }, () => test.chat.enter())
  for (const place of rest) place.leave()
  expect(test.errors.splice(0)).toEqual([])
})

const ask = (question = QUESTION) => app.stream({ question, stream: true, fresh: true })

async function until(isSo: () => boolean): Promise<void> {
  const since = performance.now()
  while (!isSo()) {
    if (performance.now() - since > 30_000) throw new Error('It did not come to be within 30 s.')
    await sleep(5)
  }
}

async function nextNamed(stream: EventReader, name: string): Promise<unknown> {
  for (;;) {
    const event = await stream.next()
    if (event === undefined) throw new Error(`The stream ended without ${name}.`)
    if (event.event === name) return event.data
  }
}

const named = (events: Awaited<ReturnType<EventReader['rest']>>, name: string) =>
  events.filter(({ event }) => event === name).map(({ data }) => data)

describe('two hundred people at once', () => {
  it.each(['', ', once more', ', while articles are read'])(
    'are as many as there are places, and the others are told so at once%s',
    async (when) => {
      const reading = when.includes('articles')
        ? test.readFeed(test.writeFeed(toRss(LIBRARY)))
        : null
      let answer = () => {}
      const after = new Promise<void>((resolve) => (answer = resolve))
      chat.script = { ...ANSWERED, after }
      const asked = Array.from({ length: 200 }, ask)
      // The model has said nothing yet, so whoever is refused was not kept waiting for it.
      const refused: EventReader[] = []
      const accepted: EventReader[] = []
      for (const asking of asked) {
        void asking.then((stream) => (stream.status === 503 ? refused : accepted).push(stream))
      }
      await until(() => refused.length === 200 - 1 - MAX_WAITING)
      await until(() => accepted.length === 1 + MAX_WAITING)
      expect(searches).toBe(1 + MAX_WAITING)
      for (const { headers } of refused) {
        expect(Number(headers['retry-after'])).toBeGreaterThan(0)
        expect(headers['content-type']).toMatch('application/problem+json')
      }
      const ending = accepted.map((stream) => stream.rest())
      answer()
      const ends = await Promise.all(ending)
      for (const events of ends) {
        expect(events.at(-1)).toMatchObject({ event: 'answer-end', data: { status: 'answered' } })
      }
      // Each but the first was told a place, and each next one was one better.
      const told = ends.map((events) =>
        named(events, 'answer-queued').map((data) => (data as { position: number }).position),
      )
      expect(told.map(([first = 0]) => first).toSorted((one, other) => one - other)).toEqual(
        Array.from({ length: 1 + MAX_WAITING }, (_, at) => at),
      )
      for (const positions of told) {
        expect(positions).toEqual(positions.map((_, at) => (positions[0] ?? 0) - at))
      }
      expect(chat.peakActive).toBe(1)
      await reading
    },
  )
})

describe('someone who goes', () => {
  const pieces = Array.from({ length: 60 }, (_, at) => `word${at} `)

  it.each([0, 1, 5, 50])('after %i words stops the model, and frees the turn', async (words) => {
    chat.script = { pieces, hangAt: words }
    const stream = await ask()
    await nextNamed(stream, 'sources-available')
    // A space is held back with each word, so the last one comes with the next.
    for (let read = 0; read < words; read += 1) await nextNamed(stream, 'answer-delta')
    await until(() => chat.active === 1)
    stream.leave()
    await until(() => chat.aborts === 1 && chat.active === 0)
    chat.script = ANSWERED
    expect((await (await ask()).rest()).at(-1)?.event).toBe('answer-end')
  })

  it('while it waits is out of the queue, and the model never hears of it', async () => {
    chat.script = { pieces, hangAt: 0 }
    const first = await ask()
    await until(() => chat.active === 1)
    const second = await ask()
    expect(await nextNamed(second, 'answer-queued')).toEqual({ position: 1 })
    const third = await ask()
    expect(await nextNamed(third, 'answer-queued')).toEqual({ position: 2 })
    second.leave()
    expect(await nextNamed(third, 'answer-queued')).toEqual({ position: 1 })
    const prompts = chat.prompts.length
    chat.script = ANSWERED
    first.leave()
    await nextNamed(third, 'answer-end')
    expect([chat.aborts, chat.prompts.length - prompts]).toEqual([1, 1])
  })
})

describe('someone who takes nothing of what is sent', () => {
  it('is cut off, and the model is stopped', async () => {
    let stopped: unknown
    // Some megabytes a second, without end.
    const generate: AnswerSteps['generate'] = async (_turn, { signal, onText }) => {
      while (!signal.aborted) {
        onText('x'.repeat(65_536))
        await sleep(1)
      }
      stopped = signal.reason
      throw stopped as Error
    }
    const answerSteps = { ...test.services.answerSteps, generate }
    await using endless = await openTestApp({ services: () => ({ ...test.services, answerSteps }) })
    const stream = await endless.stream({ question: QUESTION, stream: true })
    await until(() => stopped !== undefined)
    await expect(stream.rest()).rejects.toThrow()
  })
})

describe('a model that', () => {
  it('begins no answer in time is stopped, and the articles answer in its place', async () => {
    await using hasty = await openHasty(300)
    chat.script = { pieces: ['word'], hangAt: 0 }
    const events = await (await hasty.ask()).rest()
    expect(events.at(-1)).toMatchObject({
      event: 'answer-end',
      data: { status: 'extracted', reason: 'model-unavailable', sentences: [{ text: LIMIT }] },
    })
    expect(chat.aborts).toBe(1)
  })

  it('keeps someone waiting too long does not keep them: the articles answer', async () => {
    await using hasty = await openHasty(600)
    chat.script = { pieces: Array.from({ length: 6 }, () => 'word '), delayMs: 200 }
    const [first, second] = [await hasty.ask(), await hasty.ask()]
    const prompts = chat.prompts.length
    const waited = (await second.rest()).at(-1)
    expect(waited).toMatchObject({ event: 'answer-end', data: { status: 'extracted' } })
    const { timings } = waited?.data as { timings: { queuedMs: number } }
    expect(timings.queuedMs).toBeGreaterThan(0)
    expect(chat.prompts.length).toBe(prompts)
    await first.rest()
  })

  it('is known to be slow keeps nobody waiting who would wait in vain', async () => {
    await using hasty = await openHasty(600)
    chat.script = { pieces: Array.from({ length: 6 }, () => 'word '), delayMs: 200 }
    await (await hasty.ask()).rest()
    const first = await hasty.ask()
    const second = await hasty.ask()
    const events = await second.rest()
    expect(events.map(({ event }) => event)).toEqual(['sources-available', 'answer-end'])
    expect(events.at(-1)?.data).toMatchObject({ status: 'extracted' })
    expect(chat.active).toBe(1)
    await first.rest()
  })

  it('stalls between words ends the answer as a fault, and is stopped', async () => {
    chat.script = { pieces: ['a ', 'b ', 'c ', 'd ', 'e ', 'f '], hangAt: 5 }
    const events = await (await ask()).rest()
    expect(named(events, 'answer-delta').length).toBeGreaterThan(0)
    expect(events.at(-1)).toMatchObject({ event: 'answer-error', data: { code: 'model-timeout' } })
    expect(named(events, 'answer-end')).toEqual([])
    expect(chat.aborts).toBe(1)
  })
})

/** The service with another deadline for the first word. */
async function openHasty(firstMs: number) {
  const services = await openTestServices({ chat, deadlines: { ...DEADLINES, firstMs } })
  await services.readFeed(services.writeFeed(toRss(LIBRARY)))
  const hasty = await openTestApp({ services: () => services.services })
  return {
    ask: () => hasty.stream({ question: NEAR_QUESTION, stream: true, fresh: true }),
    async [Symbol.asyncDispose]() {
      await hasty[Symbol.asyncDispose]()
      await services[Symbol.asyncDispose]()
    },
  }
}

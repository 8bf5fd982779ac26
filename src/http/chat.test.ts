import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { contractFaults } from '../../test/contract.ts'
import { openTestApp, type EventReader, type TestApp } from '../../test/open-test-app.ts'
import { openTestServices, type TestServices } from '../../test/open-test-services.ts'
import { createScriptedChat } from '../../test/scripted-chat.ts'
import { LIBRARY, LIMIT, MISSED, toRss } from '../../test/test-feed.ts'
import { AppError } from '../errors.ts'
import type { Services } from '../services.ts'
import type { answerSchema, keptAnswerSchema, problemSchema } from './schemas.ts'

type Answer = z.infer<typeof answerSchema>
type KeptAnswer = z.infer<typeof keptAnswerSchema>
type Problem = z.infer<typeof problemSchema>

const QUESTION = 'How large may a NOTIFY payload be?'
const ANSWERED = { pieces: ['A NOTIFY payload is limited ', 'to 8000 bytes.'] }
const NEAR_QUESTION = 'Is a NOTIFY payload limited in bytes?'
const HANGS = { pieces: ['A NOTIFY payload ', 'is limited ', 'to 8000 bytes.'] }

const chat = createScriptedChat({ script: ANSWERED })
let test: TestServices
let app: TestApp

beforeAll(async () => {
  test = await openTestServices({ chat, maxWaiting: 2 })
  await test.readFeed(test.writeFeed(toRss(LIBRARY)))
  app = await openTestApp({ services: () => test.services })
})

afterAll(async () => {
  await app[Symbol.asyncDispose]()
  await test[Symbol.asyncDispose]()
})

beforeEach(() => {
  chat.script = ANSWERED
  chat.statesAnswer = 0.9
  chat.aborts = 0
  chat.peakActive = 0
})

afterEach(async () => {
  await until(() => chat.active === 0)
  expect(test.errors.splice(0)).toEqual([])
})

async function ask(body: object = { question: QUESTION }): Promise<Answer> {
  const reply = await app.call('POST /v1/chat', { body })
  expect(contractFaults('POST /v1/chat', reply)).toEqual([])
  expect(reply.status).toBe(200)
  return reply.json as Answer
}

async function revisionText({ articleId, revision }: Answer['citations'][number]) {
  const { json } = await app.call(`GET /v1/articles/${articleId}/revisions/${revision}`)
  return (json as { text: string }).text
}

async function expectTrueOffsets(answer: Answer): Promise<void> {
  for (const citation of answer.citations) {
    const text = await revisionText(citation)
    expect(citation.quote).toBe(text.slice(citation.start, citation.end))
  }
  for (const { text, start, end, citations } of answer.sentences) {
    expect(answer.answer.slice(start, end)).toBe(text)
    const marks = citations.map((number) => `[${number}]`).join('')
    expect(answer.answer.slice(end, end + marks.length + 1)).toBe(` ${marks}`)
  }
}

async function keptAnswers(): Promise<number> {
  const { rows } = await test.services.database.pool.query<{ count: number }>(
    'select count(*)::integer as count from answer',
  )
  return rows[0]?.count ?? 0
}

async function until(isSo: () => boolean): Promise<void> {
  const since = performance.now()
  while (!isSo()) {
    if (performance.now() - since > 5_000) throw new Error('It did not come to be within 5 s.')
    await sleep(5)
  }
}

describe('an answer as JSON', () => {
  it('has exactly the fields of the contract and quotes the articles word for word', async () => {
    const answer = await ask()
    expect(answer).toMatchObject({
      status: 'answered',
      reason: null,
      question: QUESTION,
      answer: `${LIMIT} [1]`,
      sentences: [{ text: LIMIT, citations: [1] }],
      citations: [{ number: 1, quote: LIMIT, url: 'https://blog.example/listening' }],
      models: { chat: 'llama:scripted', embedding: 'onnx:fake' },
      cached: false,
      degraded: null,
    })
    await expectTrueOffsets(answer)
  })

  it('cites each sentence by its own evidence', async () => {
    chat.script = { pieces: [`${LIMIT} `, MISSED] }
    const answer = await ask()
    expect(answer.sentences.map(({ citations }) => citations)).toEqual([[1], [2]])
    expect(answer.citations.map(({ quote }) => quote)).toEqual([LIMIT, MISSED])
    await expectTrueOffsets(answer)
  })

  it('lacks the sentences that nothing supports, and its trace says why', async () => {
    chat.script = { pieces: [`${LIMIT} Elephants paint the fences of the moon.`] }
    const answer = await ask()
    expect(answer.answer).toBe(`${LIMIT} [1]`)
    const { json } = await app.call(`GET /v1/answers/${answer.id}`)
    expect((json as KeptAnswer).trace.dropped).toEqual([
      { text: 'Elephants paint the fences of the moon.', why: expect.any(String) as string },
    ])
  })

  it('refuses as unsupported where no sentence is left, with its sources', async () => {
    chat.script = { pieces: ['Elephants paint the fences of the moon.'] }
    chat.statesAnswer = 0.1
    const answer = await ask()
    expect(answer).toMatchObject({ status: 'refused', reason: 'unsupported' })
    expect([answer.sentences, answer.citations]).toEqual([[], []])
    expect(answer.sources.length).toBeGreaterThan(0)
  })

  it('gives the article’s own sentence where nothing of the model’s words is left', async () => {
    chat.script = { pieces: ['Elephants paint the fences of the moon.'] }
    // Above what the words that no passage has take off it.
    chat.statesAnswer = 0.99
    const answer = await ask()
    expect(answer.status).toBe('answered')
    expect(answer.sentences.map(({ text }) => text)).toEqual(
      answer.citations.map(({ quote }) => quote),
    )
    expect(answer.answer).not.toContain('Elephants')
  })

  it('refuses where the evidence does not state the answer', async () => {
    chat.statesAnswer = 0.1
    expect(await ask()).toMatchObject({ status: 'refused', reason: 'not-answered', citations: [] })
  })

  it('refuses for lack of evidence where the filters leave nothing', async () => {
    const answer = await ask({ question: QUESTION, filters: { author: 'Nobody' } })
    expect(answer).toMatchObject({ status: 'refused', reason: 'no-evidence', sources: [] })
    expect(answer.timings.firstTokenMs).toBeNull()
  })

  it('reads no more passages than it was asked to', async () => {
    expect((await ask({ question: QUESTION, maxPassages: 1 })).sources).toHaveLength(1)
  })

  it('is searched for with the words of the question before', async () => {
    const answer = await ask({
      messages: [
        { role: 'user', content: 'What is a NOTIFY payload?' },
        { role: 'assistant', content: 'A message.' },
        { role: 'user', content: 'How large may it be?' },
      ],
    })
    const question = 'How large may it be? (about: a NOTIFY payload)'
    expect(answer).toMatchObject({ status: 'answered', question })
    expect(chat.prompts.at(-1)).toContain(`Question: ${question}`)
  })
})

describe('a kept answer', () => {
  it('is given as it was, with its trace', async () => {
    const answer = await ask()
    const reply = await app.call(`GET /v1/answers/${answer.id}`)
    expect(contractFaults('GET /v1/answers/{id}', reply)).toEqual([])
    const { trace, ...kept } = reply.json as KeptAnswer
    expect(kept).toEqual(answer)
    expect(Object.keys(trace).sort()).toEqual(
      'candidates decision dropped fingerprint generated passages prompt promptHash time timings understood'.split(
        ' ',
      ),
    )
    expect(trace).toMatchObject({
      understood: { question: QUESTION, asked: QUESTION, earlier: null, earlierAnswer: null },
      time: null,
      generated: LIMIT,
      decision: {
        reason: null,
        statesAnswer: expect.closeTo(0.9, 6) as number,
        basis: 'probability',
        threshold: 0.5,
      },
      passages: answer.sources,
    })
    expect(Object.keys(trace.candidates[0] ?? {}).sort()).toEqual(
      'articleId chunkId fused keyword vector'.split(' '),
    )
  })

  it('is not found under an id that was never given', async () => {
    const reply = await app.call('GET /v1/answers/ans_none')
    expect([reply.status, (reply.json as Problem).code]).toEqual([404, 'not-found'])
  })
})

const GRAMMAR = /^sources-available( answer-queued)*( answer-delta)* (answer-end|answer-error)$/

function names(events: readonly { readonly event: string }[]): string {
  return events.map(({ event }) => event).join(' ')
}

function openStream(): Promise<EventReader> {
  return app.stream({ question: QUESTION, stream: true })
}

describe('an answer as a stream', () => {
  it('gives the sources, the words, and the whole answer at its end', async () => {
    const stream = await openStream()
    expect(stream.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
    const events = await stream.rest()
    expect(names(events)).toBe('sources-available answer-delta answer-delta answer-end')
    const answer = events.at(-1)?.data as Answer
    expect(contractFaults('POST /v1/chat', { status: 200, json: answer })).toEqual([])
    expect(events[0]?.data).toEqual({ sources: answer.sources })
    // A space is held back until it is known that no mark of the model's follows it.
    const words = events.slice(1, 3).map(({ data }) => (data as { text: string }).text)
    expect(words.join('')).toBe(ANSWERED.pieces.join(''))
    const { json } = await app.call(`GET /v1/answers/${answer.id}`)
    expect(json).toMatchObject(answer)
  })

  it('is one for whoever accepts events', async () => {
    const stream = await app.stream({ question: QUESTION }, { accept: 'text/event-stream' })
    expect(names(await stream.rest())).toMatch(GRAMMAR)
  })

  it('is JSON where the request says so, whatever is accepted', async () => {
    const headers = { accept: 'text/event-stream' }
    const body = { question: QUESTION, stream: false }
    const reply = await app.call('POST /v1/chat', { body, headers })
    expect(reply.headers['content-type']).toMatch('application/json')
  })

  it('has the sources before the model has said anything', async () => {
    chat.script = { ...HANGS, hangAt: 0 }
    const stream = await openStream()
    expect((await stream.next())?.event).toBe('sources-available')
    stream.leave()
  })

  it('ends with the refusal where nothing is found', async () => {
    const filters = { author: 'Nobody' }
    const events = await (await app.stream({ question: QUESTION, stream: true, filters })).rest()
    expect(names(events)).toBe('sources-available answer-end')
    expect(events[0]?.data).toEqual({ sources: [] })
  })

  it('keeps to its grammar whatever the model does', async () => {
    const scripts = fc.record({
      pieces: fc.array(fc.string({ minLength: 1 }), { maxLength: 6 }),
      throwAt: fc.option(fc.nat(7), { nil: undefined }),
    })
    await fc.assert(
      fc.asyncProperty(scripts, async ({ pieces, throwAt }) => {
        chat.script = { pieces, ...(throwAt === undefined ? {} : { throwAt }) }
        const stream = await openStream()
        const isBroken = throwAt !== undefined && throwAt <= pieces.length
        // Before anything was sent it may still be the plain problem.
        if (throwAt === 0 && stream.status === 500) return
        const events = await stream.rest()
        expect(names(events)).toMatch(GRAMMAR)
        expect(events.at(-1)?.event).toBe(isBroken ? 'answer-error' : 'answer-end')
      }),
      { numRuns: 30 },
    )
  })
})

describe('a failure', () => {
  it('before the first event is a plain problem', async () => {
    const error = new AppError('database-unavailable', 'It is away.', { retryAfter: 5 })
    await using broken = await openTestApp({ services: () => withRetrieve(test.services, error) })
    const stream = { question: QUESTION, stream: true }
    const reply = await broken.call('POST /v1/chat', { body: stream })
    expect(reply).toMatchObject({ status: 503, json: { code: 'database-unavailable' } })
    expect(reply.headers).toMatchObject({
      'content-type': 'application/problem+json; charset=utf-8',
      'retry-after': '5',
    })
  })

  it('after the first word ends the stream with the problem, and nothing is kept', async () => {
    chat.script = { ...HANGS, throwAt: 1 }
    const before = await keptAnswers()
    const stream = await openStream()
    const events = await stream.rest()
    expect(names(events)).toBe('sources-available answer-delta answer-error')
    const problem = events.at(-1)?.data as Problem
    expect(problem).toMatchObject({ code: 'internal', status: 500 })
    expect(problem.detail).not.toContain('scripted')
    expect(contractFaults('POST /v1/chat', { status: 500, json: problem })).toEqual([])
    expect(await keptAnswers()).toBe(before)
  })

  it('after the first word is the problem itself without a stream', async () => {
    chat.script = {
      ...HANGS,
      throwAt: 1,
      error: new AppError('model-timeout', 'The next word took too long.'),
    }
    const reply = await app.call('POST /v1/chat', { body: { question: QUESTION } })
    expect(reply).toMatchObject({ status: 504, json: { code: 'model-timeout' } })
  })

  it('of a model that cannot be reached gives extracts', async () => {
    const error = new AppError('model-unavailable', 'It does not answer.')
    chat.script = { pieces: [], throwAt: 0, error }
    const answer = await ask({ question: NEAR_QUESTION })
    expect(answer).toMatchObject({ status: 'extracted', reason: 'model-unavailable' })
    await expectTrueOffsets(answer)
  })

  it('that is told in the log keeps its cause there and its request’s id', async () => {
    chat.script = { ...HANGS, throwAt: 1, error: new Error('The cause.') }
    const { headers } = await app.call('POST /v1/chat', { body: { question: QUESTION } })
    await until(() => app.log.some((line) => line.includes(String(headers['x-request-id']))))
    const line = app.log.find((each) => each.includes(String(headers['x-request-id']))) ?? ''
    expect(JSON.parse(line)).toMatchObject({ level: 50, err: { message: 'The cause.' } })
  })
})

function withRetrieve(services: Services, error: Error): Services {
  const retrieve = () => Promise.reject(error)
  return { ...services, answerSteps: { ...services.answerSteps, retrieve } }
}

describe('without a chat model', () => {
  beforeEach(() => test.chat.setModel(null))
  afterEach(() => test.chat.setModel(chat))

  it('the best sentences are the answer', async () => {
    const answer = await ask({ question: NEAR_QUESTION })
    expect(answer).toMatchObject({
      status: 'extracted',
      reason: 'model-unavailable',
      models: { chat: null },
      tokens: { prompt: 0, completion: 0 },
    })
    expect(answer.sentences[0]?.text).toBe(LIMIT)
    expect(answer.sentences.map(({ text }) => text)).toEqual(
      answer.citations.map(({ quote }) => quote),
    )
    await expectTrueOffsets(answer)
  })

  it('a question that no sentence is near to is refused', async () => {
    const answer = await ask({ question: 'Which telescope photographs comets?' })
    expect(answer).toMatchObject({ status: 'refused', reason: 'no-evidence', citations: [] })
  })

  it('a stream has no words, and an end', async () => {
    expect(names(await (await openStream()).rest())).toBe('sources-available answer-end')
  })
})

describe('a client that goes', () => {
  it.each([0, 1, 3])(
    'after %i words stops the model, and the next question is answered',
    async (words) => {
      chat.script = { ...HANGS, hangAt: words }
      const before = await keptAnswers()
      const stream = await openStream()
      for (let read = 0; read <= words; read += 1) await stream.next()
      stream.leave()
      await until(() => chat.aborts === 1)
      expect(chat.active).toBe(0)
      chat.script = ANSWERED
      expect((await ask()).status).toBe('answered')
      expect(await keptAnswers()).toBe(before + 1)
    },
  )

  it('while it waits gives up its place, and those behind it move up', async () => {
    chat.script = { ...HANGS, hangAt: 0 }
    const first = await openStream()
    const second = await openStream()
    const third = await openStream()
    expect(await second.next()).toMatchObject({ event: 'sources-available' })
    expect(await second.next()).toEqual({ event: 'answer-queued', data: { position: 1 } })
    expect(await third.next()).toMatchObject({ event: 'sources-available' })
    expect(await third.next()).toEqual({ event: 'answer-queued', data: { position: 2 } })
    second.leave()
    expect(await third.next()).toEqual({ event: 'answer-queued', data: { position: 1 } })
    chat.script = ANSWERED
    first.leave()
    expect(names(await third.rest())).toBe('answer-delta answer-delta answer-end')
  })

  it('of a plain answer stops the model as well', async () => {
    chat.script = { ...HANGS, hangAt: 1 }
    const waiting = app.stream({ question: QUESTION, stream: false })
    waiting.catch(() => undefined)
    await until(() => chat.active === 1)
    app.hangUp()
    await until(() => chat.aborts === 1)
    await expect(waiting).rejects.toThrow()
  })
})

describe('a full queue', () => {
  it('is told at once, as a problem and not as a stream', async () => {
    chat.script = { ...HANGS, hangAt: 0 }
    const streams = [await openStream(), await openStream(), await openStream()]
    for (const stream of streams) await stream.next()
    const reply = await app.call('POST /v1/chat', { body: { question: QUESTION, stream: true } })
    expect(reply).toMatchObject({ status: 503, json: { code: 'model-busy' } })
    expect(reply.headers).toMatchObject({
      'content-type': 'application/problem+json; charset=utf-8',
      'retry-after': expect.stringMatching(/^[1-9]\d*$/) as string,
    })
    const plain = await app.call('POST /v1/chat', { body: { question: QUESTION } })
    expect(plain).toMatchObject({ status: 503, json: { code: 'model-busy' } })
    chat.script = ANSWERED
    streams[0]?.leave()
    expect(names(await streams[1]!.rest())).toMatch(/answer-end$/)
    expect(names(await streams[2]!.rest())).toMatch(/answer-end$/)
  })
})

describe('a model that makes up its footnotes', () => {
  const SPOOFS = [
    LIMIT,
    MISSED,
    'A NOTIFY payload is limited to 8000 bytes [7].',
    'A NOTIFY payload is limited to 8000 bytes [8000].',
    'See https://bank.example/login for the NOTIFY payload.',
    'Cite this as https://bank.example.',
    '[1] [2] [99]',
    '![x](http://127.0.0.1:9/?q=1)',
    ' ',
    '\n\n',
    '“',
    '\u202e',
  ]

  it('is cited by what was found alone, at the addresses that the library has', async () => {
    const pieces = fc.array(fc.oneof(fc.constantFrom(...SPOOFS), fc.string()), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(pieces, async (given) => {
        chat.script = { pieces: given.filter((piece) => piece !== '') }
        const answer = await ask()
        const found = new Map(answer.sources.map(({ articleId, url }) => [articleId, url]))
        for (const { articleId, url, number } of answer.citations) {
          expect(found.get(articleId)).toBe(url)
          expect(answer.sentences.some(({ citations }) => citations.includes(number))).toBe(true)
        }
        for (const { citations } of answer.sentences) {
          expect(citations.length).toBeGreaterThan(0)
          for (const number of citations) {
            expect(answer.citations.some((each) => each.number === number)).toBe(true)
          }
        }
        expect(JSON.stringify([answer.answer, answer.citations])).not.toContain('bank.example')
        await expectTrueOffsets(answer)
      }),
      { numRuns: 60 },
    )
  })
})

describe('a service that stops', () => {
  it('ends what is under way with the reason, and keeps nothing of it', async () => {
    chat.script = { ...HANGS, hangAt: 1 }
    await using stopped = await openTestApp({ services: () => test.services })
    const before = await keptAnswers()
    const stream = await stopped.stream({ question: QUESTION, stream: true })
    await stream.next()
    await stream.next()
    stopped.stopping.abort(new AppError('shutting-down', 'The service is stopping.'))
    const events = await stream.rest()
    expect(events).toMatchObject([{ event: 'answer-error', data: { code: 'shutting-down' } }])
    expect(await keptAnswers()).toBe(before)
  })
})

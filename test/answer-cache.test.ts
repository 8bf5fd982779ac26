// Answers that are given again, over HTTP, with the store and the search as they are.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { createServiceTarget } from '../eval/service-target.ts'
import { answerQuestion } from '../src/answering/answer-question.ts'
import { toStandalone } from '../src/answering/condense.ts'
import { AppError } from '../src/errors.ts'
import type { answerSchema, keptAnswerSchema } from '../src/http/schemas.ts'
import { removeFeed } from '../src/jobs/manage-feeds.ts'
import { contractFaults } from './contract.ts'
import { openTestApp, type TestApp } from './open-test-app.ts'
import { openTestServices, type TestServices } from './open-test-services.ts'
import { createScriptedChat } from './scripted-chat.ts'
import { ANSWERABLE } from './test-golden-set.ts'
import { LIBRARY, LIMIT, LISTENING, toRss } from './test-feed.ts'

type Answer = z.infer<typeof answerSchema>
type KeptAnswer = z.infer<typeof keptAnswerSchema>

const QUESTION = 'How large may a NOTIFY payload be?'
const chat = createScriptedChat({ script: { pieces: [LIMIT] } })
const { signal } = new AbortController()
let test: TestServices
let app: TestApp
let path: string
let feedId: string

beforeAll(async () => {
  test = await openTestServices({ chat, remembers: true })
  app = await openTestApp({ services: () => test.services })
})
afterAll(async () => {
  await app[Symbol.asyncDispose]()
  await test[Symbol.asyncDispose]()
})
beforeEach(async () => {
  chat.script = { pieces: [LIMIT] }
  chat.statesAnswer = 0.9
  path = test.writeFeed(toRss(LIBRARY))
  feedId = (await test.readFeed(path)).id
})
afterEach(async () => {
  test.embedding.fault = undefined
  test.errors.splice(0)
  test.chat.setModel(chat)
  await removeFeed(test.services, feedId)
  await test.services.database.pool.query('delete from answer')
})

async function ask(body: object = {}): Promise<Answer> {
  const asked = 'messages' in body ? body : { question: QUESTION, ...body }
  const reply = await app.call('POST /v1/chat', { body: asked })
  expect(contractFaults('POST /v1/chat', reply)).toEqual([])
  expect(reply.status).toBe(200)
  return reply.json as Answer
}

async function load(id: string): Promise<KeptAnswer> {
  const reply = await app.call(`GET /v1/answers/${id}`)
  expect(contractFaults('GET /v1/answers/{id}', reply)).toEqual([])
  return reply.json as KeptAnswer
}

async function say(id: string, rating: 'up' | 'down'): Promise<void> {
  const reply = await app.call(`POST /v1/answers/${id}/feedback`, { body: { rating } })
  expect(reply.status).toBe(204)
}

async function countKept(): Promise<number> {
  const { rows } = await test.services.database.pool.query('select from answer')
  return rows.length
}

async function changeArticle(changes: Partial<typeof LISTENING>): Promise<void> {
  const others = LIBRARY.filter((item) => item !== LISTENING)
  test.rewriteFeed(path, toRss([{ ...LISTENING, ...changes }, ...others]))
  await test.refresh(feedId)
}

describe('a question that was answered already', () => {
  it('is given the same answer, without the model, and says so', async () => {
    const first = await ask()
    const prompts = chat.prompts.length
    const again = await ask({ question: 'how large may a notify  payload be' })
    expect(chat.prompts).toHaveLength(prompts)
    const { timings, ...rest } = again
    expect(rest).toEqual({
      ...first,
      timings: undefined,
      question: 'how large may a notify  payload be',
      tokens: { prompt: 0, completion: 0 },
      sources: rest.sources,
      cached: true,
    })
    expect(timings).toMatchObject({ queuedMs: 0, firstTokenMs: null })
    const unscored = ({ sources }: Answer) => sources.map((source) => ({ ...source, scores: null }))
    expect(unscored(again)).toEqual(unscored(first))
    expect(await countKept()).toBe(1)
    expect((await load(first.id)).cached).toBe(false)
  })

  it('is given the same refusal', async () => {
    chat.statesAnswer = 0.1
    const first = await ask()
    expect(first).toMatchObject({ status: 'refused', reason: 'not-answered', cached: false })
    chat.statesAnswer = 0.9
    const { id, reason, answer, cached } = await ask()
    expect({ id, reason, answer, cached }).toEqual({
      id: first.id,
      reason: first.reason,
      answer: first.answer,
      cached: true,
    })
  })

  it('streams its words at once, without marks', async () => {
    const first = await ask()
    const stream = await app.stream({ question: QUESTION, stream: true })
    const events = await stream.rest()
    expect(events.map(({ event }) => event)).toEqual([
      'sources-available',
      'answer-delta',
      'answer-end',
    ])
    expect(events[1]?.data).toEqual({ text: LIMIT })
    expect(events[2]?.data).toMatchObject({ id: first.id, answer: `${LIMIT} [1]`, cached: true })
  })

  it('streams none of the words that a refusal took back', async () => {
    chat.statesAnswer = 0.1
    await ask()
    const stream = await app.stream({ question: QUESTION, stream: true })
    const names = (await stream.rest()).map(({ event }) => event)
    expect(names).toEqual(['sources-available', 'answer-end'])
  })

  it('is one with what it leans on', async () => {
    const follow = (topic: string) => ({
      messages: [
        { role: 'user', content: `What is ${topic}?` },
        { role: 'assistant', content: 'A message.' },
        { role: 'user', content: 'How large may it be?' },
      ],
    })
    const first = await ask(follow('a NOTIFY payload'))
    expect(await ask(follow('a NOTIFY payload'))).toMatchObject({ id: first.id, cached: true })
    expect((await ask(follow('a rye dough'))).cached).toBe(false)
  })

  it('is answered twice where it is asked twice at once', async () => {
    const both = await Promise.all([ask(), ask()])
    expect(both.map(({ cached }) => cached)).toEqual([false, false])
    expect(both.map(({ id }) => id)).toContain((await ask()).id)
  })
})

describe('the model is asked again', () => {
  it('where a fresh answer is wanted, which is the one given from then on', async () => {
    const first = await ask()
    const fresh = await ask({ fresh: true })
    expect(fresh.cached).toBe(false)
    expect(fresh.id).not.toBe(first.id)
    expect((await ask()).id).toBe(fresh.id)
  })

  it('where a reader marked an answer wrong, and each time after that', async () => {
    const first = await ask()
    const again = await ask()
    await say(again.id, 'down')
    for (let time = 0; time < 2; time += 1) {
      const anew = await ask()
      expect(anew).toMatchObject({ cached: false, answer: first.answer })
    }
  })

  it('where the article says something else now', async () => {
    await ask()
    await changeArticle({ html: '<p>A NOTIFY payload is limited to 8000 bytes or so.</p>' })
    expect((await ask()).cached).toBe(false)
  })

  it('where the article has another title, which its footnotes show', async () => {
    await ask()
    await changeArticle({ title: 'Notifying' })
    const answer = await ask()
    expect(answer.cached).toBe(false)
    expect(answer.citations[0]?.title).toBe('Notifying')
  })

  it('where the articles were deleted and read again', async () => {
    const first = await ask()
    await removeFeed(test.services, feedId)
    feedId = (await test.readFeed(path)).id
    const { id, cached, citations } = await ask()
    expect([cached, citations[0]?.quote]).toEqual([false, LIMIT])
    expect(id).not.toBe(first.id)
    expect((await load(first.id)).citations[0]?.quote).toBe('')
  })

  it('where other passages are to be read', async () => {
    await ask()
    expect((await ask({ maxPassages: 1 })).cached).toBe(false)
  })

  it('by what asks how it would be answered otherwise', async () => {
    await ask()
    const { answerSteps } = test.services
    const request = { understood: toStandalone(QUESTION), filters: {}, signal }
    const answerOf = async (changes: object) =>
      (await answerQuestion({ ...request, ...changes }, answerSteps)).answer
    expect((await answerOf({})).cached).toBe(true)
    expect((await answerOf({ exclude: [] })).cached).toBe(false)
    expect((await answerOf({ vectorWeight: 0.4 })).cached).toBe(false)
  })
})

describe('an answer is given to nobody else', () => {
  it('that was extracted, or refused without the model', async () => {
    const near = { question: 'Is a NOTIFY payload limited in bytes?' }
    test.chat.setModel(null)
    expect((await ask(near)).status).toBe('extracted')
    expect((await ask()).status).toBe('refused')
    test.chat.setModel(chat)
    expect(await ask(near)).toMatchObject({ status: 'answered', cached: false })
    expect(await ask()).toMatchObject({ status: 'answered', cached: false })
  })

  it('that stands in for a model which gave no first word', async () => {
    const error = new AppError('model-unavailable', 'Away.')
    chat.script = { pieces: [], throwAt: 0, error }
    expect((await ask()).status).toBe('refused')
    chat.script = { pieces: [LIMIT] }
    expect(await ask()).toMatchObject({ status: 'answered', cached: false })
  })

  it('that was searched for by words alone', async () => {
    test.embedding.fault = (vectors, texts) => {
      if (texts.includes(QUESTION)) throw new Error('Away.')
      return vectors
    }
    expect((await ask()).degraded).toBe('keyword-only')
    expect((await ask()).cached).toBe(false)
    test.embedding.fault = undefined
    expect((await ask()).cached).toBe(false)
    expect((await ask()).cached).toBe(true)
  })

  it('that lost the embedding model while it was checked', async () => {
    test.embedding.fault = (vectors, texts) => {
      if (texts.includes(LIMIT)) throw new Error('Away.')
      return vectors
    }
    expect((await ask()).degraded).toBeNull()
    test.embedding.fault = undefined
    expect((await ask()).cached).toBe(false)
  })

  it('that an evaluation asked for', async () => {
    const steps = test.services.evaluation.steps
    const arms = new Map([['system', { stepsFor: () => steps }]])
    const target = createServiceTarget({ guids: new Map(), arms: arms as never })
    const kept = await target.ask({ arm: 'system', golden: ANSWERABLE, repetition: 1 }, signal)
    expect(kept).toMatchObject({ fingerprint: null, trace: { fingerprint: { answer: null } } })
  })
})

it('leaves in its trace what it is found by, and how long each step took', async () => {
  const { trace } = await load((await ask()).id)
  expect(trace.fingerprint).toEqual({
    chat: 'llama:scripted',
    embedding: 'onnx:fake',
    answer: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
  })
  expect(Object.keys(trace.timings ?? {}).sort()).toEqual([
    'checkStated',
    'compare',
    'generate',
    'recall',
    'retrieve',
  ])
})

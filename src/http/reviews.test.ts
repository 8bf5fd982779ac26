import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { contractFaults } from '../../test/contract.ts'
import { openTestApp, type Reply, type TestApp } from '../../test/open-test-app.ts'
import { openTestServices, type TestServices } from '../../test/open-test-services.ts'
import { createScriptedChat } from '../../test/scripted-chat.ts'
import { LIBRARY, LIMIT, toRss } from '../../test/test-feed.ts'
import type { GoldenCase } from '../../eval/golden-case.ts'
import { answerQuestion } from '../answering/answer-question.ts'
import { toStandalone } from '../answering/condense.ts'
import { keepAnswer } from '../answering/keep-answer.ts'
import { transaction } from '../db/database.ts'
import type { answerSchema, reviewSchema } from './schemas.ts'

type Answer = z.infer<typeof answerSchema>
type Review = z.infer<typeof reviewSchema>
interface Page<Item> {
  readonly items: readonly Item[]
  readonly next: string | null
}

const QUESTION = 'How large may a NOTIFY payload be?'
const NONSENSE = 'Elephants paint the fences of the moon.'

const chat = createScriptedChat({ script: { pieces: [LIMIT] } })
let test: TestServices
let app: TestApp

beforeAll(async () => {
  test = await openTestServices({ chat })
  await test.readFeed(test.writeFeed(toRss(LIBRARY)))
  app = await openTestApp({ services: () => test.services })
})

afterAll(async () => {
  await app[Symbol.asyncDispose]()
  await test[Symbol.asyncDispose]()
})

beforeEach(() => {
  chat.script = { pieces: [LIMIT] }
  chat.statesAnswer = 0.9
})

afterEach(async () => {
  const { pool } = test.services.database
  await pool.query('delete from kept_case')
  await pool.query('delete from review')
  await pool.query('delete from answer')
})

async function call(what: string, template: string, body?: object): Promise<Reply> {
  const reply = await app.call(what, body === undefined ? {} : { body })
  expect(contractFaults(`${what.split(' ')[0]} ${template}`, reply)).toEqual([])
  return reply
}

async function ask(body: object = { question: QUESTION }): Promise<Answer> {
  const reply = await app.call('POST /v1/chat', { body: { fresh: true, ...body } })
  expect(reply.status).toBe(200)
  return reply.json as Answer
}

async function askRefused(body?: object): Promise<Answer> {
  chat.script = { pieces: [NONSENSE] }
  chat.statesAnswer = 0.1
  const answer = await ask(body)
  chat.statesAnswer = 0.9
  return answer
}

function say(answerId: string, feedback: object): Promise<Reply> {
  return call(`POST /v1/answers/${answerId}/feedback`, '/v1/answers/{id}/feedback', feedback)
}

function put(answerId: string): Promise<Reply> {
  return call('POST /v1/reviews', '/v1/reviews', { answerId })
}

function settle(id: string, settlement: object): Promise<Reply> {
  return call(`POST /v1/reviews/${id}`, '/v1/reviews/{id}', settlement)
}

async function list(query = ''): Promise<Page<Review>> {
  const reply = await call(`GET /v1/reviews${query}`, '/v1/reviews')
  expect(reply.status).toBe(200)
  return reply.json as Page<Review>
}

async function only(): Promise<Review> {
  const { items } = await list()
  expect(items).toHaveLength(1)
  return items[0] as Review
}

async function cases(query = ''): Promise<Page<GoldenCase>> {
  const reply = await call(`GET /v1/reviews/cases${query}`, '/v1/reviews/cases')
  expect(reply.status).toBe(200)
  return reply.json as Page<GoldenCase>
}

describe('feedback', () => {
  it('up is kept and asks for nothing', async () => {
    const { id } = await ask()
    expect((await say(id, { rating: 'up', comment: 'Right.' })).status).toBe(204)
    expect((await list()).items).toEqual([])
  })

  it('down has the answer reviewed, with what was said last', async () => {
    const { id } = await ask()
    await say(id, { rating: 'down' })
    await say(id, { rating: 'down', comment: 'Too short.', correction: '8000 bytes. 🐋' })
    expect(await only()).toEqual({
      id: expect.stringMatching(/^review_/) as string,
      question: QUESTION,
      answerIds: [id],
      reasons: ['thumb-down'],
      feedback: [
        {
          answerId: id,
          rating: 'down',
          comment: 'Too short.',
          correction: '8000 bytes. 🐋',
          createdAt: expect.any(String) as string,
        },
      ],
      state: 'open',
      action: null,
      correction: null,
    })
  })

  it('with a correction has the answer reviewed, whatever the thumb says', async () => {
    const { id } = await ask()
    await say(id, { rating: 'up', correction: 'And larger ones are refused.' })
    expect(await only()).toMatchObject({ answerIds: [id], reasons: ['asked-for'] })
  })

  it('is not taken on an answer that is not there', async () => {
    const reply = await say('ans_none', { rating: 'up' })
    expect(reply).toMatchObject({ status: 404, json: { code: 'not-found' } })
  })

  it.each([
    [{}, '/rating'],
    [{ rating: 'sideways' }, '/rating'],
    [{ rating: 'up', stars: 5 }, ''],
    [{ rating: 'down', comment: '' }, '/comment'],
    [{ rating: 'down', correction: '' }, '/correction'],
    [{ rating: 'down', correction: ' \n ' }, '/correction'],
    [{ rating: 'down', correction: 'a'.repeat(2_001) }, '/correction'],
    [{ rating: 'down', comment: 'a\0b' }, '/comment'],
    [{ rating: 'down', comment: '\ud800' }, '/comment'],
    [{ rating: 'down', correction: 7 }, '/correction'],
  ])('refuses %j', async (body, path) => {
    const { id } = await ask()
    const reply = await say(id, body)
    expect(reply.status).toBe(400)
    expect(
      (reply.json as { errors: { path: string }[] }).errors.map((each) => each.path),
    ).toContain(path)
    expect((await list()).items).toEqual([])
  })

  it('of 2000 characters is taken', async () => {
    const { id } = await ask()
    expect((await say(id, { rating: 'down', comment: 'a'.repeat(2_000) })).status).toBe(204)
  })
})

describe('the review queue', () => {
  it('takes refusals and answers that lost sentences, and no others', async () => {
    await ask()
    const refused = await askRefused({ question: 'Who paints the moon?' })
    const nothing = { question: 'Who is nobody?', filters: { author: 'Nobody' } }
    const empty = await ask(nothing)
    chat.script = { pieces: [`${LIMIT} ${NONSENSE}`] }
    const dropped = await ask()
    expect(empty).toMatchObject({ status: 'refused', reason: 'no-evidence' })
    const { items } = await list()
    expect(items.map(({ answerIds, reasons }) => [answerIds, reasons])).toEqual(
      expect.arrayContaining([
        [[dropped.id], ['dropped-sentence']],
        [[refused.id], ['dropped-sentence', 'refused']],
        [[empty.id], ['refused']],
      ]),
    )
    expect(items).toHaveLength(3)
  })

  it('takes what was streamed, too', async () => {
    chat.script = { pieces: [NONSENSE] }
    const events = await (await app.stream({ question: QUESTION, stream: true })).rest()
    const { id } = events.at(-1)?.data as Answer
    expect(await only()).toMatchObject({ answerIds: [id] })
  })

  it('does not take an answer that no reader asked for', async () => {
    chat.script = { pieces: [NONSENSE] }
    chat.statesAnswer = 0.1
    const { answerSteps, database } = test.services
    const understood = toStandalone(QUESTION)
    const { signal } = new AbortController()
    const answered = await answerQuestion({ understood, filters: {}, signal }, answerSteps)
    expect(answered.answer.status).toBe('refused')
    await transaction(database, (client) => keepAnswer(client, answered))
    expect((await list()).items).toEqual([])
  })

  it('has one review for a question, however it is written', async () => {
    const first = await askRefused()
    const second = await askRefused({ question: ' how large may a “NOTIFY” payload be ' })
    chat.script = { pieces: [LIMIT] }
    const third = await ask()
    await say(third.id, { rating: 'down' })
    expect(await only()).toMatchObject({
      question: QUESTION,
      answerIds: [first.id, second.id, third.id],
      reasons: ['thumb-down', 'dropped-sentence', 'refused'],
    })
  })

  it('tells a follow-up from the same words elsewhere', async () => {
    const followUp = (earlier: string) => ({
      messages: [
        { role: 'user', content: earlier },
        { role: 'assistant', content: 'So.' },
        { role: 'user', content: 'And why?' },
      ],
    })
    await askRefused(followUp('Is NOTIFY limited?'))
    await askRefused(followUp('Does rye dough rest?'))
    expect((await list()).items).toHaveLength(2)
  })

  it('does not bring back a question that was dismissed, unless a reader does', async () => {
    await askRefused()
    const { id } = await only()
    await settle(id, { action: 'dismiss' })
    const again = await askRefused()
    expect((await list()).items).toEqual([])
    await say(again.id, { rating: 'down' })
    const reopened = await only()
    expect(reopened).toMatchObject({ answerIds: [again.id], reasons: ['thumb-down'] })
    expect(reopened.id).not.toBe(id)
  })

  it('begins with thumbs down, in pages of any size', async () => {
    const asked = await ask({ question: 'What is NOTIFY?' })
    await put(asked.id)
    await askRefused({ question: 'Who paints the moon?', filters: { author: 'Nobody' } })
    chat.script = { pieces: [`${LIMIT} ${NONSENSE}`] }
    await ask({ question: 'Is a payload limited?' })
    chat.script = { pieces: [LIMIT] }
    await say((await ask()).id, { rating: 'down' })
    const order = [['thumb-down'], ['dropped-sentence'], ['refused'], ['asked-for']]
    expect((await list()).items.map(({ reasons }) => reasons)).toEqual(order)
    for (const limit of [1, 3]) {
      const reasons: unknown[] = []
      for (let next: string | null = ''; next !== null;) {
        const page: Page<Review> = await list(`?limit=${limit}${next && `&cursor=${next}`}`)
        reasons.push(...page.items.map((review) => review.reasons))
        next = page.next
      }
      expect(reasons).toEqual(order)
    }
  })

  it.each([
    ['?state=closed', '/state'],
    ['?limit=0', '/limit'],
    ['?limit=101', '/limit'],
    ['?cursor=', '/cursor'],
    ['?cursor=bm90IG9uZSBvZiBvdXJz', '/cursor'],
    [
      `?cursor=${Buffer.from('[9,"2026-01-01T00:00:00.000Z","a"]').toString('base64url')}`,
      '/cursor',
    ],
    [`?cursor=${Buffer.from('[0,"x","a"]').toString('base64url')}`, '/cursor'],
    [
      `?cursor=${Buffer.from('[0,"2026-01-01T00:00:00.000Z",""]').toString('base64url')}`,
      '/cursor',
    ],
    ['?page=2', ''],
  ])('refuses %s', async (query, path) => {
    const reply = await call(`GET /v1/reviews${query}`, '/v1/reviews')
    expect(reply).toMatchObject({ status: 400, json: { errors: [{ path }] } })
  })
})

describe('asking for a review', () => {
  it('opens one with 201, and finds it again with 200', async () => {
    const { id } = await ask()
    const first = await put(id)
    expect(first).toMatchObject({
      status: 201,
      json: { answerIds: [id], reasons: ['asked-for'], state: 'open' },
    })
    const review = first.json as Review
    expect(first.headers.location).toBe(`/v1/reviews/${review.id}`)
    expect(await put(id)).toMatchObject({ status: 200, json: review })
    const found = await call(`GET /v1/reviews/${review.id}`, '/v1/reviews/{id}')
    expect(found).toMatchObject({ status: 200, json: review })
  })

  it.each([
    [{}, 400, '/answerId'],
    [{ answerId: '' }, 400, '/answerId'],
    [{ answerId: 7 }, 400, '/answerId'],
    [{ answerId: 'a\0' }, 400, '/answerId'],
    [{ answerId: 'a'.repeat(201) }, 400, '/answerId'],
    [{ answerId: 'ans_1', why: 'So.' }, 400, ''],
  ])('refuses %j', async (body, status, path) => {
    const reply = await call('POST /v1/reviews', '/v1/reviews', body)
    expect(reply).toMatchObject({ status, json: { errors: [{ path }] } })
  })

  it('is not found where there is no such answer or review', async () => {
    const noReview = await call('GET /v1/reviews/review_none', '/v1/reviews/{id}')
    for (const reply of [await put('ans_none'), noReview]) {
      expect(reply).toMatchObject({ status: 404, json: { code: 'not-found' } })
    }
  })
})

describe('settling a review', () => {
  async function open(): Promise<Review> {
    const { id } = await ask()
    return (await put(id)).json as Review
  }

  it('corrects it, and it is done', async () => {
    const review = await open()
    const correction = 'At most 8000 bytes.'
    const reply = await settle(review.id, { action: 'correct', correction })
    const done = { ...review, state: 'done', action: 'correct', correction }
    expect(reply).toMatchObject({ status: 200, json: done })
    expect((await list()).items).toEqual([])
    expect((await list('?state=done')).items).toEqual([done])
    expect((await cases()).items).toEqual([])
  })

  it('makes a golden case of an answer', async () => {
    const { id } = await open()
    const correction = 'A payload has at most 8000 bytes.'
    const reply = await settle(id, { action: 'golden', correction })
    expect(reply).toMatchObject({ status: 200, json: { state: 'done', action: 'golden' } })
    const page = await cases()
    expect(page).toEqual({
      items: [
        {
          id: expect.stringMatching(/^rev-[0-9a-f]{8}$/) as string,
          question: QUESTION,
          kind: 'fact',
          split: 'test',
          articles: ['listening'],
          facts: [['8000']],
          must_not: [],
          reference: correction,
          evidence: [{ article: 'listening', quote: 'A NOTIFY payload is' }],
        },
      ],
      next: null,
    })
    // As it would be written by hand: the fields in the order of the schema.
    expect(Object.keys(page.items[0] ?? {}).slice(0, 3)).toEqual(['id', 'question', 'kind'])
  })

  it('makes a near miss of a refusal', async () => {
    await askRefused({ question: 'Who wrote NOTIFY?' })
    await settle((await only()).id, { action: 'golden' })
    expect((await cases()).items).toMatchObject([
      { question: 'Who wrote NOTIFY?', kind: 'unanswerable', tags: ['near-miss'] },
    ])
  })

  it('makes a follow-up of a follow-up', async () => {
    const { id } = await ask({
      messages: [
        { role: 'user', content: 'What is NOTIFY?' },
        { role: 'assistant', content: 'A signal.' },
        { role: 'user', content: `And ${QUESTION}` },
      ],
    })
    await settle(((await put(id)).json as Review).id, { action: 'golden' })
    const turns = [
      { role: 'user', content: 'What is NOTIFY?' },
      { role: 'assistant', content: 'A signal.' },
    ]
    expect((await cases()).items).toMatchObject([
      { kind: 'followup', question: `And ${QUESTION}`, turns },
    ])
  })

  it('leaves the review open where no case can be made', async () => {
    await askRefused({ question: 'Who wrote NOTIFY?' })
    const { id } = await only()
    const reply = await settle(id, { action: 'golden', correction: 'Somebody.' })
    expect(reply).toMatchObject({
      status: 400,
      json: {
        detail: expect.stringContaining('give them in "case"') as string,
        errors: [{ path: '/case/articles' }],
      },
    })
    expect((await only()).state).toBe('open')
    chat.script = { pieces: [LIMIT] }
    const given = { reference: 'A payload is limited.', facts: [['9000']] }
    const other = await open()
    const wrong = await settle(other.id, { action: 'golden', case: given })
    expect(wrong).toMatchObject({ status: 400, json: { errors: [{ path: '/case/facts' }] } })
    expect((await cases()).items).toEqual([])
  })

  it('gives each case an id of its own', async () => {
    for (const [question, status] of [
      ['What is NOTIFY?', 200],
      [QUESTION, 409],
    ] as const) {
      const { id } = await ask({ question })
      const review = (await put(id)).json as Review
      const settled = await settle(review.id, { action: 'golden', case: { id: 'mine' } })
      expect(settled.status).toBe(status)
    }
    expect((await cases()).items).toHaveLength(1)
    expect((await list()).items).toHaveLength(1)
  })

  it('is done once, also where two do it at the same time', async () => {
    const { id } = await open()
    const replies = await Promise.all([
      settle(id, { action: 'golden' }),
      settle(id, { action: 'golden' }),
      settle(id, { action: 'dismiss' }),
    ])
    expect(replies.map(({ status }) => status).toSorted()).toEqual([200, 409, 409])
    expect(replies.find(({ status }) => status === 409)?.json).toMatchObject({ code: 'conflict' })
    expect((await cases()).items.length).toBeLessThanOrEqual(1)
  })

  it('is not found where there is no such review', async () => {
    const reply = await settle('review_none', { action: 'dismiss' })
    expect(reply).toMatchObject({ status: 404, json: { code: 'not-found' } })
  })

  it.each([
    [{}, '/action'],
    [{ action: 'delete' }, '/action'],
    [{ action: 'dismiss', why: 'So.' }, ''],
    [{ action: 'correct' }, '/correction'],
    [{ action: 'correct', correction: ' ' }, '/correction'],
    [{ action: 'correct', correction: 'a'.repeat(2_001) }, '/correction'],
    [{ action: 'dismiss', correction: 'Not needed.' }, '/correction'],
    [{ action: 'correct', correction: 'So.', case: { kind: 'fact' } }, '/case'],
    [{ action: 'golden', case: { kind: 'riddle' } }, '/case/kind'],
    [{ action: 'golden', case: { colour: 'red' } }, '/case'],
    [{ action: 'golden', case: { id: 'Not an id' } }, '/case/id'],
    [{ action: 'golden', case: { facts: [[]] } }, '/case/facts/0'],
    [{ action: 'golden', case: { tags: ['a\0'] } }, '/case'],
    [{ action: 'golden', case: { facts: [['\udc00']] } }, '/case'],
  ])('refuses %j', async (body, path) => {
    const { id } = await open()
    const reply = await settle(id, body)
    expect(reply).toMatchObject({ status: 400, json: { errors: [{ path }] } })
    expect((await only()).state).toBe('open')
  })
})

describe('the kept cases', () => {
  it('come the oldest first, in pages', async () => {
    const questions = ['What is NOTIFY?', QUESTION, 'Is a payload limited?']
    for (const question of questions) {
      const { id } = await ask({ question })
      await settle(((await put(id)).json as Review).id, { action: 'golden' })
    }
    const first = await cases('?limit=2')
    const second = await cases(`?limit=2&cursor=${first.next}`)
    expect(second.next).toBeNull()
    expect([...first.items, ...second.items].map(({ question }) => question)).toEqual(questions)
  })

  it.each(['?cursor=x', '?limit=0', '?state=open'])('refuse %s', async (query) => {
    const reply = await call(`GET /v1/reviews/cases${query}`, '/v1/reviews/cases')
    expect(reply.status).toBe(400)
  })
})

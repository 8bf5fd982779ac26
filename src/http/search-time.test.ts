import { afterAll, beforeAll, expect, it } from 'vitest'
import type { z } from 'zod'
import { contractFaults } from '../../test/contract.ts'
import { openTestApp, type TestApp } from '../../test/open-test-app.ts'
import { openTestServices, type TestServices } from '../../test/open-test-services.ts'
import { BAKING, HEATING, LIBRARY, LISTENING, toRss } from '../../test/test-feed.ts'
import type { keptAnswerSchema, searchSchema } from './schemas.ts'

type Found = z.infer<typeof searchSchema>
type KeptAnswer = z.infer<typeof keptAnswerSchema>

/** Of the same words as a newer one. */
const BAKING_BEFORE = {
  ...BAKING,
  guid: 'before',
  title: 'Baking rye bread by hand',
  url: 'https://blog.example/before',
  publishedAt: '2025-11-20T09:00:00Z',
}

let test: TestServices
let app: TestApp

beforeAll(async () => {
  test = await openTestServices()
  await test.readFeed(test.writeFeed(toRss([...LIBRARY, BAKING_BEFORE])))
  app = await openTestApp({ services: () => test.services })
})

afterAll(async () => {
  await app[Symbol.asyncDispose]()
  await test[Symbol.asyncDispose]()
})

async function search(query: Readonly<Record<string, string>>): Promise<Found> {
  const reply = await app.call(`GET /v1/search?${new URLSearchParams(query).toString()}`)
  expect(contractFaults('GET /v1/search', reply)).toEqual([])
  return reply.json as Found
}

async function titles(query: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const { passages } = await search(query)
  return [...new Set(passages.map(({ title }) => title))]
}

it('finds what was published at the time that a question asks for', async () => {
  const q = 'What was published in January 2026 about dough, payloads or heat?'
  expect(await titles({ q })).toEqual([BAKING.title])
  expect((await search({ q })).time).toEqual({
    publishedAfter: '2026-01-01T00:00:00.000Z',
    publishedBefore: '2026-02-01T00:00:00.000Z',
    isLatest: false,
  })
})

it('does not filter by a time that the articles may speak of', async () => {
  const q = 'What changed in January 2026 for dough, payloads or heat?'
  expect((await titles({ q })).length).toBe(4)
  expect((await search({ q })).time).toBeNull()
})

it('tells last month from the time that counts as now', async () => {
  const q = 'Which articles were published last month?'
  expect(await titles({ q, asOf: '2026-02-15' })).toEqual([BAKING.title])
  expect(await titles({ q, asOf: '2026-01-15' })).toEqual([HEATING.title])
})

it('keeps to the filters of the request where they are narrower', async () => {
  const q = 'articles published since January 2026'
  expect(await titles({ q, publishedBefore: '2026-02-01' })).toEqual([BAKING.title])
})

it('hides what came later from a question as of a day', async () => {
  const q = 'As of 2026-01-31, is there dough, a payload or heat?'
  expect((await titles({ q })).toSorted()).toEqual([
    BAKING.title,
    BAKING_BEFORE.title,
    HEATING.title,
  ])
})

it('says that the time leaves nothing', async () => {
  const found = await search({ q: 'What was published in 2019 about rye?' })
  expect(found).toMatchObject({ passages: [], reason: 'filtered' })
  expect(found.time).toMatchObject({ publishedAfter: '2019-01-01T00:00:00.000Z' })
})

it('puts newer articles first where the latest are asked for, and else does not', async () => {
  const [usual] = await titles({ q: 'an article about baking rye bread by hand' })
  expect(usual).toBe(BAKING_BEFORE.title)
  const [latest] = await titles({ q: 'the latest article about baking rye bread by hand' })
  expect(latest).toBe(BAKING.title)
})

it('never puts what is new and beside the point first', async () => {
  const [first] = await titles({
    q: 'What is the latest article about the limit of a NOTIFY payload?',
  })
  expect(first).toBe(LISTENING.title)
})

it('shows in the trace of an answer how the time was understood, and refuses in plain words', async () => {
  const question = 'What was published in 2019 about rye?'
  const { json } = await app.call('POST /v1/chat', { body: { question } })
  const answer = json as KeptAnswer
  expect(answer).toMatchObject({ status: 'refused', reason: 'no-evidence' })
  expect(answer.answer).toContain('time')
  const reply = await app.call(`GET /v1/answers/${answer.id}`)
  expect(contractFaults('GET /v1/answers/{id}', reply)).toEqual([])
  expect((reply.json as KeptAnswer).trace.time).toEqual({
    publishedAfter: '2019-01-01T00:00:00.000Z',
    publishedBefore: '2020-01-01T00:00:00.000Z',
    isLatest: false,
  })
})

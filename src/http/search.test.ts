import { afterAll, beforeAll, expect, it } from 'vitest'
import type { z } from 'zod'
import { contractFaults } from '../../test/contract.ts'
import { openTestApp, type TestApp } from '../../test/open-test-app.ts'
import { openTestServices, type TestServices } from '../../test/open-test-services.ts'
import { BAKING, LIBRARY, LIMIT, LISTENING, toRss } from '../../test/test-feed.ts'
import type { problemSchema, searchSchema } from './schemas.ts'

type Found = z.infer<typeof searchSchema>
type Problem = z.infer<typeof problemSchema>

let test: TestServices
let app: TestApp
let otherFeedId: string

beforeAll(async () => {
  test = await openTestServices()
  await test.readFeed(test.writeFeed(toRss(LIBRARY)))
  const other = { ...BAKING, title: 'Baking at sea', url: 'https://sea.example/', guid: 'sea' }
  otherFeedId = (await test.readFeed(test.writeFeed(toRss([other])))).id
  app = await openTestApp({ services: () => test.services })
})

afterAll(async () => {
  await app[Symbol.asyncDispose]()
  await test[Symbol.asyncDispose]()
})

async function search(query: Readonly<Record<string, string>>): Promise<Found> {
  const reply = await app.call(`GET /v1/search?${new URLSearchParams(query).toString()}`)
  expect(contractFaults('GET /v1/search', reply)).toEqual([])
  expect(reply.status).toBe(200)
  return reply.json as Found
}

async function titles(query: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const found = await search({ q: 'Which payload, dough or heater is there?', ...query })
  return [...new Set(found.passages.map(({ title }) => title))].sort()
}

const ALL = ['Baking at sea', BAKING.title, 'Heat pumps in winter', LISTENING.title]

it('gives the passages in rank order, with what each arm made of them', async () => {
  const found = await search({ q: 'How large may a NOTIFY payload be?' })
  expect(found).toMatchObject({
    question: 'How large may a NOTIFY payload be?',
    reason: null,
    degraded: null,
  })
  expect(found.passages[0]).toMatchObject({ title: LISTENING.title, heading: 'Limits' })
  expect(found.passages[0]?.text).toContain(LIMIT)
  const fused = found.passages.map(({ scores }) => scores.fused)
  expect(fused).toEqual(fused.toSorted((a, b) => b - a))
  // Of the words only one article has any; the vectors know how far every one is away.
  expect(found.passages.filter(({ scores }) => scores.keyword !== null)).toHaveLength(1)
})

it('gives a score of null where an arm did not find the passage', async () => {
  const { passages } = await search({ q: 'NOTIFY' })
  expect(passages.some(({ scores }) => scores.keyword === null)).toBe(true)
})

it('points each passage into the text of its revision', async () => {
  const { passages } = await search({ q: 'NOTIFY payload' })
  for (const { articleId, revision, start, end, text } of passages) {
    const { json } = await app.call(`GET /v1/articles/${articleId}/revisions/${revision}`)
    expect((json as { text: string }).text.slice(start, end)).toBe(text)
  }
})

it('gives no more than k passages, and ten where k is not given', async () => {
  expect((await search({ q: 'NOTIFY payload', k: '1' })).passages).toHaveLength(1)
  expect((await search({ q: 'NOTIFY payload', k: '50' })).passages).toHaveLength(5)
})

it('packs passages as the model reads them into as many tokens as it is given', async () => {
  const narrow = await search({ q: 'NOTIFY payload', tokens: '50' })
  const wide = await search({ q: 'NOTIFY payload', tokens: '4000' })
  const size = ({ passages }: Found) => passages.reduce((sum, { text }) => sum + text.length, 0)
  expect(narrow.passages.length).toBeGreaterThan(0)
  expect(size(narrow)).toBeLessThan(size(wide))
  const tokens = narrow.passages.reduce((sum, { text }) => sum + test.services.countTokens(text), 0)
  expect(tokens).toBeLessThanOrEqual(50)
})

it.each([
  { filter: {}, wanted: ALL },
  { filter: { author: 'Ada' }, wanted: ['Heat pumps in winter', LISTENING.title] },
  { filter: { category: 'queues' }, wanted: [LISTENING.title] },
  // Inclusive at its beginning and exclusive at its end.
  { filter: { publishedAfter: '2026-03-02T09:00:00Z' }, wanted: [LISTENING.title] },
  { filter: { publishedBefore: '2025-12-01T09:00:00Z' }, wanted: [] },
  { filter: { publishedBefore: '2025-12-02' }, wanted: ['Heat pumps in winter'] },
  {
    filter: { asOf: '2026-02-01T01:00:00+01:00' },
    wanted: ALL.filter((title) => title !== LISTENING.title),
  },
])('filters by $filter', async ({ filter, wanted }) => {
  expect(await titles(filter as Record<string, string>)).toEqual([...wanted].sort())
})

it('filters by feed, and by any of several', async () => {
  expect(await titles({ feed: otherFeedId })).toEqual(['Baking at sea'])
  const query = 'q=payload+dough+heater&category=queues&category=kitchen'
  const { json } = await app.call(`GET /v1/search?${query}`)
  const found = new Set((json as Found).passages.map(({ title }) => title))
  expect([...found].sort()).toEqual(['Baking at sea', BAKING.title, LISTENING.title])
})

it('says that the filters leave nothing to search', async () => {
  expect(await search({ q: 'NOTIFY', author: 'Nobody' })).toMatchObject({
    passages: [],
    reason: 'filtered',
  })
})

it('goes by keywords alone while the embedding model does not answer, and says so', async () => {
  test.embedding.fault = () => {
    throw new Error('It is away.')
  }
  const found = await search({ q: 'NOTIFY payload' })
  test.embedding.fault = undefined
  expect(found.degraded).toBe('keyword-only')
  expect(found.passages.map(({ title }) => title)).toEqual([LISTENING.title])
  expect(test.errors.splice(0)).toHaveLength(1)
})

it.each([
  ['', '/q'],
  ['q=', '/q'],
  ['q=%20%20', '/q'],
  ['q=a&q=b', '/q'],
  ['q=a%00b', '/q'],
  [`q=${'a'.repeat(2_001)}`, '/q'],
  ['q=a&k=0', '/k'],
  ['q=a&k=51', '/k'],
  ['q=a&k=ten', '/k'],
  ['q=a&k=1.5', '/k'],
  ['q=a&tokens=49', '/tokens'],
  ['q=a&tokens=4001', '/tokens'],
  ['q=a&k=5&tokens=100', ''],
  ['q=a&publishedAfter=yesterday', '/publishedAfter'],
  ['q=a&asOf=2026-13-01', '/asOf'],
  ['q=a&colour=red', ''],
  ['q=a&author=', '/author'],
])('refuses ?%s and names the fault', async (query, path) => {
  const reply = await app.call(`GET /v1/search?${query}`)
  expect(reply.status).toBe(400)
  expect(contractFaults('GET /v1/search', reply)).toEqual([])
  expect(reply.json).toMatchObject({ code: 'invalid-request' })
  expect((reply.json as Problem).errors.map((error) => error.path)).toContain(path)
})

it.each([
  "'; drop table article; --",
  ':* & ! |',
  '%_\\',
  '"'.repeat(2_000),
  '(((',
  '\u202e\u200b',
])('takes %j for words', async (q) => {
  await search({ q })
})

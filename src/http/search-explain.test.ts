// "Why not this article": each way of falling out of a search, brought about on purpose.
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { z } from 'zod'
import { contractFaults } from '../../test/contract.ts'
import { openTestApp, type TestApp } from '../../test/open-test-app.ts'
import { openTestServices, type TestServices } from '../../test/open-test-services.ts'
import { BAKING, LIBRARY, LIMIT, LISTENING, toRss } from '../../test/test-feed.ts'
import type { searchSchema } from './schemas.ts'

type Found = z.infer<typeof searchSchema>
type Explanation = NonNullable<Found['explain']>

const QUESTION = 'How large may a NOTIFY payload be?'
const CANDIDATES = 50

/** More chunks that are nearer to the question than either arm lets in. */
const CROWD = {
  guid: 'crowd',
  title: 'Notes on a payload',
  html: Array.from(
    { length: CANDIDATES + 10 },
    (_, at) => `<h2>Note ${at}</h2><p>A large NOTIFY payload, as large as it may be.</p>`,
  ).join(''),
}

/** One word of the question in a long text of others. */
const DROWNED = {
  guid: 'drowned',
  title: 'Letters from a ferry',
  html: `<p>The payload was timber. ${'Gulls follow every ferry across the grey water. '.repeat(12)}</p>`,
}

let test: TestServices
let app: TestApp
let ids: ReadonlyMap<string, string>

beforeAll(async () => {
  test = await openTestServices()
  await test.readFeed(test.writeFeed(toRss(LIBRARY)))
  app = await openTestApp({ services: () => test.services })
  ids = await articleIds()
})

afterAll(async () => {
  await app[Symbol.asyncDispose]()
  await test[Symbol.asyncDispose]()
})

async function articleIds(): Promise<ReadonlyMap<string, string>> {
  const { json } = await app.call('GET /v1/articles?limit=100')
  const { items } = json as { items: { id: string; title: string }[] }
  return new Map(items.map(({ id, title }) => [title, id]))
}

async function search(query: Readonly<Record<string, string>>): Promise<Found> {
  const parameters = new URLSearchParams({ q: QUESTION, ...query })
  const reply = await app.call(`GET /v1/search?${parameters.toString()}`)
  expect(contractFaults('GET /v1/search', reply)).toEqual([])
  expect(reply.status).toBe(200)
  return reply.json as Found
}

async function explain(
  title: string,
  query: Readonly<Record<string, string>> = {},
): Promise<Explanation> {
  const { explain: explained } = await search({ ...query, explain: ids.get(title) ?? '' })
  if (explained === undefined) throw new Error('It explains nothing.')
  return explained
}

it('says at which place an article is shown, with its ranks in both arms', async () => {
  const found = await search({ explain: ids.get(LISTENING.title) ?? '' })
  expect(found.explain).toMatchObject({
    title: LISTENING.title,
    outcome: 'shown',
    place: 1,
    keyword: { rank: 1 },
    vector: { rank: 1 },
    fused: { rank: 1, scores: found.passages[0]?.scores },
  })
})

it('explains nothing where nothing was asked', async () => {
  expect(await search({})).not.toHaveProperty('explain')
})

it('names the filter that an article does not pass', async () => {
  expect(
    await explain(LISTENING.title, { author: 'Bo', publishedBefore: '2026-03-02' }),
  ).toMatchObject({
    outcome: 'filtered',
    filters: [
      { name: 'author', wanted: ['Bo'], actual: ['Ada'] },
      {
        name: 'publishedBefore',
        wanted: ['2026-03-02T00:00:00.000Z'],
        actual: ['2026-03-02T09:00:00.000Z'],
      },
    ],
    keyword: null,
    vector: null,
    fused: null,
  })
})

it('names a filter that stands in the question itself', async () => {
  const q = 'Which articles were published before 2026?'
  expect(await explain(LISTENING.title, { q })).toMatchObject({
    outcome: 'filtered',
    filters: [{ name: 'publishedBefore', wanted: ['2026-01-01T00:00:00.000Z'] }],
  })
})

it('tells an article that was fused below those that are shown, with both scores', async () => {
  const { outcome, fused, place } = await explain(BAKING.title, { k: '1' })
  expect({ outcome, place }).toEqual({ outcome: 'fused-below', place: null })
  expect(fused?.rank).toBeGreaterThan(1)
  expect(fused?.last.rank).toBe(1)
  expect(fused?.scores.fused).toBeLessThan(fused?.last.fused ?? 0)
})

it('gives the fused scores that the search itself ranked by', async () => {
  const { passages } = await search({ k: '50' })
  const best = passages.find(({ title }) => title === BAKING.title)
  const { fused } = await explain(BAKING.title, { k: '1' })
  expect(fused?.scores).toEqual(best?.scores)
  expect(passages[(fused?.rank ?? 0) - 1]).toEqual(best)
})

it('tells an article that was read and had no room in the tokens', async () => {
  const { outcome, packing } = await explain(BAKING.title, { tokens: '50' })
  expect(outcome).toBe('cut-by-budget')
  expect(packing).toMatchObject({ maxTokens: 50, sentence: { text: expect.any(String) as string } })
  expect(packing?.sentence?.rank).toBeGreaterThan(1)
  expect(await explain(BAKING.title, { tokens: '4000' })).toMatchObject({ outcome: 'shown' })
})

it('tells an article that only repeats what is shown', async () => {
  const copy = {
    guid: 'copy',
    title: 'Said again',
    html: '<p>Limited to bytes is the NOTIFY payload.</p>',
  }
  const feed = await test.readFeed(test.writeFeed(toRss([copy])))
  ids = await articleIds()
  const { outcome, place } = await explain(copy.title, { q: LIMIT, tokens: '4000' })
  expect({ outcome, place }).toEqual({ outcome: 'repeated', place: null })
  expect(await explain(copy.title, { q: LIMIT })).toMatchObject({ outcome: 'shown' })
  await app.call(`DELETE /v1/feeds/${feed.id}`)
})

it('tells an article that was withdrawn, until it is back', async () => {
  const pool = test.services.database.pool
  const setStatus = async (status: string) => {
    const id = ids.get(LISTENING.title)
    await pool.query('update article set status = $2::text where id = $1::text', [id, status])
    await pool.query('update chunk set live = $2::boolean where article_id = $1::text', [
      id,
      status === 'live',
    ])
  }
  expect(await explain(LISTENING.title)).toMatchObject({ outcome: 'shown' })
  await setStatus('withdrawn')
  expect(await explain(LISTENING.title)).toMatchObject({ outcome: 'withdrawn', place: null })
  await setStatus('live')
  expect(await explain(LISTENING.title)).toMatchObject({ outcome: 'shown' })
})

it('tells that the question had no vector while the embedding model is away', async () => {
  test.embedding.fault = () => {
    throw new Error('It is away.')
  }
  const explained = await explain(BAKING.title)
  test.embedding.fault = undefined
  test.errors.splice(0)
  expect(explained).toMatchObject({
    outcome: 'not-a-candidate',
    keyword: { rank: null, score: null },
    vector: null,
  })
})

it('has no article of another id', async () => {
  const reply = await app.call('GET /v1/search?q=payload&explain=art_none')
  expect(reply).toMatchObject({ status: 404, json: { code: 'not-found' } })
  expect(contractFaults('GET /v1/search', reply)).toEqual([])
})

it('tells an article that a crowd has kept out of both arms, by how much', async () => {
  await test.readFeed(test.writeFeed(toRss([CROWD, DROWNED])))
  ids = await articleIds()
  const { outcome, keyword, vector, fused } = await explain(DROWNED.title, { k: '50' })
  expect({ outcome, fused }).toEqual({ outcome: 'not-a-candidate', fused: null })
  for (const standing of [keyword, vector]) {
    expect(standing).toMatchObject({ rank: null, candidates: CANDIDATES })
    expect(standing?.score).toBeLessThan(standing?.lastScore ?? 0)
  }
  expect((await explain(BAKING.title)).keyword).toMatchObject({ rank: null, score: null })
})

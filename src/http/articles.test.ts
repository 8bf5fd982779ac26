import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { contractFaults } from '../../test/contract.ts'
import { openTestApp, type TestApp } from '../../test/open-test-app.ts'
import { openTestServices, type TestServices } from '../../test/open-test-services.ts'
import { BAKING, HEATING, LISTENING, toRss, type TestItem } from '../../test/test-feed.ts'
import type { articleSchema } from './schemas.ts'

type Article = z.infer<typeof articleSchema>
interface Page {
  readonly items: readonly Article[]
  readonly next: string | null
}

const UNDATED: TestItem = { guid: 'undated', title: 'Without a date', html: '<p>No date.</p>' }
const SAME_DAY = { ...BAKING, guid: 'same', title: 'On the same day', url: undefined }
const ITEMS = [LISTENING, BAKING, SAME_DAY, HEATING, UNDATED]

let test: TestServices
let app: TestApp

beforeAll(async () => {
  test = await openTestServices()
  await test.readFeed(test.writeFeed(toRss(ITEMS)))
  app = await openTestApp({ services: () => test.services })
})

afterAll(async () => {
  await app[Symbol.asyncDispose]()
  await test[Symbol.asyncDispose]()
})

async function list(query = ''): Promise<Page> {
  const reply = await app.call(`GET /v1/articles${query}`)
  expect(contractFaults('GET /v1/articles', reply)).toEqual([])
  expect(reply.status).toBe(200)
  return reply.json as Page
}

async function findArticle(title: string): Promise<Article> {
  const found = (await list()).items.find((article) => article.title === title)
  if (found === undefined) throw new Error(`There is no article ${title}.`)
  return found
}

describe('the list of articles', () => {
  it('begins with the newest and ends with those that have no date', async () => {
    const { items, next } = await list()
    expect(items.map(({ title }) => title)).toEqual([
      LISTENING.title,
      // The same day: settled by their ids.
      ...[items[1]?.title, items[2]?.title],
      HEATING.title,
      UNDATED.title,
    ])
    expect(next).toBeNull()
  })

  it.each([1, 2, 3, 4, 5])('gives each article once, in pages of %i', async (limit) => {
    const titles: string[] = []
    let pages = 0
    for (let next: string | null = ''; next !== null; pages += 1) {
      const cursor: string = next === '' ? '' : `&cursor=${encodeURIComponent(next)}`
      const page = await list(`?limit=${limit}${cursor}`)
      expect(page.items.length).toBeLessThanOrEqual(limit)
      titles.push(...page.items.map(({ title }) => title))
      next = page.next
    }
    expect(pages).toBe(Math.ceil(ITEMS.length / limit))
    expect(titles).toEqual((await list()).items.map(({ title }) => title))
  })

  it('is filtered as a search is', async () => {
    const { items } = await list('?author=Ada&publishedBefore=2026-01-01')
    expect(items.map(({ title }) => title)).toEqual([HEATING.title])
  })

  it.each([
    ['?limit=0', '/limit'],
    ['?limit=101', '/limit'],
    ['?limit=x', '/limit'],
    ['?cursor=', '/cursor'],
    ['?cursor=bm90IG9uZSBvZiBvdXJz', '/cursor'],
    [`?cursor=${Buffer.from('["x","y"]').toString('base64url')}`, '/cursor'],
    [`?cursor=${Buffer.from('[null,7]').toString('base64url')}`, '/cursor'],
    [`?cursor=${Buffer.from('[null,"a\\u0000"]').toString('base64url')}`, ''],
    ['?page=2', ''],
  ])('refuses %s', async (query, path) => {
    const reply = await app.call(`GET /v1/articles${query}`)
    expect(reply.status).toBe(400)
    expect(contractFaults('GET /v1/articles', reply)).toEqual([])
    if (path !== '') expect(reply.json).toMatchObject({ errors: [{ path }] })
  })
})

describe('an article', () => {
  it('is given with all that its feed said of it', async () => {
    const { id } = await findArticle(LISTENING.title)
    const reply = await app.call(`GET /v1/articles/${id}`)
    expect(contractFaults('GET /v1/articles/{id}', reply)).toEqual([])
    expect(reply.json).toMatchObject({
      id,
      guid: 'listening',
      title: LISTENING.title,
      url: LISTENING.url,
      author: 'Ada',
      publishedAt: '2026-03-02T09:00:00.000Z',
      updatedAt: null,
      categories: ['databases', 'queues'],
      revision: 1,
      status: 'live',
    })
  })

  it('is given in each of its revisions, the old ones too', async () => {
    const path = test.writeFeed(toRss([{ ...UNDATED, guid: 'edited', title: 'First' }]))
    const feed = await test.readFeed(path)
    const { id } = await findArticle('First')
    test.rewriteFeed(path, toRss([{ ...UNDATED, guid: 'edited', title: 'Second', html: 'New.' }]))
    await test.refresh(feed.id)
    expect(await findArticle('Second')).toMatchObject({ id, revision: 2 })
    for (const [n, title, text] of [
      [1, 'First', 'No date.'],
      [2, 'Second', 'New.'],
    ] as const) {
      const reply = await app.call(`GET /v1/articles/${id}/revisions/${n}`)
      expect(contractFaults('GET /v1/articles/{id}/revisions/{n}', reply)).toEqual([])
      expect(reply.json).toMatchObject({ articleId: id, revision: n, title, text })
    }
  })

  it.each(['/v1/articles/art_none', '/v1/articles/art_none/revisions/1', '/v1/articles/%20'])(
    'is not found at %s',
    async (path) => {
      const reply = await app.call(`GET ${path}`)
      expect(reply).toMatchObject({ status: 404, json: { code: 'not-found' } })
    },
  )

  it.each(['0', '-1', '1.5', 'x', '9999999', '%00'])('has no revision %s', async (n) => {
    const { id } = await findArticle(LISTENING.title)
    const reply = await app.call(`GET /v1/articles/${id}/revisions/${n}`)
    expect(reply).toMatchObject({ status: 400, json: { errors: [{ path: '/n' }] } })
  })

  it.each(['%00', '%E0%A4%A', '%FF'])('has no id %s', async (id) => {
    const reply = await app.call(`GET /v1/articles/${id}`)
    expect(reply.status).toBe(400)
    expect((reply.json as { detail: string }).detail).not.toContain('body')
  })
})

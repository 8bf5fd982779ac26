import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { chunkArticle } from '../../ingest/chunk-article.ts'
import { cleanHtml } from '../../ingest/clean-html.ts'
import { parseFeed } from '../../ingest/parse-feed.ts'
import { createTokenCounter } from '../../ingest/token-count.ts'
import { settings } from '../../src/config.ts'
import type { ErrorCode } from '../../src/errors.ts'
import { buildHandbookFeed, handbookFeedFile, listHandbookArticles } from './build-feed.ts'

/** Every code, so that a new one has to be decided on; false for one that nothing gives yet. */
const CAN_BE_MET = {
  'invalid-request': true,
  'payload-too-large': true,
  'unsupported-media-type': true,
  'not-found': true,
  'method-not-allowed': true,
  conflict: true,
  unauthorized: true,
  forbidden: true,
  'rate-limited': false,
  'model-busy': true,
  'shutting-down': true,
  'model-unavailable': true,
  'model-timeout': true,
  'model-file-invalid': true,
  'database-unavailable': true,
  'schema-mismatch': true,
  'storage-full': true,
  'feed-unavailable': true,
  'feed-invalid': true,
  'data-folder-in-use': true,
  'port-in-use': true,
  'config-invalid': true,
  internal: true,
} satisfies Record<ErrorCode, boolean>

it('is committed as it is built', async () => {
  const committed = await readFile(handbookFeedFile, 'utf8')
  const built = await buildHandbookFeed()
  const isSame = committed === built
  expect(isSame, 'Build it and commit it: npm run handbook').toBe(true)
})

it('is a feed with an item for each article, dated and without a link', async () => {
  const { title, siteUrl, items } = await readItems()
  expect(title).toBe('The Footnote handbook')
  expect(siteUrl).toBeNull()
  const names = await listHandbookArticles()
  expect(items.map(({ identity }) => identity)).toEqual(names.map((name) => `handbook:${name}`))
  for (const { url, publishedAt, categories } of items) {
    expect(url).toBeNull()
    expect(publishedAt).toBeInstanceOf(Date)
    expect(categories.length).toBeGreaterThan(0)
  }
})

it('gives chunks with sentences for every article', async () => {
  const countTokens = createTokenCounter()
  for (const { identity, html } of (await readItems()).items) {
    const { chunks } = chunkArticle(cleanHtml(html), { countTokens })
    expect(chunks.length, identity).toBeGreaterThan(3)
    expect(chunks.flatMap(({ sentences }) => sentences).length, identity).toBeGreaterThan(10)
  }
})

it('explains every setting under a heading of its own', async () => {
  const article = await readFile(new URL('settings.md', import.meta.url), 'utf8')
  const headings = [...article.matchAll(/^## ([A-Z_]+)$/gm)].map((match) => match[1])
  expect(headings.toSorted()).toEqual(Object.keys(settings.shape).toSorted())
})

it('says the cause and the mend of every fault that can be met', async () => {
  const article = await readFile(new URL('faults.md', import.meta.url), 'utf8')
  const explained = [...article.matchAll(/^- `([a-z-]+)`[^:]*: /gm)].map((match) => match[1])
  const met = Object.entries(CAN_BE_MET).flatMap(([code, canBeMet]) => (canBeMet ? [code] : []))
  expect(explained.toSorted()).toEqual(met.toSorted())
})

async function readItems() {
  return parseFeed(await buildHandbookFeed(), { fetchedAt: new Date(), baseUrl: null })
}

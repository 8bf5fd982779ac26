import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { toDatabaseError } from '../../src/db/database-errors.ts'
import { transaction } from '../../src/db/database.ts'
import {
  adoptRenamedArticles,
  listArticles,
  loadArticle,
  loadContentHashes,
  loadRevision,
  type Article,
  type ArticleCursor,
} from '../../src/store/articles.ts'
import { loadCorpus } from '../../src/store/corpus.ts'
import {
  findArticle,
  publishArticle,
  updateArticleDetails,
  type ArticleToPublish,
} from '../../src/store/publish-article.ts'
import { loadStoredChunks } from '../../src/store/reembed-article.ts'
import { loadChunkTexts } from '../../src/store/sentences.ts'
import { MODEL, sketchArticle, sketchItem, type ArticleSketch } from './article-sketch.ts'
import type { LibraryUnderTest } from './library-under-test.ts'

export function describePublishing(library: LibraryUnderTest): void {
  describe('publishing an article', () => describePublish(library))
  describe('a new revision', () => describeRevisions(library))
  describe('what stands beside the text', () => describeDetails(library))
  describe('an article under a new guid', () => describeAdoption(library))
  describe('the list of articles', () => describeList(library))
}

function describePublish(library: LibraryUnderTest): void {
  it('makes it found by keyword and by vector, and listed as it came', async () => {
    const feedId = await library.addFeed()
    const publishedAt = new Date('2025-03-01T10:00:00.123Z')
    const { articleId, revision } = await library.publish(feedId, {
      guid: 'guid-1',
      title: 'Queues',
      url: 'https://one.example/queues',
      author: 'Ada',
      publishedAt,
      categories: ['postgres', 'jobs'],
      chunks: [{ sentences: ['Workers lock a row.'] }],
    })
    expect(revision).toBe(1)
    expect(await library.byKeyword('locking rows')).toEqual(['Queues'])
    expect(await library.byVector()).toEqual(['Queues'])
    expect(await loadArticle(library.pool, articleId)).toEqual({
      id: articleId,
      guid: 'guid-1',
      feedId,
      title: 'Queues',
      url: 'https://one.example/queues',
      author: 'Ada',
      publishedAt,
      updatedAt: null,
      categories: ['postgres', 'jobs'],
      revision: 1,
      status: 'live',
    })
  })

  it('finds its title and its headings as words of each chunk under them', async () => {
    const feedId = await library.addFeed()
    await library.publish(feedId, {
      title: 'Walruses',
      chunks: [{ headingPath: ['Tusks', 'Ivory'], sentences: ['They grow.'] }],
    })
    for (const word of ['walrus', 'tusk', 'ivory', 'growing'])
      expect(await library.byKeyword(word)).toEqual(['Walruses'])
  })

  it('keeps offsets exact behind characters of two code units', async () => {
    const feedId = await library.addFeed()
    const first = 'Ships 🚢🚢 sail 👩‍🚀.'
    const second = '𝔄𝔅 is bold.'
    const { articleId } = await library.publish(feedId, {
      chunks: [{ sentences: [first] }, { headingPath: ['🦊'], sentences: [second, '😀'] }],
    })
    const chunks = await loadStoredChunks(library.pool, articleId)
    const texts = await loadTexts(
      library,
      chunks.map(({ id }) => id),
    )
    const revision = await loadRevision(library.pool, articleId, 1)
    expect(texts.map(({ sentences }) => sentences.map(({ text }) => text))).toEqual([
      [first],
      [second, '😀'],
    ])
    for (const { start, end, text } of texts.flatMap(({ sentences }) => sentences))
      expect(revision?.text.slice(start, end)).toBe(text)
    expect(chunks.map(({ sentences }) => sentences.map(({ text }) => text))).toEqual([
      [first],
      [second, '😀'],
    ])
  })

  it('counts chunks and lexemes as they come and go', async () => {
    const feedId = await library.addFeed()
    // With the title, cat 2 and purr 1; in the second chunk loud 1 more: seven lexemes.
    const chunks = [{ sentences: ['Cats purr.'] }, { sentences: ['Cats purr loudly.'] }]
    await library.publish(feedId, { guid: 'a', title: 'Cat', chunks })
    expect(await counts(library)).toEqual({ chunks: '2', lexemes: '7' })
    await library.publish(feedId, { guid: 'b', title: 'Dog', chunks: [{ sentences: ['Bark.'] }] })
    expect(await counts(library)).toEqual({ chunks: '3', lexemes: '9' })
    await library.publish(feedId, { guid: 'a', title: 'Cat', chunks: chunks.slice(0, 1) })
    expect(await counts(library)).toEqual({ chunks: '2', lexemes: '5' })
  })

  it('lists an article without text, which nothing finds', async () => {
    const feedId = await library.addFeed()
    const { articleId } = await library.publish(feedId, { title: 'Picture', chunks: [] })
    expect((await loadArticle(library.pool, articleId))?.title).toBe('Picture')
    expect(await library.byKeyword('picture')).toEqual([])
  })

  it('takes words of any length, though an index does not', async () => {
    const feedId = await library.addFeed()
    // Of bytes that do not compress: what an index takes is measured after that.
    const word = (bytes: number) => randomBytes(bytes / 2).toString('hex')
    const sentences = [`Short ${word(2_000)}.`, `Long ${word(6_000)}.`]
    await library.publish(feedId, { title: 'Words', chunks: [{ sentences }] })
    expect(await library.byKeyword('long')).toEqual(['Words'])
  })

  it('says that a NUL is the request’s fault, and leaves nothing half-written', async () => {
    const feedId = await library.addFeed()
    const nul = 'a\0b'
    const sketches: readonly ArticleSketch[] = [
      { title: nul },
      { author: nul },
      { categories: [nul] },
      { chunks: [{ sentences: [nul] }] },
      { chunks: [{ headingPath: [nul], sentences: ['Plain.'] }] },
    ]
    for (const sketch of sketches) {
      const error = await rejection(library.publish(feedId, sketch))
      expect(toDatabaseError(error).code).toBe('invalid-request')
    }
    expect(toDatabaseError(await rejection(library.byKeyword(nul))).code).toBe('invalid-request')
    expect(await listAll(library)).toEqual([])
  })

  it('refuses an article whose vectors are missing, whole', async () => {
    const feedId = await library.addFeed()
    const chunks = [{ sentences: ['First.'] }, { sentences: ['Second.'] }]
    const article = sketchArticle(feedId, { chunks })
    const vectors: ArticleToPublish['vectors'] = article.vectors.slice(0, 1)
    await rejection(
      transaction(library, (client) => publishArticle(client, { ...article, vectors })),
    )
    expect(await listAll(library)).toEqual([])
    expect(await counts(library)).toEqual({ chunks: '0', lexemes: '0' })
  })
}

function describeRevisions(library: LibraryUnderTest): void {
  it('is the one that is found, and the old one keeps its text', async () => {
    const feedId = await library.addFeed()
    const old = { guid: 'a', title: 'Sea', chunks: [{ sentences: ['Whales sing.'] }] }
    const { articleId } = await library.publish(feedId, old)
    const changed = await library.publish(feedId, {
      ...old,
      title: 'Ocean',
      chunks: [{ sentences: ['Dolphins click.'] }, { sentences: ['Seals bark.'] }],
    })
    expect(changed).toEqual({ articleId, revision: 2 })
    expect(await library.byKeyword('whales')).toEqual([])
    expect(await library.byKeyword('sea')).toEqual([])
    expect(await library.byKeyword('dolphins')).toEqual(['Ocean'])
    expect(await library.byVector()).toEqual(['Ocean', 'Ocean'])
    const revisions = [
      await loadRevision(library.pool, articleId, 1),
      await loadRevision(library.pool, articleId, 2),
    ]
    expect(revisions).toMatchObject([
      { articleId, revision: 1, title: 'Sea', text: 'Whales sing.' },
      { articleId, revision: 2, title: 'Ocean', text: 'Dolphins click.\n\nSeals bark.' },
    ])
    expect(revisions[0]?.fetchedAt).toBeInstanceOf(Date)
    expect(await loadRevision(library.pool, articleId, 3)).toBeUndefined()
  })

  it('is there in whole or not at all', async () => {
    const feedId = await library.addFeed()
    const old = { guid: 'a', title: 'Sea', chunks: [{ sentences: ['Whales sing.'] }] }
    await library.publish(feedId, old)
    const before = await loadCorpus(library.pool)
    const next = sketchArticle(feedId, { ...old, chunks: [{ sentences: ['Dolphins click.'] }] })
    const failing = transaction(library, async (client) => {
      await publishArticle(client, next)
      throw new Error('on purpose')
    })
    await expect(failing).rejects.toThrow('on purpose')
    expect(await library.byKeyword('whales')).toEqual(['Sea'])
    expect(await library.byKeyword('dolphins')).toEqual([])
    expect(await loadCorpus(library.pool)).toEqual(before)
  })

  it('does not come of the same content: nothing is written', async () => {
    const feedId = await library.addFeed()
    const sketch = { guid: 'a', title: 'Sea', chunks: [{ sentences: ['Whales sing.'] }] }
    const first = await library.publish(feedId, sketch)
    const before = await loadCorpus(library.pool)
    const chunks = await loadStoredChunks(library.pool, first.articleId)
    expect(await library.publish(feedId, sketch)).toEqual(first)
    expect(await loadCorpus(library.pool)).toEqual(before)
    expect(await loadStoredChunks(library.pool, first.articleId)).toEqual(chunks)
  })

  it('is of the article with the same identity in the same feed', async () => {
    const one = await library.addFeed('https://one.example/feed')
    const two = await library.addFeed('https://two.example/feed')
    const first = await library.publish(one, { guid: 'a', title: 'One' })
    const second = await library.publish(two, { guid: 'a', title: 'Two' })
    expect(second.articleId).not.toBe(first.articleId)
    expect(await findArticle(library.pool, one, 'a')).toMatchObject({
      id: first.articleId,
      revision: 1,
      title: 'One',
    })
    expect(await findArticle(library.pool, one, 'b')).toBeUndefined()
  })
}

function describeDetails(library: LibraryUnderTest): void {
  it('changes without a new revision and without new chunks', async () => {
    const feedId = await library.addFeed()
    const sketch = { guid: 'a', title: 'Sea', author: 'Ada', categories: ['old'] }
    const { articleId } = await library.publish(feedId, sketch)
    const chunks = await loadStoredChunks(library.pool, articleId)
    const before = await loadCorpus(library.pool)
    const publishedAt = new Date('2025-01-02T03:04:05Z')
    const changes = { author: 'Grace', categories: ['new'], publishedAt, updatedAt: publishedAt }
    await updateArticleDetails(library.pool, articleId, {
      item: sketchItem({ ...sketch, ...changes, guid: 'b', url: 'https://one.example/sea' }),
      canonicalUrl: 'https://one.example/sea',
      contentHash: 'changed',
    })
    expect(await loadArticle(library.pool, articleId)).toMatchObject({
      ...changes,
      guid: 'b',
      url: 'https://one.example/sea',
      revision: 1,
    })
    expect(await loadStoredChunks(library.pool, articleId)).toEqual(chunks)
    expect(await loadContentHashes(library.pool, feedId)).toEqual(new Map([['a', 'changed']]))
    expect((await loadCorpus(library.pool)).revision).toBeGreaterThan(before.revision)
  })
}

function describeAdoption(library: LibraryUnderTest): void {
  const sea = {
    guid: 'old',
    title: 'Sea',
    url: 'https://one.example/sea',
    chunks: [{ sentences: ['Whales sing.'] }],
  }
  const toHashed = ({ contentHash = 'new content', ...sketch }: ArticleSketch) => ({
    item: sketchItem(sketch),
    canonicalUrl: sketch.url ?? null,
    contentHash,
  })

  it('is the same article where its address is the same', async () => {
    const feedId = await library.addFeed()
    const { articleId } = await library.publish(feedId, sea)
    await adoptRenamedArticles(library.pool, feedId, [toHashed({ ...sea, guid: 'new' })])
    expect(await library.publish(feedId, { ...sea, guid: 'new', title: 'Ocean' })).toEqual({
      articleId,
      revision: 2,
    })
    expect(await listAll(library)).toMatchObject([{ id: articleId, guid: 'new', title: 'Ocean' }])
  })

  it('is the same article where its content is the same', async () => {
    const feedId = await library.addFeed()
    const { articleId } = await library.publish(feedId, {
      ...sea,
      url: null,
      contentHash: 'content',
    })
    const renamed = { ...sea, url: null, guid: 'new', contentHash: 'content' }
    await adoptRenamedArticles(library.pool, feedId, [toHashed(renamed)])
    expect(await library.publish(feedId, renamed)).toEqual({ articleId, revision: 1 })
    expect(await identities(library, feedId)).toEqual(['new'])
  })

  it('stays two where the old guid is still in the feed', async () => {
    const feedId = await library.addFeed()
    await library.publish(feedId, sea)
    const items = [toHashed(sea), toHashed({ ...sea, guid: 'new' })]
    await adoptRenamedArticles(library.pool, feedId, items)
    expect(await identities(library, feedId)).toEqual(['old'])
  })

  it('takes over nothing of another feed', async () => {
    const one = await library.addFeed('https://one.example/feed')
    const two = await library.addFeed('https://two.example/feed')
    await library.publish(one, sea)
    await adoptRenamedArticles(library.pool, two, [toHashed({ ...sea, guid: 'new' })])
    expect(await identities(library, one)).toEqual(['old'])
  })

  it('loses none of several that share one address, when one leaves as another comes', async () => {
    const feedId = await library.addFeed()
    for (const guid of ['a', 'b', 'c'])
      await library.publish(feedId, { ...sea, guid, title: guid, contentHash: guid })
    const items = ['b', 'c', 'd'].map((guid) =>
      toHashed({ ...sea, guid, title: guid, contentHash: guid }),
    )
    await adoptRenamedArticles(library.pool, feedId, items)
    expect(await identities(library, feedId)).toEqual(['a', 'b', 'c'])
  })

  it('keeps each of several at one address with its own content, when every guid changes', async () => {
    const feedId = await library.addFeed()
    const guids = ['a', 'b', 'c']
    for (const guid of guids)
      await library.publish(feedId, { ...sea, guid, title: guid, contentHash: guid })
    // The content of one has changed too: it cannot be told whose it is, and takes nobody's place.
    const items = ['c', 'b', 'a'].map((content) =>
      toHashed({
        ...sea,
        guid: `${content} again`,
        contentHash: content === 'a' ? 'changed' : content,
      }),
    )
    await adoptRenamedArticles(library.pool, feedId, items)
    expect(Object.fromEntries(await loadContentHashes(library.pool, feedId))).toEqual({
      a: 'a',
      'b again': 'b',
      'c again': 'c',
    })
  })

  it('counts the same twins as often as their guids change', async () => {
    const feedId = await library.addFeed()
    const twins = (round: number) =>
      [1, 2].map((twin) => ({ ...sea, guid: `${round} ${twin}`, contentHash: 'twin' }))
    for (const sketch of twins(0)) await library.publish(feedId, sketch)
    for (let round = 1; round <= 5; round += 1) {
      await adoptRenamedArticles(library.pool, feedId, twins(round).map(toHashed))
      for (const sketch of twins(round)) await library.publish(feedId, sketch)
      expect(await identities(library, feedId)).toEqual([`${round} 1`, `${round} 2`])
    }
  })
}

function describeList(library: LibraryUnderTest): void {
  it('is whole and without doubles at any page size, newest first', async () => {
    const feedId = await library.addFeed()
    // Equal dates, and none at all, must neither hide an article nor show it twice.
    const days = [null, '2025-01-02', '2025-01-02', null, '2025-01-01', '2025-01-02', '2025-01-03']
    for (const [at, day] of days.entries())
      await library.publish(feedId, {
        title: `${at}`,
        publishedAt: day === null ? null : new Date(day),
        chunks: [],
      })
    const whole = await listAll(library)
    const times = whole.map(({ publishedAt }) => publishedAt?.getTime() ?? -Infinity)
    expect(times).toEqual(times.toSorted((one, other) => other - one))
    expect(new Set(whole.map(({ title }) => title)).size).toBe(days.length)
    for (const limit of [1, 2, 3, 4, 7, 8])
      expect(ids(await listByPages(library, limit))).toEqual(ids(whole))
  })

  it('is filtered like a search', async () => {
    const one = await library.addFeed('https://one.example/feed')
    const two = await library.addFeed('https://two.example/feed')
    await library.publish(one, { title: 'Ada’s', author: 'Ada' })
    await library.publish(two, { title: 'Grace’s', author: 'Grace' })
    const page = { after: null, limit: 10 }
    expect(await listArticles(library.pool, { feed: [two] }, page)).toMatchObject([
      { title: 'Grace’s' },
    ])
    expect(await listArticles(library.pool, { author: ['Ada'] }, page)).toMatchObject([
      { title: 'Ada’s' },
    ])
  })

  it('does not have an article that nobody published', async () => {
    expect(await loadArticle(library.pool, 'art_none')).toBeUndefined()
  })
}

async function listByPages(library: LibraryUnderTest, limit: number): Promise<readonly Article[]> {
  const all: Article[] = []
  let after: ArticleCursor | null = null
  for (;;) {
    const page: readonly Article[] = await listArticles(library.pool, {}, { after, limit })
    all.push(...page)
    if (page.length < limit) return all
    after = page.at(-1) ?? null
  }
}

function listAll(library: LibraryUnderTest): Promise<readonly Article[]> {
  return listArticles(library.pool, {}, { after: null, limit: 1000 })
}

function ids(articles: readonly Article[]): readonly string[] {
  return articles.map(({ id }) => id)
}

async function identities(library: LibraryUnderTest, feedId: string): Promise<readonly string[]> {
  return [...(await loadContentHashes(library.pool, feedId)).keys()].sort()
}

function loadTexts(library: LibraryUnderTest, chunkIds: readonly string[]) {
  return loadChunkTexts(library.pool, chunkIds, { vector: null, model: MODEL, exclude: [] })
}

async function counts(library: LibraryUnderTest): Promise<unknown> {
  const { rows } = await library.pool.query<object>('select chunks, lexemes from corpus')
  return rows[0]
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.unreachable('It was not refused.'),
    (error: unknown) => error,
  )
}

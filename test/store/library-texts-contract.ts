import { describe, expect, it } from 'vitest'
import {
  hashLibrary,
  listArticleTexts,
  listChunkIds,
  listGuids,
  listGuidsSince,
} from '../../src/store/library-texts.ts'
import type { ArticleSketch } from './article-sketch.ts'
import { emptyLibrary, type LibraryUnderTest } from './library-under-test.ts'

export function describeLibraryTexts(library: LibraryUnderTest): void {
  describe('the guids of a library', () => describeGuids(library))
  describe('the guids of what came since', () => describeSince(library))
  describe('the texts of a library', () => describeTexts(library))
  describe('the chunks of articles', () => describeChunks(library))
  describe('the hash of a library', () => describeHash(library))
}

/** An article of one chunk with these sentences. */
function saying(guid: string, ...sentences: readonly string[]): ArticleSketch {
  return { guid, title: guid, chunks: [{ sentences }] }
}

function withdraw(library: LibraryUnderTest, articleId: string): Promise<unknown> {
  return library.pool.query(`update article set status = 'withdrawn' where article.id = $1::text`, [
    articleId,
  ])
}

function describeGuids(library: LibraryUnderTest): void {
  it('are what stands in for one where an article has none', async () => {
    const feedId = await library.addFeed()
    const named = await library.publish(feedId, { guid: 'whales', identity: 'w' })
    const unnamed = await library.publish(feedId, { guid: null, identity: 'https://a.example/' })
    expect(await listGuids(library.pool)).toEqual(
      new Map([
        [named.articleId, 'whales'],
        [unnamed.articleId, 'https://a.example/'],
      ]),
    )
  })
}

function describeSince(library: LibraryUnderTest): void {
  it('are those of the articles that came later, in order, and not of those that only changed', async () => {
    const feedId = await library.addFeed()
    await library.publish(feedId, saying('b', 'It is b.'))
    await library.publish(feedId, { ...saying('a', 'It is a.'), guid: null, identity: 'a' })
    await library.pool.query(`update revision set fetched_at = '2026-01-01T00:00:00Z'::timestamptz`)
    await library.publish(feedId, saying('b', 'It is still b.'))
    await library.publish(feedId, saying('c', 'It is c.'))
    const since = (time: string) => listGuidsSince(library.pool, new Date(time))
    expect(await since('2025-12-31T23:59:59Z')).toEqual(['a', 'b', 'c'])
    expect(await since('2026-01-01T00:00:00Z')).toEqual(['c'])
    expect(await since('9999-01-01T00:00:00Z')).toEqual([])
  })
}

function describeTexts(library: LibraryUnderTest): void {
  async function pages(guids: readonly string[] | null, limit: number) {
    const texts = []
    for (let after: string | null = null; ;) {
      const page = await listArticleTexts(library.pool, { guids, after, limit })
      texts.push(...page)
      const last = page.at(-1)
      if (last === undefined) return texts
      after = last.id
    }
  }

  const guidsOf = async (guids: readonly string[] | null, limit: number) =>
    (await pages(guids, limit)).map(({ guid }) => guid).toSorted()

  it('are those of the current revisions', async () => {
    const feedId = await library.addFeed()
    const publishedAt = new Date('2026-03-02T09:00:00Z')
    await library.publish(feedId, saying('whales', 'They swim.'))
    const { articleId } = await library.publish(feedId, {
      ...saying('whales', 'They sing. 🐋', 'They dive.'),
      title: 'Of whales',
      publishedAt,
    })
    expect(await pages(null, 10)).toEqual([
      {
        id: articleId,
        guid: 'whales',
        title: 'Of whales',
        revision: 2,
        publishedAt,
        text: 'They sing. 🐋 They dive.',
      },
    ])
  })

  it('come in pages of any size, all or those of some guids', async () => {
    const feedId = await library.addFeed()
    for (const guid of ['a', 'b', 'c', 'd', 'e']) {
      await library.publish(feedId, saying(guid, `It is ${guid}.`))
    }
    await library.publish(feedId, { ...saying('f', 'It is f.'), guid: null, identity: 'f' })
    for (const limit of [1, 2, 3, 100]) {
      expect(await guidsOf(null, limit)).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
      expect(await guidsOf(['e', 'b', 'f', 'nobody'], limit)).toEqual(['b', 'e', 'f'])
      expect(await guidsOf([], limit)).toEqual([])
    }
  })

  it('are not those of withdrawn articles', async () => {
    const feedId = await library.addFeed()
    await library.publish(feedId, saying('a', 'It is a.'))
    const { articleId } = await library.publish(feedId, saying('b', 'It is b.'))
    await withdraw(library, articleId)
    expect(await guidsOf(null, 10)).toEqual(['a'])
    expect(await guidsOf(['b'], 10)).toEqual([])
  })
}

function describeChunks(library: LibraryUnderTest): void {
  async function textsOf(articleIds: readonly string[]): Promise<readonly string[]> {
    const ids = await listChunkIds(library.pool, articleIds)
    const { rows } = await library.pool.query<{ id: string; text: string }>(
      'select chunk.id::text, chunk.text from chunk',
    )
    return ids.map((id) => rows.find((row) => row.id === id)?.text ?? '')
  }

  it('come in the order of the text, an article after the other', async () => {
    const feedId = await library.addFeed()
    const two = { guid: 'a', chunks: [{ sentences: ['a0.'] }, { sentences: ['a1.'] }] }
    const a = await library.publish(feedId, two)
    const b = await library.publish(feedId, saying('b', 'b0.'))
    await library.publish(feedId, saying('c', 'c0.'))
    // In the table they stand the other way round.
    await library.pool.query(`update chunk set text = chunk.text where chunk.text = 'a0.'`)
    const texts = await textsOf([b.articleId, a.articleId])
    expect(texts.filter((text) => text.startsWith('a'))).toEqual(['a0.', 'a1.'])
    expect([...texts].toSorted()).toEqual(['a0.', 'a1.', 'b0.'])
    expect(await textsOf([])).toEqual([])
  })

  it('are those of the current revision', async () => {
    const feedId = await library.addFeed()
    await library.publish(feedId, saying('a', 'Before.'))
    const { articleId } = await library.publish(feedId, saying('a', 'After.'))
    expect(await textsOf([articleId])).toEqual(['After.'])
  })
}

function describeHash(library: LibraryUnderTest): void {
  const hash = () => hashLibrary(library.pool)

  it('is another with another text, guid or article', async () => {
    const hashes = [await hash()]
    const feedId = await library.addFeed()
    await library.publish(feedId, saying('a', 'It is a.'))
    hashes.push(await hash())
    await library.publish(feedId, saying('a', 'It is still a.'))
    hashes.push(await hash())
    await library.publish(feedId, saying('b', 'It is b.'))
    hashes.push(await hash())
    await library.pool.query(`update article set guid = 'c' where article.guid = 'b'`)
    hashes.push(await hash())
    expect(hashes.every((each) => /^[0-9a-f]{32}$/.test(each))).toBe(true)
    expect(new Set(hashes).size).toBe(hashes.length)
  })

  it('is the same for the same texts, whatever stands beside them and whenever they came', async () => {
    const feedId = await library.addFeed()
    await library.publish(feedId, saying('a', 'It is a.'))
    await library.publish(feedId, saying('b', 'It is b.'))
    const before = await hash()
    await emptyLibrary(library.pool)
    const other = await library.addFeed('https://two.example/feed')
    await library.publish(other, { ...saying('b', 'It is b.'), title: 'Another title' })
    await library.publish(other, saying('a', 'It is a.'))
    expect(await hash()).toBe(before)
  })

  it('is not of withdrawn articles', async () => {
    const feedId = await library.addFeed()
    await library.publish(feedId, saying('a', 'It is a.'))
    const before = await hash()
    const { articleId } = await library.publish(feedId, saying('b', 'It is b.'))
    await withdraw(library, articleId)
    expect(await hash()).toBe(before)
  })
}

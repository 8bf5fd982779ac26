import { describe, expect, it } from 'vitest'
import type { Filters, Vector } from '../../src/domain.ts'
import { toFilterValues } from '../../src/store/article-filter.ts'
import { loadCorpus } from '../../src/store/corpus.ts'
import { loadPublicationDates } from '../../src/store/publication-dates.ts'
import { loadStoredChunks } from '../../src/store/reembed-article.ts'
import { searchKeywords } from '../../src/store/search-keywords.ts'
import { searchVectors, toVectorText } from '../../src/store/search-vectors.ts'
import { loadChunkTexts, sentenceSimilarities } from '../../src/store/sentences.ts'
import { axis, MODEL } from './article-sketch.ts'
import type { LibraryUnderTest } from './library-under-test.ts'

export function describeSearching(library: LibraryUnderTest): void {
  describe('search by keywords', () => describeKeywords(library))
  describe('search by vectors', () => describeVectors(library))
  describe('the filters of both', () => describeFilters(library))
  describe('the texts of what was found', () => describeTexts(library))
}

function describeKeywords(library: LibraryUnderTest): void {
  const search = async (text: string, weight = 1) =>
    searchKeywords(library.pool, [{ text, weight }], { filters: {}, limit: 10 })

  it('scores as BM25 does by hand', async () => {
    const feedId = await library.addFeed()
    // Lexemes with the title: cat 2, purr 1: length 3. Dog 3, bark 1 ("at" is a stop word): length 4.
    await library.publish(feedId, { title: 'Cats', chunks: [{ sentences: ['Cats purr.'] }] })
    await library.publish(feedId, {
      title: 'Dogs',
      chunks: [{ sentences: ['Dogs bark at dogs.'] }],
    })
    // Two chunks of 3.5 lexemes on average; one of them has the term.
    // idf = ln(1 + (2 - 1 + 0.5) / (1 + 0.5)) = ln 2 = 0.693147
    // cat:  2 × 2.2 / (2 + 1.2 × (0.25 + 0.75 × 3 / 3.5)) = 4.4 / 3.071429 = 1.432558; × idf = 0.992974
    // bark: 1 × 2.2 / (1 + 1.2 × (0.25 + 0.75 × 4 / 3.5)) = 2.2 / 2.328571 = 0.944785; × idf = 0.654875
    const [cat] = await search('cat')
    const [bark] = await search('barking')
    expect(cat?.score).toBeCloseTo(0.992974, 5)
    expect(bark?.score).toBeCloseTo(0.654875, 5)
    // Terms add up, and a part that weighs half counts half.
    const [both] = await search('Do cats purr?')
    // purr: 2.2 / (1 + 1.2 × (0.25 + 0.75 × 3 / 3.5)) = 2.2 / 2.071429 = 1.062069; × idf = 0.736170
    expect(both?.score).toBeCloseTo(0.992974 + 0.73617, 5)
    expect((await search('cat', 0.5))[0]?.score).toBeCloseTo(0.992974 / 2, 5)
  })

  it('takes a term of several parts once, with its greatest weight', async () => {
    const feedId = await library.addFeed()
    await library.publish(feedId, { title: 'Cats', chunks: [{ sentences: ['Cats purr.'] }] })
    const parts = [
      { text: 'cats', weight: 0.5 },
      { text: 'a cat', weight: 1 },
    ]
    const hits = await searchKeywords(library.pool, parts, { filters: {}, limit: 10 })
    expect(hits[0]?.score).toBeCloseTo((await search('cat'))[0]?.score ?? NaN, 9)
  })

  it('ranks the rare word before the common one, and the short chunk before the long', async () => {
    const feedId = await library.addFeed()
    const publish = (title: string, sentence: string) =>
      library.publish(feedId, { title, chunks: [{ sentences: [sentence] }] })
    await publish('Long', 'A queue holds many jobs which several workers take one after another.')
    await publish('Short', 'A queue.')
    await publish('Rare', 'A semaphore is no more than some number and those waiting for it.')
    expect(await library.byKeyword('queue')).toEqual(['Short', 'Long'])
    expect(await library.byKeyword('semaphore queue')).toEqual(['Rare', 'Short', 'Long'])
  })

  it('finds an identifier as it is written before its parts and its stem', async () => {
    const feedId = await library.addFeed()
    const texts = {
      pg_notify: 'Call pg_notify when a row was written, and no sooner than that.',
      notified: 'Notifying is what we were notified of, in a notification about notifying.',
      'ML-KEM': 'The handshake agrees on a key by ML-KEM, which is new.',
      kem: 'A KEM wraps a key, and so does another KEM, and one more KEM.',
      '1.2.3': 'Version 1.2.3 repairs the leak for good.',
      versions: 'Version 1.2.4, version 1.2.5 and version 1.3.3 do not.',
    }
    for (const [title, sentence] of Object.entries(texts))
      await library.publish(feedId, {
        title: `About ${title}`,
        chunks: [{ sentences: [sentence] }],
      })
    for (const [question, title] of [
      ['What does pg_notify do?', 'About pg_notify'],
      ['What is ML-KEM?', 'About ML-KEM'],
      ['Is it in 1.2.3?', 'About 1.2.3'],
    ] as const)
      expect((await library.byKeyword(question))[0]).toBe(title)
  })

  it('counts the exact form beside the stem', async () => {
    const feedId = await library.addFeed()
    const chunks = [{ sentences: ['It calls runQueries at once.'] }]
    await library.publish(feedId, { title: 'Camel', chunks })
    // As one word of lower case it has the same stem, and is not written so.
    const [written] = await search('runQueries')
    const [lower] = await search('runqueries')
    expect(written?.score).toBeCloseTo(2 * (lower?.score ?? NaN), 9)
  })

  it('finds nothing for stop words, signs and words that nobody wrote', async () => {
    const feedId = await library.addFeed()
    await library.publish(feedId, { chunks: [{ sentences: ['What is it, and why?'] }] })
    for (const question of [
      'and the of',
      '?!',
      '',
      '   ',
      'xylophone',
      "'; drop table --",
      ':*&!|',
    ])
      expect(await library.byKeyword(question)).toEqual([])
  })
}

function describeVectors(library: LibraryUnderTest): void {
  it('ranks by inner product, and its scores are that', async () => {
    const feedId = await library.addFeed()
    const publish = (title: string, vector: Vector) =>
      library.publish(feedId, { title, chunks: [{ sentences: ['Same.'], vector }] })
    await publish('Far', axis(1))
    await publish('Near', axis(0))
    await publish('Between', [0.6, 0.8, 0, 0])
    expect(await library.byVector(axis(0))).toEqual(['Near', 'Between', 'Far'])
    const options = { filters: {}, limit: 2, model: MODEL }
    const hits = await searchVectors(library.pool, axis(0), options)
    expect(hits).toHaveLength(2)
    expect(hits[0]?.score).toBeCloseTo(1, 6)
    expect(hits[1]?.score).toBeCloseTo(0.6, 6)
  })

  it('takes vectors as pgvector writes them', () => {
    expect(toVectorText([1, -0.5, 2.5e-7])).toBe('[1,-0.5,2.5e-7]')
  })
}

function describeFilters(library: LibraryUnderTest): void {
  const day = (text: string) => new Date(`${text}T00:00:00Z`)
  const cases: readonly (readonly [string, Filters, readonly string[]])[] = [
    ['no filter', {}, ['First', 'Second', 'Third', 'Undated']],
    ['an author', { author: ['Ada'] }, ['First', 'Third']],
    ['any of two authors', { author: ['Grace', 'Nobody'] }, ['Second']],
    ['a category', { category: ['sql'] }, ['First', 'Second']],
    ['any of two categories', { category: ['css', 'sql'] }, ['First', 'Second', 'Third']],
    ['published after, inclusive', { publishedAfter: day('2025-02-01') }, ['Second', 'Third']],
    ['published before, exclusive', { publishedBefore: day('2025-02-01') }, ['First']],
    [
      'as of a time, inclusive, with what has no date',
      { asOf: day('2025-02-01') },
      ['First', 'Second', 'Undated'],
    ],
    [
      'all at once',
      { author: ['Ada'], category: ['css'], publishedAfter: day('2025-02-02') },
      ['Third'],
    ],
    ['a feed that is not there', { feed: ['feed_none'] }, []],
  ]

  it.each(cases)('keep to %s', async (_name, filters, titles) => {
    const feedId = await library.addFeed()
    await publishSome(feedId)
    expect((await library.byKeyword('sentence', filters)).toSorted()).toEqual(titles)
    expect((await library.byVector(axis(0), filters)).toSorted()).toEqual(titles)
  })

  it('keep to one feed, and to any of two', async () => {
    const one = await library.addFeed('https://one.example/feed')
    const two = await library.addFeed('https://two.example/feed')
    await publishSome(one)
    await library.publish(two, { title: 'Other', chunks: [{ sentences: ['A sentence.'] }] })
    for (const [feed, titles] of [
      [[two], ['Other']],
      [
        [one, two],
        ['First', 'Other', 'Second', 'Third', 'Undated'],
      ],
    ] as const) {
      expect((await library.byKeyword('sentence', { feed })).toSorted()).toEqual(titles)
      expect((await library.byVector(axis(0), { feed })).toSorted()).toEqual(titles)
    }
  })

  it('are null where nothing is asked for, so that they let everything through', () => {
    expect(toFilterValues({})).toEqual([null, null, null, null, null, null])
  })

  it('do not change how rare a word is', async () => {
    const feedId = await library.addFeed()
    await publishSome(feedId)
    const score = async (filters: Filters) => {
      const parts = [{ text: 'sentence', weight: 1 }]
      const hits = await searchKeywords(library.pool, parts, { filters, limit: 10 })
      return hits.map(({ chunkId, score: one }) => `${chunkId} ${one}`)
    }
    expect(await score({})).toEqual(expect.arrayContaining(await score({ author: ['Grace'] })))
  })

  async function publishSome(feedId: string): Promise<void> {
    const chunks = [{ sentences: ['A sentence.'] }]
    await library.publish(feedId, {
      title: 'First',
      author: 'Ada',
      categories: ['sql', 'node'],
      publishedAt: day('2025-01-01'),
      chunks,
    })
    await library.publish(feedId, {
      title: 'Second',
      author: 'Grace',
      categories: ['sql'],
      publishedAt: day('2025-02-01'),
      chunks,
    })
    await library.publish(feedId, {
      title: 'Third',
      author: 'Ada',
      categories: ['css'],
      publishedAt: day('2025-03-01'),
      chunks,
    })
    await library.publish(feedId, { title: 'Undated', chunks })
  }
}

function describeTexts(library: LibraryUnderTest): void {
  const publishTwo = async () => {
    const feedId = await library.addFeed()
    const { articleId } = await library.publish(feedId, {
      title: 'Sea',
      url: 'https://one.example/sea',
      publishedAt: new Date('2025-01-01'),
      chunks: [
        { headingPath: ['Whales'], sentences: ['Whales sing.', 'Whales dive.'] },
        { headingPath: ['Seals', 'Harbour'], sentences: ['Seals bark.'], vector: [0.6, 0.8, 0, 0] },
      ],
    })
    return { articleId, chunks: await loadStoredChunks(library.pool, articleId) }
  }

  it('come in the order that was asked for, with their article and sentences', async () => {
    const { articleId, chunks } = await publishTwo()
    const wanted = chunks.map(({ id }) => id).reverse()
    const options = { vector: axis(1), model: MODEL, exclude: [] }
    const texts = await loadChunkTexts(library.pool, wanted, options)
    expect(texts.map(({ chunkId }) => chunkId)).toEqual(wanted)
    expect(texts[0]).toMatchObject({
      articleId,
      revision: 1,
      url: 'https://one.example/sea',
      title: 'Sea',
      headingPath: ['Seals', 'Harbour'],
      publishedAt: new Date('2025-01-01'),
      start: 27,
      text: 'Seals bark.',
      sentences: [{ text: 'Seals bark.', start: 27, end: 38 }],
    })
    expect(texts[0]?.sentences[0]?.similarity).toBeCloseTo(0.8, 6)
    expect(texts[1]?.sentences.map(({ text }) => text)).toEqual(['Whales sing.', 'Whales dive.'])
  })

  it('leave out excluded sentences as if the article did not have them', async () => {
    const { chunks } = await publishTwo()
    const exclude = [chunks[0]?.sentences[0]?.id ?? '']
    const wanted = chunks.map(({ id }) => id)
    const options = { vector: axis(0), model: MODEL, exclude }
    const texts = await loadChunkTexts(library.pool, wanted, options)
    expect(texts.map(({ sentences }) => sentences.map(({ text }) => text))).toEqual([
      ['Whales dive.'],
      ['Seals bark.'],
    ])
  })

  it('have no similarity without a vector, or with one of another model', async () => {
    const { chunks } = await publishTwo()
    const wanted = chunks.map(({ id }) => id)
    for (const options of [
      { vector: null, model: MODEL },
      // Of another length, too: it must not even be compared.
      { vector: [1, 0], model: 'other-model' },
    ]) {
      const texts = await loadChunkTexts(library.pool, wanted, { ...options, exclude: [] })
      const similarities = texts.flatMap(({ sentences }) => sentences.map((one) => one.similarity))
      expect(similarities).toEqual([null, null, null])
    }
  })

  it('leave out a chunk that has gone', async () => {
    const { chunks } = await publishTwo()
    const wanted = ['999999999', chunks[0]?.id ?? '']
    const options = { vector: null, model: MODEL, exclude: [] }
    const texts = await loadChunkTexts(library.pool, wanted, options)
    expect(texts.map(({ text }) => text)).toEqual(['Whales sing. Whales dive.'])
  })

  it('are compared with other texts sentence by sentence', async () => {
    const { chunks } = await publishTwo()
    const sentenceIds = chunks.flatMap(({ sentences }) => sentences.map(({ id }) => id))
    const asked = [...sentenceIds, '999999999']
    const [first, second] = await sentenceSimilarities(library.pool, [axis(0), axis(1)], {
      sentenceIds: asked,
      model: MODEL,
    })
    expect([...(first?.keys() ?? [])].sort()).toEqual([...sentenceIds].sort())
    expect(sentenceIds.map((id) => round(first?.get(id)))).toEqual([1, 1, 0.6])
    expect(sentenceIds.map((id) => round(second?.get(id)))).toEqual([0, 0, 0.8])
    const other = { sentenceIds, model: 'other-model' }
    expect(await sentenceSimilarities(library.pool, [[1, 0]], other)).toEqual([new Map()])
    expect(await sentenceSimilarities(library.pool, [], { sentenceIds, model: MODEL })).toEqual([])
  })

  it('have the dates of their articles, where these have one', async () => {
    const feedId = await library.addFeed()
    const publishedAt = new Date('2026-03-02T09:00:00Z')
    const dated = await library.publish(feedId, { guid: 'dated', publishedAt })
    const undated = await library.publish(feedId, { guid: 'undated', publishedAt: null })
    const ids = [dated, undated].map(({ articleId }) => articleId)
    const dates = await loadPublicationDates(library.pool, [...ids, 'art_none'])
    expect(dates).toEqual(new Map([[ids[0], publishedAt]]))
  })

  it('belong to a library whose revision grows with every change', async () => {
    const feedId = await library.addFeed()
    const { revision, chunks } = await loadCorpus(library.pool)
    await library.publish(feedId, { guid: 'a', chunks: [{ sentences: ['One.'] }] })
    const after = await loadCorpus(library.pool)
    expect(after.revision).toBeGreaterThan(revision)
    expect(after.chunks).toBe(chunks + 1)
  })
}

/** Postgres keeps vectors in single precision. */
function round(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.round(value * 1e5) / 1e5
}

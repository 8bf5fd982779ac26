import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTestServices, type TestServices } from '../../test/open-test-services.ts'
import { BAKING, HEATING, LIBRARY, LISTENING, toRss } from '../../test/test-feed.ts'
import type { Candidate, Filters } from '../domain.ts'
import { listArticles, type Article } from '../store/articles.ts'
import {
  explainArticle,
  findFailedFilters,
  standingIn,
  toPacking,
  type ArmStanding,
} from './explain.ts'

const ARTICLE: Article = {
  id: 'art_1',
  guid: null,
  feedId: 'feed_1',
  title: 'Queues',
  url: null,
  author: 'Ada',
  publishedAt: new Date('2026-03-02T09:00:00Z'),
  updatedAt: null,
  categories: ['databases'],
  revision: 1,
  status: 'live',
}

const arm = (rank: number | null, score: number | null): ArmStanding => ({
  rank,
  score,
  candidates: 50,
  lastScore: 4.25,
})

const candidate = (articleId: string, fused: number): Candidate => ({
  chunkId: `${articleId} ${fused}`,
  articleId,
  scores: { keyword: fused, vector: null, fused },
})

const STANDING = {
  article: ARTICLE,
  failedFilters: [],
  keyword: arm(2, 5),
  vector: arm(null, 0.5),
}
const INPUT = {
  standing: STANDING,
  candidates: [candidate('art_2', 0.9), candidate('art_1', 0.7), candidate('art_3', 0.6)],
  read: 1,
  passages: [{ articleId: 'art_2' }],
  packing: null,
}

describe('an explanation', () => {
  it('says at which place an article is shown', () => {
    const passages = [{ articleId: 'art_2' }, { articleId: 'art_1' }]
    expect(explainArticle({ ...INPUT, read: 2, passages })).toMatchObject({
      articleId: 'art_1',
      title: 'Queues',
      outcome: 'shown',
      detail: 'It is shown at place 2.',
      place: 2,
    })
  })

  it('says that an article was withdrawn before it speaks of filters', () => {
    const failedFilters = [{ name: 'author' as const, wanted: ['Bo'], actual: ['Ada'] }]
    const standing = {
      ...STANDING,
      failedFilters,
      article: { ...ARTICLE, status: 'withdrawn' as const },
    }
    const explained = explainArticle({ ...INPUT, standing, candidates: [] })
    expect(explained.outcome).toBe('withdrawn')
  })

  it('names every filter with its value and the article’s', () => {
    const failedFilters = [
      { name: 'author' as const, wanted: ['Bo', 'Cy'], actual: ['Ada'] },
      { name: 'category' as const, wanted: ['css'], actual: [] },
    ]
    const standing = { ...STANDING, failedFilters, keyword: null, vector: null }
    expect(explainArticle({ ...INPUT, standing, candidates: [] })).toMatchObject({
      outcome: 'filtered',
      detail:
        'The filter author asks for Bo or Cy, and the article has Ada. The filter category asks for css, and the article has none.',
    })
  })

  it('gives an article’s score in each arm beside that of the last candidate', () => {
    const standing = { ...STANDING, keyword: arm(null, 3.1), vector: arm(null, 0.5) }
    const explained = explainArticle({ ...INPUT, standing, candidates: [candidate('art_2', 1)] })
    expect(explained).toMatchObject({ outcome: 'not-a-candidate', fused: null })
    expect(explained.detail).toBe(
      'Neither arm found it. By keywords it is not among the best 50: it has 3.100, the last of them 4.250. By vectors it is not among the best 50: it has 0.500, the last of them 4.250.',
    )
  })

  it('says that an article shares no word with the question, and that the question has no vector', () => {
    const standing = { ...STANDING, keyword: arm(null, null), vector: null }
    const { detail } = explainArticle({ ...INPUT, standing, candidates: [] })
    expect(detail).toContain('By keywords it shares no word with the question.')
    expect(detail).toContain('By vectors it was not looked for, since the question has no vector.')
  })

  it('compares a fused score with the last that could be shown', () => {
    expect(explainArticle(INPUT)).toMatchObject({
      outcome: 'fused-below',
      fused: {
        rank: 2,
        candidates: 3,
        scores: { keyword: 0.7, vector: null, fused: 0.7 },
        last: { rank: 1, fused: 0.9 },
      },
      detail:
        'It is at place 2 of 3 candidates with a fused score of 0.700; the last that was let in is at place 1 with 0.900.',
    })
  })

  it('gives the best sentence of an article that was read and had no room', () => {
    const sentence = { text: 'One.', rank: 7, of: 30, tokens: 21 }
    const packing = { maxTokens: 60, isRepeated: false, sentence }
    expect(explainArticle({ ...INPUT, read: 3, packing })).toMatchObject({
      outcome: 'cut-by-budget',
      packing,
      detail:
        'It was found and read, and its best sentence, of 21 tokens and at place 7 of 30, had no room in 60 tokens.',
    })
  })
})

it('tells an article that repeats others from one that had no room', () => {
  const sentence = { text: 'One.', rank: 7, of: 30, tokens: 21 }
  const packing = { maxTokens: 60, isRepeated: true, sentence }
  expect(explainArticle({ ...INPUT, read: 3, packing }).outcome).toBe('repeated')
})

describe('a standing in an arm', () => {
  const hits = [
    { chunkId: '1', articleId: 'art_2', score: 9 },
    { chunkId: '2', articleId: 'art_1', score: 7 },
    { chunkId: '3', articleId: 'art_1', score: 5 },
  ]

  it('is that of the best chunk', () => {
    const standing = { rank: 2, score: 7, candidates: 3, lastScore: 5 }
    expect(standingIn([hits], 'art_1', { score: 7 })).toEqual(standing)
  })

  it('outside the candidates has the score that was looked up for it', () => {
    const standing = { rank: null, score: 3, candidates: 3, lastScore: 5 }
    expect(standingIn([hits], 'art_3', { score: 3 })).toEqual(standing)
    expect(standingIn([[]], 'art_3', undefined)).toMatchObject({ score: null, lastScore: null })
  })

  it('is that for the part of the question for which it stands best', () => {
    const ofPart = [{ chunkId: '4', articleId: 'art_3', score: 2 }]
    const standing = { rank: 1, score: 2, candidates: 1, lastScore: 2 }
    expect(standingIn([hits, ofPart], 'art_3', { score: 3 })).toEqual(standing)
    expect(standingIn([hits, ofPart], 'art_1', { score: 7 })).toMatchObject({ rank: 2, score: 7 })
  })
})

describe('a packing', () => {
  const ranked = ['art_2', 'art_1', 'art_1'].map((articleId, at) => ({
    chunk: { articleId },
    sentence: { text: `Sentence ${at} is this.` },
  }))
  const options = {
    articleId: 'art_1',
    maxTokens: 50,
    unlimited: [{ articleId: 'art_2' }, { articleId: 'art_1' }],
    countTokens: (text: string) => text.split(' ').length,
  }

  it('tells the rank and the size of an article’s best sentence', () => {
    expect(toPacking(ranked, options)).toEqual({
      maxTokens: 50,
      isRepeated: false,
      sentence: { text: 'Sentence 1 is this.', rank: 2, of: 3, tokens: 4 },
    })
  })

  it('says nothing of an article that was not read', () => {
    const packing = toPacking(ranked, { ...options, articleId: 'art_3' })
    expect(packing).toEqual({ maxTokens: 50, isRepeated: false, sentence: null })
  })

  it('knows an article that no budget would bring in', () => {
    const unlimited = [{ articleId: 'art_2' }]
    expect(toPacking(ranked, { ...options, unlimited }).isRepeated).toBe(true)
  })
})

describe('the filters of an explanation', () => {
  let test: TestServices
  let articles: readonly Article[]

  beforeAll(async () => {
    test = await openTestServices()
    await test.readFeed(test.writeFeed(toRss(LIBRARY)))
    const bare = { title: 'Bare', guid: 'bare', html: '<p>It has no author and no date.</p>' }
    await test.readFeed(test.writeFeed(toRss([bare])))
    articles = await listArticles(test.services.database.pool, {}, { after: null, limit: 100 })
  })

  afterAll(() => test[Symbol.asyncDispose]())

  it('let through exactly what the store’s let through', async () => {
    const feeds = [...new Set(articles.map(({ feedId }) => feedId)), 'feed_none']
    const times = [LISTENING, BAKING, HEATING].flatMap(({ publishedAt = '' }) =>
      [0, 1, -1].map((ms) => new Date(+new Date(publishedAt) + ms)),
    )
    const some = (values: readonly string[]) => fc.subarray([...values])
    const filters = fc.record(
      {
        feed: some(feeds),
        author: some(['Ada', 'Bo', 'Nobody']),
        category: some(['databases', 'queues', 'kitchen', 'none']),
        publishedAfter: fc.constantFrom(...times),
        publishedBefore: fc.constantFrom(...times),
        asOf: fc.constantFrom(...times),
      },
      { requiredKeys: [] },
    )
    await fc.assert(
      fc.asyncProperty(filters, async (given: Filters) => {
        const pool = test.services.database.pool
        const shown = await listArticles(pool, given, { after: null, limit: 100 })
        const passed = articles.filter((each) => findFailedFilters(each, given).length === 0)
        expect(passed.map(({ id }) => id)).toEqual(shown.map(({ id }) => id))
      }),
      { numRuns: 200 },
    )
    expect(articles).toHaveLength(4)
  })
})

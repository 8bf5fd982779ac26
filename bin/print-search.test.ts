import { describe, expect, it } from 'vitest'
import {
  formatExplanation,
  formatSearch,
  formatSource,
  type SentSearch,
  type SentSource,
} from './print-search.ts'

describe('a source', () => {
  const source: SentSource = {
    articleId: 'art_1',
    revision: 1,
    url: 'https://blog.example/listening',
    title: 'Listening to a database',
    heading: 'Limits',
    publishedAt: null,
    start: 0,
    end: 42,
    text: 'A payload is limited.\nLarger ones are refused.',
    scores: { keyword: null, vector: 0.456, fused: 1 },
  }

  it('has its place, its scores and its text, set in', () => {
    expect(formatSource(source, 0)).toBe(
      `1. Listening to a database › Limits  (fused 1.00, keyword –, vector 0.46)
   A payload is limited.
   Larger ones are refused.
   https://blog.example/listening`,
    )
  })

  it('without an address or a heading lacks these alone', () => {
    const text = formatSource({ ...source, url: null, heading: '' }, 9)
    expect(text.split('\n')[0]).toBe(
      '10. Listening to a database  (fused 1.00, keyword –, vector 0.46)',
    )
    expect(text).not.toContain('https')
  })
})

describe('a search', () => {
  const nothing: SentSearch = {
    question: 'Why?',
    passages: [],
    reason: null,
    degraded: null,
    time: null,
  }

  it.each([
    ['no-evidence', 'Nothing found.'],
    ['filtered', 'Nothing found: the filters leave no article.'],
    ['empty-library', 'Nothing found: there are no articles yet.'],
    ['over-budget', 'Nothing found that fits in so many tokens.'],
  ] as const)('that found nothing says so: %s', (reason, text) => {
    expect(formatSearch({ ...nothing, reason })).toBe(text)
  })

  it('that found nothing of the time in its question says so', () => {
    const time = { publishedAfter: '2026-03-01T00:00:00.000Z', isLatest: false }
    expect(formatSearch({ ...nothing, reason: 'filtered', time })).toBe(
      'Nothing found: no article is of the time that the question asks for.',
    )
    expect(formatSearch({ ...nothing, reason: 'filtered', time: { isLatest: true } })).toBe(
      'Nothing found: the filters leave no article.',
    )
  })
})

describe('an explanation', () => {
  const arm = { rank: 3, score: 4.5, candidates: 50, lastScore: 1.25 }
  const explanation: NonNullable<SentSearch['explain']> = {
    articleId: 'art_1',
    title: 'Queues',
    outcome: 'fused-below',
    detail: 'It is at place 12.',
    filters: [],
    keyword: arm,
    vector: { ...arm, rank: null, score: 0.5 },
    fused: {
      rank: 12,
      candidates: 61,
      scores: { keyword: 0.5, vector: null, fused: 0.25 },
      last: { rank: 10, fused: 0.5 },
    },
    packing: null,
    place: null,
  }

  it('says what decided, and then how the arms ranked the article', () => {
    expect(formatExplanation(explanation)).toBe(
      `Queues: fused-below
   It is at place 12.
   By keywords it is at place 3 of 50 with 4.500.
   By vectors it is not among the best 50: it has 0.500, the last of them 1.250.`,
    )
  })

  it('of an article that is shown says how it was fused as well', () => {
    expect(formatExplanation({ ...explanation, outcome: 'shown', place: 1 })).toMatch(
      /\n {3}Fused it is at place 12 of 61 candidates with a fused score of 0\.250\.$/,
    )
  })

  it('of an article that never reached the arms is the reason alone', () => {
    const filtered = { ...explanation, outcome: 'filtered' as const, keyword: null, vector: null }
    expect(formatExplanation(filtered)).toBe('Queues: filtered\n   It is at place 12.')
  })
})

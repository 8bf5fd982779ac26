import { describe, expect, it } from 'vitest'
import type { CandidateRank } from './case-answer.ts'
import { scoreContext, scoreRetrieval } from './retrieval-metrics.ts'

type Found = readonly [guid: string, keyword: number | null, vector: number | null, fused: number]

const candidates = (...found: readonly Found[]): readonly CandidateRank[] =>
  found.map(([guid, keyword, vector, fused], at) => ({
    guid,
    chunkId: `chunk-${at}`,
    keyword,
    vector,
    fused,
  }))

describe('a ranking', () => {
  // Fused, by article: a, b, c, d. Keyword: c, a, b. Vector: d, a, c.
  const found = candidates(
    ['a', 4, 0.8, 0.9],
    ['a', 1, 0.1, 0.8],
    ['b', 3, null, 0.7],
    ['c', 5, 0.5, 0.6],
    ['d', null, 0.9, 0.5],
  )

  it('holds each article once, at its first rank', () => {
    const { fused } = scoreRetrieval(found, ['b', 'd'])
    expect(fused.recallAt).toEqual({ 1: 0, 3: 0.5, 5: 1, 10: 1 })
    expect(fused.hitAt).toEqual({ 1: 0, 3: 1, 5: 1, 10: 1 })
    expect(fused.allAt).toEqual({ 1: 0, 3: 0, 5: 1, 10: 1 })
    // b stands second.
    expect(fused.mrrAt10).toBe(1 / 2)
    // (1/log2(3) + 1/log2(5)) / (1/log2(2) + 1/log2(3)) = (0.63093 + 0.43068) / 1.63093
    expect(fused.ndcgAt10).toBeCloseTo(0.65092, 4)
  })

  it('is that of the arm, without what the arm did not find', () => {
    const { keyword, vector } = scoreRetrieval(found, ['d'])
    expect(keyword.recallAt[10]).toBe(0)
    expect(keyword.mrrAt10).toBe(0)
    expect(keyword.ndcgAt10).toBe(0)
    expect(vector.hitAt[1]).toBe(1)
    expect(vector.ndcgAt10).toBe(1)
  })

  it('leaves ties in the order in which they came', () => {
    const tied = candidates(['a', 1, 1, 1], ['b', 1, 1, 1])
    expect(scoreRetrieval(tied, ['a']).fused.hitAt[1]).toBe(1)
    expect(scoreRetrieval(tied, ['b']).fused.mrrAt10).toBe(1 / 2)
  })

  it('is worth nothing behind the tenth article', () => {
    const many = candidates(...Array.from('abcdefghijk', (guid, at): Found => [guid, 1, 1, -at]))
    expect(scoreRetrieval(many, ['j']).fused.mrrAt10).toBe(1 / 10)
    expect(scoreRetrieval(many, ['k']).fused).toMatchObject({ mrrAt10: 0, ndcgAt10: 0 })
  })

  it('of nothing is worth nothing', () => {
    expect(scoreRetrieval([], ['a']).fused).toMatchObject({ mrrAt10: 0, ndcgAt10: 0 })
  })

  it('counts a gold article once that is named twice', () => {
    expect(scoreRetrieval(found, ['a', 'a']).fused.allAt[1]).toBe(1)
  })
})

describe('the context', () => {
  const passage = (guid: string, text: string) => ({ guid, text, start: 0, end: text.length })
  const golden = {
    articles: ['a', 'b'],
    evidence: [
      { article: 'a', quote: 'nine  hours' },
      { article: 'b', quote: '640 degrees' },
    ],
  }

  it('has all of the gold where each quote stands in a passage of its article', () => {
    const passages = [
      passage('a', 'It burns for Nine\nHours.'),
      passage('b', 'It has 640 degrees at best.'),
      passage('b', 'At best.'),
    ]
    expect(scoreContext({ candidates: candidates(['a', 1, 1, 1]), passages, golden })).toEqual({
      recallAtContext: 1,
      hitAtContext: 1,
      allAtContext: 1,
      evidenceAtContext: 1,
      candidateRecall: 1 / 2,
    })
  })

  it('lacks a quote that stands in another article alone', () => {
    const passages = [passage('a', 'Nine hours, 640 degrees.'), passage('b', 'At best.')]
    const scores = scoreContext({ candidates: [], passages, golden })
    expect(scores).toMatchObject({ allAtContext: 1, evidenceAtContext: 0, candidateRecall: 0 })
  })

  it('may have a part of the gold', () => {
    const passages = [passage('a', 'Nine hours.')]
    expect(scoreContext({ candidates: null, passages, golden })).toEqual({
      recallAtContext: 1 / 2,
      hitAtContext: 1,
      allAtContext: 0,
      evidenceAtContext: 0,
      candidateRecall: null,
    })
  })
})

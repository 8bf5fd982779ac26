import { describe, expect, it } from 'vitest'
import { fuse, joinCandidates } from './fusion.ts'

const hit = (chunkId: string, score: number) => ({
  chunkId,
  articleId: `article of ${chunkId}`,
  score,
})

describe('fusion', () => {
  it('sums the weighted min–max scores of both arms', () => {
    // Keyword: 10 → 1, 6 → 0.5, 2 → 0. Vector: 0.9 → 1, 0.7 → 0.
    const [first, second, third] = fuse({
      keyword: [hit('1', 10), hit('2', 6), hit('3', 2)],
      vector: [hit('2', 0.9), hit('1', 0.7)],
      vectorWeight: 0.6,
    })
    // 2: 0.4 · 0.5 + 0.6 · 1 = 0.8; 1: 0.4 · 1 + 0.6 · 0 = 0.4; 3: 0.
    expect([first?.chunkId, second?.chunkId, third?.chunkId]).toEqual(['2', '1', '3'])
    expect(first?.scores.fused).toBeCloseTo(0.8)
    expect(second?.scores.fused).toBeCloseTo(0.4)
  })

  it('says that an arm did not find a chunk', () => {
    const [only] = fuse({ keyword: [hit('1', 3)], vector: [], vectorWeight: 0.6 })
    expect(only?.scores).toEqual({ keyword: 1, vector: null, fused: 0.4 })
  })

  it('settles ties the same way every time', () => {
    const keyword = [hit('10', 1), hit('9', 1)]
    expect(fuse({ keyword, vector: [], vectorWeight: 0.5 }).map(({ chunkId }) => chunkId)).toEqual([
      '9',
      '10',
    ])
  })

  it('puts the first by words before the first by vectors where both weigh alike', () => {
    const rank = (keyword: string, vector: string) =>
      fuse({ keyword: [hit(keyword, 3)], vector: [hit(vector, 0.8)], vectorWeight: 0.5 })
    expect(rank('1', '2')[0]?.chunkId).toBe('1')
    expect(rank('2', '1')[0]?.chunkId).toBe('2')
  })

  it('finds nothing where both arms found nothing', () => {
    expect(fuse({ keyword: [], vector: [], vectorWeight: 0.5 })).toEqual([])
  })
})

describe('the rankings of a question in parts', () => {
  const ranking = (...hits: ReturnType<typeof hit>[]) =>
    fuse({ keyword: hits, vector: [], vectorWeight: 0 })

  it('are one, each candidate as it stands where it stands best', () => {
    // The whole: 1 → 1, 2 → 0.25, 3 → 0. The part: 3 → 0.9 of 1, 4 → 0.9 of 0.5, 2 → 0.
    const whole = ranking(hit('1', 10), hit('2', 4), hit('3', 2))
    const part = ranking(hit('3', 9), hit('4', 7), hit('2', 5))
    const joined = joinCandidates([whole, part])
    expect(joined.map(({ chunkId, scores }) => [chunkId, scores.fused])).toEqual([
      ['1', 1],
      ['3', 0.9],
      ['4', 0.45],
      ['2', 0.25],
    ])
  })

  it('of a question in one part are that one', () => {
    const whole = ranking(hit('1', 10), hit('2', 4))
    expect(joinCandidates([whole])).toEqual(whole)
  })
})

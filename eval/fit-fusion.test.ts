import { describe, expect, it } from 'vitest'
import { checkFusion, fitFusion, type FusionCase } from './fit-fusion.ts'

// Two chunks of two articles, of which the gold one comes first or second: second, its nDCG@10 is
// 1 / log2(3) = 0.6309, of the article and of the chunk alike.
const SECOND = 0.6309
/** The mean where half of the cases are right. */
const HALF = (1 + SECOND) / 2

const candidateOf = (chunkId: string, articleId: string) => ({
  chunkId,
  articleId,
  scores: { keyword: null, vector: null, fused: 0 },
})
const GOLD = candidateOf('1', 'gold')
const OTHER = candidateOf('2', 'other')

function rightWhere(isRight: (weight: number) => boolean): FusionCase {
  return {
    rankAt: (weight) => (isRight(weight) ? [GOLD, OTHER] : [OTHER, GOLD]),
    articles: new Set(['gold']),
    chunks: new Set(['1']),
  }
}

/** All are right from 0.55 to 0.75, and half of them elsewhere. */
const CASES = [rightWhere((weight) => weight >= 0.55), rightWhere((weight) => weight <= 0.75)]

describe('the weight that is fitted', () => {
  it('is the middle of where every case is right, with 0.1 to both sides', () => {
    const { vectorWeight, curve } = fitFusion(CASES)
    expect(vectorWeight).toBe(0.65)
    expect(Object.keys(curve)).toEqual(Array.from({ length: 21 }, (_, at) => (at / 20).toFixed(2)))
    expect(['0.55', '0.65', '0.75'].map((weight) => curve[weight])).toEqual([1, 1, 1])
    for (const weight of ['0.00', '0.50', '0.80', '1.00']) {
      expect(curve[weight]).toBeCloseTo(HALF, 3)
    }
  })

  it('is not one that is best alone, among neighbours that are not', () => {
    // Of five weights with two cases each, around 0.2 two are right, and from 0.7 on five.
    const cases = [
      rightWhere((weight) => weight === 0.2),
      rightWhere((weight) => weight === 0.2 || weight >= 0.6),
    ]
    const { vectorWeight, curve } = fitFusion(cases)
    expect(curve['0.20']).toBe(1)
    // From 0.7 to 1 the neighbours are alike, and 0.85 is the middle.
    expect(vectorWeight).toBe(0.85)
  })

  it('counts the article and the chunk that holds the evidence half each', () => {
    const otherChunk = { ...OTHER, articleId: 'gold' }
    const found = { ...rightWhere(() => false), rankAt: () => [otherChunk, GOLD] }
    expect(fitFusion([found]).curve['0.00']).toBeCloseTo((1 + SECOND) / 2, 3)
  })

  it('is in the middle where nothing was found', () => {
    const { curve, vectorWeight } = fitFusion([{ ...rightWhere(() => false), rankAt: () => [] }])
    expect(new Set(Object.values(curve))).toEqual(new Set([0]))
    expect(vectorWeight).toBe(0.5)
  })
})

describe('the check on other cases', () => {
  it('holds the weight against each arm alone and the weight before', () => {
    const check = checkFusion([...CASES, ...CASES], { vectorWeight: 0.65, previous: 0.9 })
    expect(check).toMatchObject({ cases: 4, objective: 1 })
    expect(check?.curve['0.65']).toBe(1)
    const others = Object.entries(check?.against ?? {})
    expect(others.map(([name, { vectorWeight }]) => [name, vectorWeight])).toEqual([
      ['keyword', 0],
      ['vector', 1],
      ['previous', 0.9],
    ])
    for (const [, { objective, difference, low, high, p }] of others) {
      expect(objective).toBeCloseTo(HALF, 3)
      expect(difference).toBeCloseTo(1 - HALF, 3)
      // Two cases differ, both alike: of the four ways to set their signs, two are as far from zero.
      expect(p).toBe(0.5)
      // Of four drawn with replacement, all may be alike.
      expect(low).toBe(0)
      expect(high).toBeCloseTo(1 - SECOND, 3)
    }
  })

  it('finds no difference to the weight itself', () => {
    const { previous } = checkFusion(CASES, { vectorWeight: 0.65, previous: 0.65 })?.against ?? {}
    expect(previous).toMatchObject({ difference: 0, low: 0, high: 0, p: 1 })
  })

  it('is none where there are no cases', () => {
    expect(checkFusion([], { vectorWeight: 0.65, previous: 0.6 })).toBeNull()
  })
})

import { describe, expect, it } from 'vitest'
import { rankedCandidates } from './retrieval-arms.ts'
import {
  compare,
  describe as describeFigure,
  describeDifference,
  scoreArm,
  summarise,
  tabulate,
  tabulatePairs,
} from './retrieval-figures.ts'

describe('the figures of an arm', () => {
  it('are of articles, each at the first rank of its chunks', () => {
    // Articles a, b, g: the gold one third. nDCG 1 / log2(4) = .5, reciprocal rank 1 / 3.
    const candidates = rankedCandidates(['a', 'a', 'b', 'b', 'g'])
    const figures = scoreArm([{ candidates, gold: ['g', 'h'] }], 'fused')
    expect(figures).toMatchObject({
      'hit@1': [0],
      'hit@3': [1],
      'recall@3': [0.5],
      'recall@10': [0.5],
      'candidate recall': [0.5],
    })
    expect(figures['MRR@10']?.[0]).toBeCloseTo(1 / 3)
    // The ideal has both: 1 + 1 / log2(3).
    expect(figures['nDCG@10']?.[0]).toBeCloseTo(0.5 / (1 + 1 / Math.log2(3)))
  })

  it('count a gold article behind the tenth rank in the candidate recall alone', () => {
    const others = Array.from({ length: 10 }, (_, at) => `a${at}`)
    const figures = scoreArm(
      [{ candidates: rankedCandidates([...others, 'g']), gold: ['g'] }],
      'fused',
    )
    expect(figures).toMatchObject({ 'recall@10': [0], 'MRR@10': [0], 'candidate recall': [1] })
  })
})

describe('a figure', () => {
  it('has Wilson’s interval where it is of outcomes', () => {
    // 3 of 4: .3006 to .9544 (statsmodels' proportion_confint).
    const { mean, interval } = summarise('hit@1', [1, 1, 0, 1])
    expect(mean).toBe(0.75)
    expect(interval?.low).toBeCloseTo(0.3006, 3)
    expect(interval?.high).toBeCloseTo(0.9544, 3)
  })

  it('has a bootstrapped interval where it is a mean', () => {
    expect(summarise('nDCG@10', [0.5, 0.5, 0.5])).toEqual({
      mean: 0.5,
      interval: { low: 0.5, high: 0.5 },
    })
  })

  it('is written in per cent', () => {
    const interval = { low: 0.6, high: 0.8123 }
    expect(describeFigure({ mean: 0.7432, interval })).toBe('74.3 (60.0–81.2)')
    expect(
      describeDifference({ mean: 0.01, interval: { low: -0.0001, high: 0.03 }, p: 0.04 }),
    ).toBe('+1.0 (0.0–3.0), p .040')
  })
})

describe('a comparison', () => {
  it('tests outcomes by those that flipped', () => {
    // Five better, none worse: 2 × .5⁵ = .0625.
    const { mean, p } = compare('hit@1', [1, 1, 1, 1, 1, 0], [0, 0, 0, 0, 0, 0])
    expect(mean).toBeCloseTo(5 / 6)
    expect(p).toBe(0.0625)
  })

  it('tests means by turning signs', () => {
    // Of the 2³ ways to sign .1, .2 and .3, two have a sum as far from zero.
    const { mean, p } = compare('nDCG@10', [0.6, 0.7, 0.8], [0.5, 0.5, 0.5])
    expect(mean).toBeCloseTo(0.2)
    expect(p).toBe(0.25)
  })
})

describe('a table', () => {
  const arms = new Map([
    ['fused', { 'hit@1': [1, 1] }],
    ['vector', { 'hit@1': [1, 0] }],
  ])

  it('has a column an arm', () => {
    expect(tabulate('figure', arms).split('\n')).toEqual([
      '| figure | fused              | vector          |',
      '| ------ | ------------------ | --------------- |',
      '| hit@1  | 100.0 (34.2–100.0) | 50.0 (9.5–90.5) |',
    ])
  })

  it('takes each other arm from one', () => {
    const lines = tabulatePairs(arms, { of: 'fused', names: ['hit@1'] }).split('\n')
    expect(lines).toHaveLength(3)
    expect(lines[2]).toMatch(/^\| fused less vector \| \+50\.0 \(.*\), p 1\.000 \|$/)
  })
})

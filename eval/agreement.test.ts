import { describe, expect, it } from 'vitest'
import { auc, spearman } from './agreement.ts'
import reference from './statistics-reference.json' with { type: 'json' }

describe('rank correlation', () => {
  it('is worked by hand', () => {
    // Two ranks differ by one: 1 - 6 × 2 / (4 × 15) = .8.
    expect(spearman([1, 2, 3, 4], [10, 30, 20, 40])).toBeCloseTo(0.8, 12)
    // Ranks 1.5, 1.5, 3 and 1, 2, 3, less their means: 1.5 / √(1.5 × 2).
    expect(spearman([5, 5, 9], [1, 2, 3])).toBeCloseTo(1.5 / Math.sqrt(3), 12)
  })

  it('sees the order alone', () => {
    expect(spearman([1, 2, 3], [1, 10, 1000])).toBeCloseTo(1, 12)
    expect(spearman([1, 2, 3], [3, 2, -50])).toBeCloseTo(-1, 12)
  })

  it('agrees with scipy where many are equal', () => {
    const { a, b, correlation } = reference.spearman
    expect(spearman(a, b)).toBeCloseTo(correlation, 12)
  })

  it('is none where one side is all alike', () => {
    expect(spearman([1, 1, 1], [1, 2, 3])).toBeNull()
    expect(spearman([1], [2])).toBeNull()
    expect(spearman([], [])).toBeNull()
  })

  it('refuses what cannot be ranked', () => {
    expect(() => spearman([1, NaN], [1, 2])).toThrow('must be a number')
    expect(() => spearman([1, 2], [1])).toThrow('not 2 and 1')
  })
})

describe('area under the curve', () => {
  it('is worked by hand', () => {
    // 3 > 2, 3 > 1, 1 < 2, 1 = 1: 2.5 of 4 pairs.
    expect(auc([3, 1], [2, 1])).toBe(2.5 / 4)
  })

  it('is one where all are told apart, and zero where all are swapped', () => {
    expect(auc([0.8, 0.9], [0.1, 0.2, 0.3])).toBe(1)
    expect(auc([0.1], [0.8, 0.9])).toBe(0)
  })

  it('is a half where nothing is told apart', () => {
    expect(auc([1, 1, 1], [1, 1])).toBe(0.5)
  })

  it('agrees with scipy where many are equal', () => {
    const { positives, negatives, area } = reference.auc
    expect(auc(positives, negatives)).toBeCloseTo(area, 12)
  })

  it('is none where one side is empty', () => {
    expect(auc([], [1])).toBeNull()
    expect(auc([1], [])).toBeNull()
  })
})

import { describe, expect, it } from 'vitest'
import { binomialAtMost, binomialTerm } from './binomial.ts'

describe('binomial probabilities', () => {
  it('are those worked by hand', () => {
    // 3 of 5 at .3: 10 × .027 × .49 = .1323.
    expect(binomialTerm(3, { trials: 5, probability: 0.3 })).toBeCloseTo(0.1323, 12)
    // At most 1 of 5: .7^5 + 5 × .3 × .7^4 = .16807 + .36015 = .52822.
    expect(binomialAtMost(1, { trials: 5, probability: 0.3 })).toBeCloseTo(0.52822, 12)
    // At most 4 of 5: 1 - .3^5 = .99757.
    expect(binomialAtMost(4, { trials: 5, probability: 0.3 })).toBeCloseTo(0.99757, 12)
  })

  it.each([
    { trials: 31, probability: 0.4 },
    { trials: 32, probability: 0.4 },
    { trials: 10_000, probability: 0.15 },
    { trials: 10_000, probability: 0.999 },
  ])('add up to one: $trials trials at $probability', (setting) => {
    let sum = 0
    for (let i = 0; i <= setting.trials; i++) sum += binomialTerm(i, setting)
    expect(sum).toBeCloseTo(1, 9)
  })

  it('are found where the outermost term is too small for a number', () => {
    // P(X = 9,000) at .01 is about 10^-16,000; at most 9,000 is nearly certain.
    expect(binomialAtMost(9_000, { trials: 10_000, probability: 0.01 })).toBeCloseTo(1, 9)
  })

  it('are certain at the ends', () => {
    expect(binomialTerm(0, { trials: 4, probability: 0 })).toBe(1)
    expect(binomialTerm(4, { trials: 4, probability: 1 })).toBe(1)
    expect(binomialTerm(5, { trials: 4, probability: 0.5 })).toBe(0)
    expect(binomialAtMost(-1, { trials: 4, probability: 0.5 })).toBe(0)
    expect(binomialAtMost(3, { trials: 4, probability: 1 })).toBe(0)
    expect(binomialAtMost(4, { trials: 4, probability: 1 })).toBe(1)
    expect(binomialAtMost(0, { trials: 4, probability: 0 })).toBe(1)
  })
})

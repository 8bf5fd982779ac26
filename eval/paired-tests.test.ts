import { describe, expect, it } from 'vitest'
import { mcnemarExact, signFlip } from './paired-tests.ts'
import { createRandom } from './seeded-random.ts'
import reference from './statistics-reference.json' with { type: 'json' }

describe("McNemar's exact test", () => {
  it('is worked by hand for ten flips', () => {
    // Twice (1 + 10) of 2^10 outcomes.
    expect(mcnemarExact(1, 9)).toBeCloseTo(22 / 1024, 12)
    // Twice 1 of 2^5.
    expect(mcnemarExact(0, 5)).toBeCloseTo(1 / 16, 12)
  })

  it('finds nothing where nothing flipped or as many flipped either way', () => {
    expect(mcnemarExact(0, 0)).toBe(1)
    expect(mcnemarExact(4, 4)).toBe(1)
  })

  it('does not mind the direction', () => {
    expect(mcnemarExact(31, 12)).toBe(mcnemarExact(12, 31))
  })

  it.each(reference.mcnemar)(
    'agrees with scipy on $onlyBefore and $onlyAfter',
    ({ onlyBefore, onlyAfter, p }) => {
      expect(mcnemarExact(onlyBefore, onlyAfter) / p).toBeCloseTo(1, 9)
    },
  )

  it('stays a number where 10,000 cases flipped one way', () => {
    expect(mcnemarExact(0, 10_000)).toBe(0)
  })
})

describe('the sign-flip test', () => {
  it('tries all signs where they are few', () => {
    // Of the 8 sums of ±1 ±2 ±3 two are as far from zero as 6.
    expect(signFlip([1, 2, 3], { seed: 1 })).toBe(2 / 8)
    // 4 is reached once, 2 four times, and the same below zero: 10 of 16.
    expect(signFlip([1, 1, 1, -1], { seed: 1 })).toBe(10 / 16)
  })

  it('takes sums for equal that differ by rounding alone', () => {
    // ±.1 ±.2 is ±.3 or ±.1, ±.3 ±.3 is ±.6 or twice 0: 12 of the 16 are at least .3.
    expect(signFlip([0.1, 0.2, -0.3, 0.3], { seed: 1 })).toBe(12 / 16)
  })

  it('passes over cases without a difference', () => {
    const withZeros = [1, 2, 3, ...new Array<number>(500).fill(0)]
    expect(signFlip(withZeros, { seed: 1 })).toBe(2 / 8)
    expect(signFlip([0, 0], { seed: 1 })).toBe(1)
    expect(signFlip([], { seed: 1 })).toBe(1)
  })

  it.each(reference.signFlip.exact)('agrees with scipy: exactly, p = $p', ({ differences, p }) => {
    expect(signFlip(differences, { seed: 1 })).toBeCloseTo(p, 12)
  })

  it.each(reference.signFlip.drawn)('agrees with scipy: drawn, p = $p', ({ differences, p }) => {
    // Four standard errors of 10,000 draws.
    const tolerance = 4 * Math.sqrt((p * (1 - p)) / 10_000)
    expect(Math.abs(signFlip(differences, { seed: 1 }) - p)).toBeLessThan(tolerance)
  })

  it("is McNemar's test where every difference is one case", () => {
    const differences = [...new Array<number>(8).fill(-1), ...new Array<number>(22).fill(1)]
    const exact = mcnemarExact(8, 22)
    expect(signFlip(differences, { seed: 4 })).toBeGreaterThan(exact - 0.005)
    expect(signFlip(differences, { seed: 4 })).toBeLessThan(exact + 0.005)
  })

  it('gives the same p for the same seed, and never zero by drawing', () => {
    const differences = new Array<number>(60).fill(0.5)
    expect(signFlip(differences, { rounds: 999, seed: 9 })).toBe(1 / 1000)
    const mixed = reference.signFlip.drawn[0]?.differences ?? []
    expect(signFlip(mixed, { seed: 9 })).toBe(signFlip(mixed, { seed: 9 }))
    expect(signFlip(mixed, { seed: 9 })).not.toBe(signFlip(mixed, { seed: 10 }))
  })

  it('raises an alarm in one of twenty where there is nothing to find', () => {
    const random = createRandom(21)
    const trials = 400
    let alarms = 0
    for (let trial = 0; trial < trials; trial++) {
      const differences = Array.from({ length: 40 }, () => random() - 0.5)
      if (signFlip(differences, { rounds: 999, seed: trial }) < 0.05) alarms++
    }
    // 20 are expected; three standard errors are 13.
    expect(alarms).toBeGreaterThan(7)
    expect(alarms).toBeLessThan(33)
  })

  it('refuses what is not a number, which would look significant', () => {
    expect(() => signFlip([1, NaN], { seed: 1 })).toThrow('finite')
  })
})

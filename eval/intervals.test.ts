import { describe, expect, it } from 'vitest'
import { bootstrapDifference, bootstrapMean, wilson, type Ratio } from './intervals.ts'
import reference from './statistics-reference.json' with { type: 'json' }

interface Columns {
  readonly numerators: readonly number[]
  readonly denominators: readonly number[]
}

function toRatios({ numerators, denominators }: Columns): Ratio[] {
  return numerators.map((numerator, i) => ({ numerator, denominator: denominators[i] ?? 0 }))
}

const before = toRatios(reference.bootstrap.before)
const after = toRatios(reference.bootstrap.after)

describe('the Wilson interval', () => {
  it('is worked by hand for one of two', () => {
    // z² = 3.8416 and z²/n = 1.9208; middle (.5 + .9604) / 2.9208 = .5;
    // reach 1.96 × √(.25/2 + 1.9208/8) / 2.9208 = 1.96 × .60424 / 2.9208 = .40547.
    expect(wilson(1, 2)?.low).toBeCloseTo(0.09453, 5)
    expect(wilson(1, 2)?.high).toBeCloseTo(0.90547, 5)
  })

  it('has a width where all or none succeeded', () => {
    // n / (n + z²): 70 / 73.8416 and 12 / 15.8416.
    expect(wilson(70, 70)?.low).toBeCloseTo(0.948, 3)
    expect(wilson(70, 70)?.high).toBe(1)
    expect(wilson(12, 12)?.low).toBeCloseTo(0.757, 3)
    expect(wilson(0, 9)?.low).toBe(0)
  })

  it('is none where nothing was tried', () => {
    expect(wilson(0, 0)).toBeNull()
  })

  it('is narrower for a smaller z', () => {
    // z = 1 and n = 2: the middle is .5, the reach √(.25/2 + .5/8) / 1.5.
    expect(wilson(1, 2, 1)?.low).toBeCloseTo(0.5 - Math.sqrt(0.1875) / 1.5, 12)
  })

  it.each(reference.wilson)(
    'agrees with statsmodels on $successes of $n',
    ({ successes, n, low, high }) => {
      expect(wilson(successes, n)?.low).toBeCloseTo(low, 12)
      expect(wilson(successes, n)?.high).toBeCloseTo(high, 12)
    },
  )
})

describe('the bootstrap interval of a mean', () => {
  it('is worked by hand for two cases', () => {
    // Both draws are the wrong one in a quarter of the rounds, and the right one in another: more
    // than 2.5 % on either side.
    const values = [
      { numerator: 0, denominator: 1 },
      { numerator: 1, denominator: 1 },
    ]
    expect(bootstrapMean(values, { seed: 1 })).toEqual({ low: 0, high: 1 })
  })

  it('has no width where all cases are alike', () => {
    const values = [
      { numerator: 3, denominator: 4 },
      { numerator: 6, denominator: 8 },
    ]
    expect(bootstrapMean(values, { seed: 1 })).toEqual({ low: 0.75, high: 0.75 })
  })

  it('weighs a case by its denominator', () => {
    // 0 of 99 and 1 of 1 in a hundred cases each: about 1 in 100, where the mean of the shares is .5.
    const values = Array.from({ length: 200 }, (_, i) =>
      i % 2 === 0 ? { numerator: 0, denominator: 99 } : { numerator: 1, denominator: 1 },
    )
    const interval = bootstrapMean(values, { seed: 1 })
    expect(interval?.low).toBeGreaterThan(0.005)
    expect(interval?.high).toBeLessThan(0.02)
  })

  it('leaves out the rounds that drew no denominator', () => {
    // A quarter of the rounds draw the second case twice.
    const values = [
      { numerator: 1, denominator: 2 },
      { numerator: 0, denominator: 0 },
    ]
    expect(bootstrapMean(values, { seed: 1 })).toEqual({ low: 0.5, high: 0.5 })
  })

  it('agrees with scipy', () => {
    const { low, high } = reference.bootstrap.mean
    const interval = bootstrapMean(before, { rounds: 20_000, seed: 1 })
    expect(Math.abs((interval?.low ?? NaN) - low)).toBeLessThan(0.005)
    expect(Math.abs((interval?.high ?? NaN) - high)).toBeLessThan(0.005)
  })

  it('is the same for the same seed', () => {
    expect(bootstrapMean(before, { seed: 5 })).toEqual(bootstrapMean(before, { seed: 5 }))
    expect(bootstrapMean(before, { seed: 5 })).not.toEqual(bootstrapMean(before, { seed: 6 }))
  })

  it('is none without cases or without a denominator', () => {
    expect(bootstrapMean([], { seed: 1 })).toBeNull()
    expect(bootstrapMean([{ numerator: 0, denominator: 0 }], { seed: 1 })).toBeNull()
  })
})

describe('the bootstrap interval of a difference', () => {
  it('is taken over the same cases before and after', () => {
    // Every case gains exactly a tenth, however much the cases differ among themselves.
    const gained = before.map(({ numerator, denominator }) => ({
      numerator: numerator + denominator / 10,
      denominator,
    }))
    const interval = bootstrapDifference(before, gained, { seed: 1 })
    expect(interval?.low).toBeCloseTo(0.1, 12)
    expect(interval?.high).toBeCloseTo(0.1, 12)
  })

  it('is below zero for a loss', () => {
    const lost = before.map(({ denominator }) => ({ numerator: 0, denominator }))
    expect(bootstrapDifference(before, lost, { seed: 1 })?.high).toBeLessThan(-0.5)
  })

  it('agrees with scipy', () => {
    const { low, high } = reference.bootstrap.difference
    const interval = bootstrapDifference(before, after, { rounds: 20_000, seed: 1 })
    expect(Math.abs((interval?.low ?? NaN) - low)).toBeLessThan(0.005)
    expect(Math.abs((interval?.high ?? NaN) - high)).toBeLessThan(0.005)
  })

  it('refuses lists of different cases', () => {
    expect(() => bootstrapDifference(before, after.slice(1), { seed: 1 })).toThrow(
      '80 before and 79 after',
    )
  })
})

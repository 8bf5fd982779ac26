import { describe, expect, it } from 'vitest'
import { detectableChange, mcnemarPower } from './power.ts'
import reference from './statistics-reference.json' with { type: 'json' }

describe('the power of the paired test', () => {
  it('is worked by hand for six cases', () => {
    // Six flips are significant only where all go one way (2 of 64; five: 2 of 32).
    // All six flip, a quarter of them the wrong way: .75^6.
    expect(mcnemarPower({ cases: 6, flipRate: 1, change: 0.5 })).toBeCloseTo(0.75 ** 6, 12)
    // Half flip, all the same way: all six do in .5^6.
    expect(mcnemarPower({ cases: 6, flipRate: 0.5, change: 0.5 })).toBeCloseTo(0.5 ** 6, 12)
  })

  it('is nothing where no outcome would be significant', () => {
    expect(mcnemarPower({ cases: 5, flipRate: 1, change: 1 })).toBe(0)
    expect(mcnemarPower({ cases: 0, flipRate: 0.15, change: 0.1 })).toBe(0)
    expect(mcnemarPower({ cases: 200, flipRate: 0, change: 0 })).toBe(0)
  })

  it.each([
    [50, 0.31],
    [100, 0.7],
    [150, 0.9],
  ])('for 10 points, 15 %% flipping and %i cases is near %f', (cases, power) => {
    const found = mcnemarPower({ cases, flipRate: 0.15, change: 0.1 })
    expect(Math.abs(found - power)).toBeLessThan(0.02)
  })

  it.each(reference.power)(
    'agrees with scipy: $change with $flipRate flipping of $cases cases',
    ({ power, ...setting }) => {
      expect(mcnemarPower(setting)).toBeCloseTo(power, 9)
    },
  )

  it('does not mind the direction', () => {
    const setting = { cases: 80, flipRate: 0.2 }
    expect(mcnemarPower({ ...setting, change: -0.1 })).toBe(
      mcnemarPower({ ...setting, change: 0.1 }),
    )
  })

  it('counts as many flips as the change needs', () => {
    expect(mcnemarPower({ cases: 50, flipRate: 0.1, change: 0.2 })).toBe(
      mcnemarPower({ cases: 50, flipRate: 0.2, change: 0.2 }),
    )
  })

  it('leaves at most 2.5 % for either direction where nothing changed', () => {
    const alarm = mcnemarPower({ cases: 200, flipRate: 0.15, change: 0 })
    expect(alarm).toBeGreaterThan(0.005)
    expect(alarm).toBeLessThanOrEqual(0.025)
  })

  it('is certain for ten points of 10,000 cases', () => {
    expect(mcnemarPower({ cases: 10_000, flipRate: 0.15, change: 0.1 })).toBeCloseTo(1, 9)
  })
})

describe('the change that a set can show', () => {
  it('is worked by hand for six cases', () => {
    // All six must go one way: change^6 = .8.
    const change = detectableChange({ cases: 6, flipRate: 0.15 })
    expect(change).toBeCloseTo(0.8 ** (1 / 6), 5)
  })

  it.each(reference.detectable)(
    'agrees with scipy for $cases cases with $flipRate flipping',
    ({ change, ...setting }) => {
      expect(detectableChange(setting)).toBeCloseTo(change, 5)
    },
  )

  it('shrinks with more cases and grows with more power', () => {
    const few = detectableChange({ cases: 60, flipRate: 0.15 })
    const many = detectableChange({ cases: 240, flipRate: 0.15 })
    const surer = detectableChange({ cases: 240, flipRate: 0.15, power: 0.95 })
    expect(many).toBeLessThan(few ?? NaN)
    expect(surer).toBeGreaterThan(many ?? NaN)
  })

  it('is none for five cases', () => {
    expect(detectableChange({ cases: 5, flipRate: 0.15 })).toBeNull()
  })
})

import { describe, expect, it } from 'vitest'
import { bestPlace } from './best-place.ts'

describe('the best place', () => {
  it('is the middle of the best stretch', () => {
    expect(bestPlace([0, 0, 1, 1, 1, 1, 1, 0], 1)).toBe(4)
  })

  it('is not a single value that is best among bad ones', () => {
    // With a neighbour to each side, (0 + 1 + 0) / 3 against (0.6 + 0.6 + 0.6) / 3.
    expect(bestPlace([0, 1, 0, 0, 0.6, 0.6, 0.6, 0], 1)).toBe(5)
  })

  it('counts fewer neighbours at the ends', () => {
    expect(bestPlace([1, 1, 0, 0], 1)).toBe(0)
  })

  it('takes sums for equal that differ in their last bits', () => {
    // For a computer 0.3 + 0.1 + 0.2 is a little more than 0.2 + 0.3 + 0.1.
    expect(bestPlace([0, 0.2, 0.3, 0.1, 0.2, 0], 1)).toBe(2)
  })
})

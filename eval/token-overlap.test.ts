import { describe, expect, it } from 'vitest'
import { contentRecall, tokenF1 } from './token-overlap.ts'

describe('token F1', () => {
  it('is without case, punctuation and articles', () => {
    expect(tokenF1('The kiln burns.', 'a KILN, burns')).toBe(1)
  })

  it('counts each word as often as it stands there', () => {
    // Answer: very very hot (3), reference: very hot kiln (3), shared: very, hot. 2 · 2 / 6
    expect(tokenF1('very very hot', 'very hot kiln')).toBeCloseTo(2 / 3)
  })

  it('is nothing where nothing is shared', () => {
    expect(tokenF1('cold', 'hot')).toBe(0)
    expect(tokenF1('', '')).toBe(0)
  })
})

describe('content recall', () => {
  it('is the share of the reference, whatever else the answer says', () => {
    // Reference: kiln, burn, nine, hour. The answer has kiln and burn.
    expect(contentRecall('A kiln that is burning slowly', 'The kiln burns nine hours')).toBe(1 / 2)
  })

  it('counts each word as often as it stands there', () => {
    expect(contentRecall('row', 'row row')).toBe(1 / 2)
  })

  it('is nothing where the reference says nothing', () => {
    expect(contentRecall('A kiln', 'It is')).toBe(0)
  })
})

import { describe, expect, it } from 'vitest'
import { groundedness, hasNewNumber, supports } from './groundedness.ts'

describe('groundedness', () => {
  it('is the mean over sentences', () => {
    // kiln, burn, slowli: 2 of 3. kiln, hot: 1 of 2. (2/3 + 1/2) / 2 = 7/12
    const sentences = ['The kiln burns slowly.', 'A kiln is hot.']
    expect(groundedness(sentences, 'Kilns are burning.')).toBeCloseTo(7 / 12)
  })

  it('passes over a sentence that says nothing', () => {
    expect(groundedness(['The kiln.', 'It is so.'], 'A kiln')).toBe(1)
  })

  it('is nothing where nothing was said or read', () => {
    expect(groundedness(['It is so.'], 'A kiln')).toBe(0)
    expect(groundedness(['A kiln.'], '')).toBe(0)
  })
})

describe('evidence supports a sentence', () => {
  it('that shares three of five stems', () => {
    expect(supports('one kiln burns wood', 'A kiln burns old dry wood')).toBe(true)
    expect(supports('one kiln burns coal', 'A kiln burns old dry wood')).toBe(false)
  })

  it('only with every number', () => {
    expect(supports('The kiln burns for 9 hours.', 'The kiln burns for 8 hours.')).toBe(false)
  })

  it('never where it says nothing', () => {
    expect(supports('A kiln', 'It is so.')).toBe(false)
    expect(supports('', 'A kiln')).toBe(false)
  })
})

it('knows a number in digits, in words and with a scale', () => {
  expect(hasNewNumber('It has 25 and 1.2k rows.', 'twenty-five or 1,200')).toBe(false)
  expect(hasNewNumber('It has 26 rows.', 'twenty-five')).toBe(true)
  expect(hasNewNumber('One of two.', 'Nothing.')).toBe(false)
})

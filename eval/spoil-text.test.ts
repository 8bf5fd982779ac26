import { describe, expect, it } from 'vitest'
import {
  negate,
  readNames,
  swapListed,
  swapNumbers,
  swapOpposites,
  swapWords,
  swapYears,
} from './spoil-text.ts'

describe('a statement is spoiled', () => {
  it('by each of its numbers', () => {
    const texts = swapNumbers('It took 87 ms, then 2 ms, in v1.2.3.', (value) => String(value + 1))
    expect(texts).toEqual([
      'It took 88 ms, then 2 ms, in v1.2.3.',
      'It took 87 ms, then 3 ms, in v1.2.3.',
    ])
  })

  it('by a count, a unit, a date', () => {
    expect(swapListed('two reads', 'count')).toEqual(['four reads'])
    expect(swapListed('in 5 seconds', 'unit')).toEqual(['in 5 hours'])
    expect(swapListed('on Monday, 5 May', 'date')).toEqual([
      'on Wednesday, 5 May',
      'on Monday, 5 July',
    ])
    expect(swapYears('by 2029 for 2029%')).toEqual(['by 2026 for 2029%'])
  })

  it('by a name or an identifier', () => {
    const text = 'With Redis you call pg_notify() on AWS.'
    expect(readNames(text)).toEqual({ names: ['Redis', 'AWS'], identifiers: ['pg_notify()'] })
    expect(swapWords(text, ['AWS'], () => 'Azure')).toEqual([
      'With Redis you call pg_notify() on Azure.',
    ])
  })

  it.each([
    ['It is safe.', 'It is not safe.'],
    ['It is not safe.', 'It is safe.'],
    ['It cannot fail.', 'It can fail.'],
    ["It doesn't fail.", 'It does fail.'],
    ['It runs without a queue.', 'It runs with a queue.'],
    ['It no longer fails.', 'It fails.'],
    ['Use a queue.', 'Do not use a queue.'],
  ])('by a denial: %s', (text, denied) => {
    expect(negate(text)).toContain(denied)
  })

  it('by an opposite', () => {
    expect(swapOpposites('Yes, always before it.')).toEqual([
      'Yes, never before it.',
      'Yes, always after it.',
      'No, always before it.',
    ])
  })

  it('in no way where it has nothing to change', () => {
    expect([...swapNumbers('None.', () => '1'), ...swapYears('None.'), ...negate('Rows.')]).toEqual(
      [],
    )
  })
})

import { describe, expect, it } from 'vitest'
import { readNumbers, toCanonical } from './canonical-text.ts'

const canonical = (text: string) => toCanonical(text, { numberWords: true })

describe('texts that mean the same', () => {
  it.each([
    ['1,200 rows', '1.2k rows'],
    ['1200.0 rows', 'one thousand two hundred rows'],
    ['95 %', '95 percent'],
    ['95%', '95 per cent'],
    ['42ms', '42 ms'],
    ['a well-known port', 'a well‑known port'],
    ['the reader’s “own” copy', 'The  reader\'s "own"\ncopy'],
    ['set `log_level` to **debug**', 'set log_level to debug'],
    ['.5 seconds', '0.5 seconds'],
    ['2,048, 4,096', '2048, 4096'],
  ])('are written alike: %s = %s', (one, other) => {
    expect(canonical(one)).toBe(canonical(other))
  })
})

describe('texts that mean something else', () => {
  it.each([
    ['-5 degrees', '5 degrees'],
    ['1,2', '12'],
    ['2nd', '2'],
    ['0x1f', '0'],
    ['version 1.2.3', 'version 1.2'],
    ['process.env', 'process env'],
  ])('stay apart: %s, %s', (one, other) => {
    expect(canonical(one)).not.toBe(canonical(other))
  })
})

describe('the numbers of a text', () => {
  const numbers = (text: string) => [...readNumbers(text, { numberWords: false })]

  it('are its numerals, without their units', () => {
    expect(numbers('In 2024, 1.2k users had 95% for 42ms.')).toEqual(['2024', '1200', '95', '42'])
  })

  it('are not parts of names', () => {
    expect(numbers('utf8, idx_2, 3fa9, v1.2 and the 2nd')).toEqual([])
  })

  it('are number words only where asked for', () => {
    expect(numbers('two hundred')).toEqual([])
    expect([...readNumbers('two hundred', { numberWords: true })]).toEqual(['200'])
  })

  it('are both ends of a range', () => {
    expect(numbers('8–10 days')).toEqual(['8', '10'])
  })
})

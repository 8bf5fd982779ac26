import { expect, it } from 'vitest'
import { createTokenCounter } from './token-count.ts'

const countTokens = createTokenCounter()

it('counts the tokens of a text', () => {
  expect(countTokens('')).toBe(0)
  // "hello", " world"
  expect(countTokens('hello world')).toBe(2)
})

it('takes a special token for the text it is', () => {
  expect(countTokens('<|endoftext|>')).toBeGreaterThan(1)
})

it('does not fail on half of a surrogate pair', () => {
  expect(countTokens('\uD83D')).toBeGreaterThan(0)
})

// In one piece this takes minutes.
it('counts a long run without spaces in time', () => {
  expect(countTokens('😀'.repeat(150_000))).toBeGreaterThan(150_000)
})

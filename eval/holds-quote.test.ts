import { expect, it } from 'vitest'
import { holdsQuote } from './holds-quote.ts'

it('finds a quote whatever its whitespace and capitals', () => {
  expect(holdsQuote('It burns\n for  Nine hours.', ' burns for nine ')).toBe(true)
  expect(holdsQuote('It burns for ten hours.', 'burns for nine')).toBe(false)
})

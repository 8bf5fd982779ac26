import { describe, expect, it } from 'vitest'
import { readPeriod } from './read-period.ts'

/** A Wednesday. */
const now = new Date('2026-04-15T12:34:56Z')

function read(text: string, at = 0): string | null {
  const period = readPeriod(text.split(' '), at, { now })
  if (period === null) return null
  const [from, to] = [period.from, period.to].map((date) => date.toISOString().slice(0, 10))
  return `${from} to ${to}, ${period.length} words`
}

describe('told from now', () => {
  it.each([
    ['today', '2026-04-15 to 2026-04-16, 1 words'],
    ['yesterday', '2026-04-14 to 2026-04-15, 1 words'],
    ['this week', '2026-04-13 to 2026-04-20, 2 words'],
    ['last week', '2026-04-06 to 2026-04-13, 2 words'],
    ['the past week', '2026-04-08 to 2026-04-16, 3 words'],
    ['this month', '2026-04-01 to 2026-05-01, 2 words'],
    ['last month', '2026-03-01 to 2026-04-01, 2 words'],
    ['this quarter', '2026-04-01 to 2026-07-01, 2 words'],
    ['last quarter', '2026-01-01 to 2026-04-01, 2 words'],
    ['last year', '2025-01-01 to 2026-01-01, 2 words'],
    ['the last three months', '2026-01-15 to 2026-04-16, 4 words'],
    ['past 10 days', '2026-04-05 to 2026-04-16, 3 words'],
    ['two weeks ago', '2026-04-01 to 2026-04-02, 3 words'],
  ])('reads “%s”', (text, period) => {
    expect(read(text)).toBe(period)
  })

  it('counts a week from Monday, on a Sunday too', () => {
    const { from } =
      readPeriod(['this', 'week'], 0, { now: new Date('2026-04-19T23:00:00Z') }) ?? {}
    expect(from).toEqual(new Date('2026-04-13T00:00:00Z'))
  })

  it('takes the last day of a shorter month for one that it lacks', () => {
    const words = ['the', 'last', 'month', 'last', '1', 'month']
    const { from } = readPeriod(words, 3, { now: new Date('2026-03-31T00:00:00Z') }) ?? {}
    expect(from).toEqual(new Date('2026-02-28T00:00:00Z'))
  })
})

describe('told by the calendar', () => {
  it.each([
    ['2024', '2024-01-01 to 2025-01-01, 1 words'],
    ['2026-03-03', '2026-03-03 to 2026-03-04, 1 words'],
    ['april', '2026-04-01 to 2026-05-01, 1 words'],
    ['march 2025', '2025-03-01 to 2025-04-01, 2 words'],
    ['march 3', '2026-03-03 to 2026-03-04, 2 words'],
    ['mar 3rd 2025', '2025-03-03 to 2025-03-04, 3 words'],
    ['3 march', '2026-03-03 to 2026-03-04, 2 words'],
    ['the 3rd of march 2025', '2025-03-03 to 2025-03-04, 5 words'],
    ['may 2025', '2025-05-01 to 2025-06-01, 2 words'],
  ])('reads “%s”', (text, period) => {
    expect(read(text)).toBe(period)
  })

  it('takes the last month of a name that has begun', () => {
    expect(read('december')).toBe('2025-12-01 to 2026-01-01, 1 words')
    expect(read('april 16')).toBe('2025-04-16 to 2025-04-17, 2 words')
  })

  it('takes “may” for a month behind a preposition alone', () => {
    expect(read('articles may help', 1)).toBeNull()
    expect(read('since may', 1)).toBe('2025-05-01 to 2025-06-01, 1 words')
  })

  it.each(['31 february', '2026-02-31', '1492', '20245', 'marching', 'the', '', 'last', '7 times'])(
    'reads no period in “%s”',
    (text) => {
      expect(read(text)).toBeNull()
    },
  )
})

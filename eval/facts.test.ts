import { describe, expect, it } from 'vitest'
import { holdsFact, holdsPhrase, readMarks, stripMarks } from './facts.ts'

describe('a phrase is found', () => {
  it.each([
    ['It is capped at 8000 bytes [1].', '8,000 bytes'],
    ['It is 8000 [1] bytes.', '8000 bytes'],
    ['About 1.2k users.', '1200'],
    ['It was 1200.0 then.', '1.2k'],
    ['Twenty-five workers.', '25 workers'],
    ['It takes 2 tries.', 'two'],
    ['Availability of 99.5 %.', '99.5 percent'],
    ['Copy it to .env first.', '.env'],
    ['It stands in config/.env.', '.env'],
    ['Run `pg_dump --format=c` now.', 'pg_dump --format=c'],
    ['Written in C++.', 'C++'],
    ['A WELL KNOWN\n  port.', 'well-known port'],
    ['The reader’s copy', "reader's copy"],
    ['Node.js runs it.', 'Node.js'],
    ['Die Größe zählt.', 'größe'],
    ['It is called Redis, mostly.', 'Redis'],
    ['Waits 42ms.', '42 ms'],
    ['It ends with 2.', '2'],
    ['Between 2–3 days.', '3'],
  ])('in "%s": %s', (text, phrase) => {
    expect(holdsPhrase(text, phrase)).toBe(true)
  })
})

describe('a phrase is not found', () => {
  it.each([
    ['It is 2.5 long.', '2'],
    ['It is 1.2 long.', '2'],
    ['There are 12.', '2'],
    ['There are 2,000.', '2'],
    ['Version 1.2.3', '1.2'],
    ['It is -5 outside.', '5'],
    ['Said in the notes [2].', '2'],
    ['It reads process.env.', '.env'],
    ['Written in C++.', 'C'],
    ['Written in C#.', 'C'],
    ['Written in C++17.', 'C++'],
    ['The laws of physics.', 'AWS'],
    ['Many workers.', 'worker'],
    ['The 2nd try.', '2'],
    ['überall', 'all'],
    ['Anything at all', ' '],
  ])('in "%s": %s', (text, phrase) => {
    expect(holdsPhrase(text, phrase)).toBe(false)
  })
})

it('finds a fact in any of its alternatives', () => {
  expect(holdsFact('It is shut on Mondays.', ['Monday', 'Mondays'])).toBe(true)
  expect(holdsFact('It is shut on Sundays.', ['Monday', 'Mondays'])).toBe(false)
})

describe('marks', () => {
  it('are taken out with the space before them', () => {
    expect(stripMarks('It is so [1][12]. And so. [3]')).toBe('It is so. And so.')
  })

  it('are read in order, repeated as they are', () => {
    expect(readMarks('One [1][2]. Two [1]. Three. [99]')).toEqual([1, 2, 1, 99])
  })

  it('are not an index in code', () => {
    expect(readMarks('Read rows[0] and grid[1][2] and call()[3].')).toEqual([])
    expect(stripMarks('Read rows[0].')).toBe('Read rows[0].')
  })
})

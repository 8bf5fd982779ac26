import { describe, expect, it } from 'vitest'
import { findMissing, toNames, toNumbers } from './hard-tokens.ts'

describe('numbers', () => {
  it('are equal as numbers, however they are written', () => {
    expect([...toNumbers('1,200 rows')]).toEqual(['1200'])
    expect([...toNumbers('1.2k rows')]).toEqual(['1200'])
    expect([...toNumbers('2.01k rows')]).toEqual(['2010'])
    expect([...toNumbers('It took 95.')]).toEqual(['95'])
  })

  it('are not found inside identifiers', () => {
    expect([...toNumbers('idx_2 and utf8')]).toEqual([])
  })

  it('keep a version as it is written', () => {
    expect([...toNumbers('version 1.2.3')]).toEqual(['1.2.3'])
  })

  it('end where two dots part them', () => {
    expect([...toNumbers('time=0.850..0.870, 3, 4')]).toEqual(['0.85', '0.87', '3', '4'])
  })

  it('hold their unit apart', () => {
    expect([...toNumbers('95% and 42ms')]).toEqual(['95', '42'])
  })
})

describe('names', () => {
  it('are words with a capital that no sentence start explains', () => {
    expect(toNames('Redis is fast. With Postgres it is too.')).toEqual(['Postgres'])
  })

  it('are words that look like code, wherever they stand', () => {
    expect(toNames('NOTIFY calls pg_notify and Next.js.')).toEqual([
      'NOTIFY',
      'pg_notify',
      'Next.js',
    ])
  })
})

describe('what the evidence lacks', () => {
  const missing = (text: string, evidence: string, more = {}) =>
    findMissing(text, { evidence, headings: '', around: '', question: '', ...more })

  it('is a number that was swapped', () => {
    expect(missing('The cap is 9000 bytes.', 'It is capped at 8000 bytes.')).toBe('9000')
  })

  it('is a number even where the text around has it', () => {
    expect(missing('It has 10 rows.', 'It has rows.', { around: 'Ten or 10.' })).toBe('10')
  })

  it('is not a name that the heading has', () => {
    expect(
      missing('In Postgres it is capped.', 'It is capped.', { headings: 'Postgres limits' }),
    ).toBeNull()
  })

  it('is a name that only the text around has, unless the question has it, too', () => {
    const around = 'Redis was tried first.'
    const question = 'Is Redis capped?'
    expect(missing('In Redis it is capped.', 'It is capped.', { around })).toBe('Redis')
    expect(missing('In Redis it is capped.', 'It is capped.', { around, question })).toBeNull()
  })

  it('is not a number that the evidence has in words', () => {
    expect(missing('They wait 10 seconds.', 'They wait ten seconds.')).toBeNull()
  })

  it('is not a number of the question that stands around the evidence', () => {
    const more = { around: 'Tools of 2026.', question: 'What is new in 2026?' }
    expect(missing('In 2026 agents are new.', 'Agents are new.', more)).toBeNull()
    expect(missing('In 2026 agents are new.', 'Agents are new.', { around: more.around })).toBe(
      '2026',
    )
  })

  it('is not the longer form of a name', () => {
    expect(missing('So does Postgres.', 'PostgreSQL does so.')).toBeNull()
    expect(missing('So does Post.', 'PostgreSQL does so.')).toBe('Post')
  })

  it('is a name of the question, even at the start of a sentence', () => {
    const evidence = 'Google moves by 2029.'
    expect(missing('Amazon moves by 2029.', evidence, { question: 'When does Amazon move?' })).toBe(
      'Amazon',
    )
  })

  it.each([
    ['It runs on AWS.', 'It runs far away.'],
    ['The DNS fails.', "The server didn't fail."],
    ['It is on iOS.', 'The ratio is good.'],
  ])('is a name that stands there only as a part of a word: %s', (text, evidence) => {
    expect(missing(text, evidence)).not.toBeNull()
  })

  it('is not a name in its plural or with a possessive', () => {
    expect(missing("It shows Redis's and all the APIs.", 'Redis has an API.')).toBeNull()
  })

  it('is a quoted string that was never said', () => {
    expect(missing('He said "never again".', 'He said nothing.')).toBe('never again')
  })
})

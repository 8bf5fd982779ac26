import { describe, expect, it } from 'vitest'
import { foundChunk } from '../../test/found-chunk.ts'
import { toPassage } from '../retrieval/passages.ts'
import { toClaim, toEvidence } from './choose-evidence.ts'
import { findSwapped } from './swapped-values.ts'

interface Rest {
  readonly question?: string
  readonly rivals?: readonly string[]
}

function swapped(
  text: string,
  evidence: readonly string[],
  { question = '', rivals = [] }: Rest = {},
): string | null {
  const toFound = (texts: readonly string[]) => {
    const found = foundChunk(texts)
    return toEvidence([toPassage(found, found.sentences)])
  }
  const [main, ...others] = toFound(evidence)
  const claim = toClaim(text, { question, similarity: new Map() })
  return findSwapped(claim, { chosen: [main!, ...others], rivals: toFound(rivals) })
}

describe('a swapped value', () => {
  it('is one whose place another value of the evidence has', () => {
    const evidence = ['Starting takes 5 tries, and each request costs 9 tokens.']
    expect(swapped('A request costs 5 tokens.', evidence)).toBe('5')
    expect(swapped('A request costs 9 tokens.', evidence)).toBeNull()
  })

  it('is a name in the place of another name', () => {
    const evidence = ['We moved from Redis to Postgres.']
    expect(swapped('The team moved from Postgres.', evidence)).toBe('postgres')
    expect(swapped('The team moved from Redis.', evidence)).toBeNull()
  })

  it('is one that only another sentence has, of another thing', () => {
    const evidence = ['Exit code 130 means interrupted.', 'Exit code 65 means a bad feed.']
    expect(swapped('Exit code 65 means interrupted.', evidence)).toBe('65')
  })

  it('is not one that another sentence adds', () => {
    const evidence = ['Inserts are 40% slower.', 'The index is 90% unused.']
    expect(swapped('Inserts are 40% slower, the index 90% unused.', evidence)).toBeNull()
  })

  it('is one for which a sentence as near has another value', () => {
    const rivals = ['An answer may take 180 seconds in all.']
    const evidence = ['Answers under way may take up to 5 seconds more.']
    expect(swapped('An answer may take 5 seconds in all.', evidence, { rivals })).toBe('5')
  })

  it('is a number of another unit', () => {
    expect(swapped('It waits 10 hours.', ['It waits ten seconds.'])).toBe('10')
    expect(swapped('It waits 10 s.', ['It waits ten seconds.'])).toBeNull()
  })

  it('is none that the question gave', () => {
    const evidence = ['It introduces an App Router.']
    const question = 'What does Next.js introduce?'
    expect(swapped('Everywhere Next.js introduces a router.', evidence, { question })).toBeNull()
  })

  it('is none in code that has it', () => {
    const code = 'SELECT indexdef\nFROM pg_indexes\nWHERE tablename = user_events'
    expect(swapped('Query pg_indexes for the definition.', [code])).toBeNull()
  })
})

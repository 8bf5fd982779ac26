import { describe, expect, it } from 'vitest'
import {
  ANSWERABLE,
  FOLLOW_UP,
  LISTENING_SENTENCES,
  NEAR_MISS,
  TEXTS,
  toSet,
  toTexts,
} from '../test/test-golden-set.ts'
import { checkSet, ownHash } from './check-set.ts'
import type { GoldenCase } from './golden-case.ts'

function withQuote(quote: string): GoldenCase {
  return { ...ANSWERABLE, evidence: [{ article: 'listening', quote }] }
}

function hashOf(golden: GoldenCase, texts = TEXTS): string {
  return checkSet(toSet([golden]), texts).hashes.get(golden.id) ?? ''
}

describe('a set that fits its library', () => {
  it('has no fault, and a hash for each case', () => {
    const { hashes, ...found } = checkSet(toSet(), TEXTS)
    expect(found).toEqual({ faults: [], missing: [], changed: [], heldOut: [] })
    expect([...hashes.keys()]).toEqual(['ls-001', 'ls-002', 'ls-003'])
    expect(new Set(hashes.values()).size).toBe(3)
    for (const hash of hashes.values()) expect(hash).toMatch(/^[0-9a-f]{16}$/)
  })

  it('may quote in other capitals and over line breaks', () => {
    const { faults } = checkSet(toSet([withQuote('PAYLOAD is\n limited')]), TEXTS)
    expect(faults).toEqual([])
  })
})

describe('a quote in an article that is as it was', () => {
  it.each([
    ['payload is limited to 9000', 'is not in listening; copy a phrase of it word for word'],
    ['8000 bytes. Larger ones', 'is no part of one sentence of listening'],
    ['Limits', 'is no part of one sentence of listening, but of a heading'],
    ['a', 'stands in 4 sentences of listening; lengthen it until one'],
  ])('is a fault of the set where no single sentence holds it: %s', (quote, problem) => {
    const { faults, heldOut } = checkSet(toSet([NEAR_MISS, withQuote(quote)]), TEXTS)
    const path = 'golden-set/listening/cases.jsonl:2'
    const message = expect.stringContaining(`ls-001: evidence: “${quote}” ${problem}`) as string
    expect(faults).toEqual([{ path, message }])
    expect(heldOut).toEqual([])
  })

  it('is told with every other', () => {
    const { faults } = checkSet(
      toSet([withQuote('nowhere'), { ...FOLLOW_UP, ...withQuote('!') }]),
      TEXTS,
    )
    expect(faults).toHaveLength(2)
  })

  it('is told by its set where the case came from no file', () => {
    const { name, feed, articles, cases } = toSet([withQuote('nowhere')])
    expect(checkSet({ name, feed, articles, cases }, TEXTS).faults[0]?.path).toBe(
      'golden-set/listening/cases.jsonl',
    )
  })
})

describe('an article', () => {
  it('that the library lacks is missing, and no fault', () => {
    const { missing, changed, faults, heldOut } = checkSet(toSet(), new Map())
    expect({ missing, changed, faults, heldOut }).toEqual({
      missing: ['listening'],
      changed: [],
      faults: [],
      heldOut: [],
    })
  })

  it('that was changed holds out the cases whose sentence has gone, and no other', () => {
    const [, ...rest] = LISTENING_SENTENCES
    const texts = toTexts({ listening: ['Payloads may be of any size.', ...rest] })
    const { changed, faults, heldOut } = checkSet(toSet(), texts)
    expect(changed).toEqual(['listening'])
    expect(faults).toEqual([])
    const why = 'listening was changed, and “payload is limited to” is in none of its sentences'
    expect(heldOut).toEqual([{ caseId: 'ls-001', why: expect.stringContaining(why) as string }])
  })

  it('that was changed holds a case out where its phrase stands in two sentences now', () => {
    const texts = toTexts({
      listening: [...LISTENING_SENTENCES, 'The payload is limited to text.'],
    })
    const { heldOut } = checkSet(toSet(), texts)
    expect(heldOut).toEqual([
      { caseId: 'ls-001', why: expect.stringContaining('stands in 2 of its sentences') as string },
    ])
  })

  it('that no set has written down is never a fault', () => {
    const set = { ...toSet([withQuote('nowhere')]), articles: {} }
    const { changed, faults, heldOut } = checkSet(set, TEXTS)
    expect([changed, faults, heldOut.length]).toEqual([['listening'], [], 1])
    expect(checkSet(set, new Map()).missing).toEqual(['listening'])
  })
})

describe('the hash of a case', () => {
  it('is the same whatever the order of its fields and the line breaks of its sentence', () => {
    const { id, ...rest } = ANSWERABLE
    const broken = LISTENING_SENTENCES.map((sentence) => sentence.replaceAll(' ', '\n '))
    expect(hashOf({ ...rest, id })).toBe(hashOf(ANSWERABLE))
    expect(hashOf(ANSWERABLE, toTexts({ listening: broken }))).toBe(hashOf(ANSWERABLE))
  })

  it('is another, but for its own half, when the evidence sentence changed', () => {
    const texts = toTexts({ listening: ['A NOTIFY payload is limited to 16000 bytes.'] })
    const [before, after] = [hashOf(ANSWERABLE), hashOf(ANSWERABLE, texts)]
    expect(after).not.toBe(before)
    expect(ownHash(after)).toBe(ownHash(before))
  })

  it('is another in its own half when the case was reworded', () => {
    const [before, after] = [hashOf(ANSWERABLE), hashOf({ ...ANSWERABLE, question: 'How large?' })]
    expect(ownHash(after)).not.toBe(ownHash(before))
    expect(after.slice(8)).toBe(before.slice(8))
  })

  it('is the same when other sentences of the article changed', () => {
    const texts = toTexts({ listening: [...LISTENING_SENTENCES, 'One more.'] })
    expect(hashOf(ANSWERABLE, texts)).toBe(hashOf(ANSWERABLE))
  })
})

import { describe, expect, it } from 'vitest'
import { ANSWERABLE, LISTENING_SENTENCES, TEXTS, toSet, toTexts } from '../test/test-golden-set.ts'
import { checkSet, type LibraryTexts } from './check-set.ts'
import { holdOut } from './hold-out.ts'

const set = toSet()

/** As if the set had been blessed over these texts. */
function blessedOver(texts: LibraryTexts, articles: readonly string[] = []) {
  const hashes = [...checkSet(set, texts).hashes]
  return {
    articles: Object.fromEntries(articles.map((guid) => [guid, 'hash'])),
    arms: { system: { cases: Object.fromEntries(hashes.map(([id, hash]) => [id, { hash }])) } },
  }
}

interface Held {
  readonly texts?: LibraryTexts
  readonly baseline?: ReturnType<typeof blessedOver>
  readonly passages?: readonly string[]
}

function heldOutOf({ texts = TEXTS, baseline, passages = [] }: Held) {
  const passagesByCase = new Map(set.cases.map(({ id }) => [id, passages]))
  return holdOut({ set, check: checkSet(set, texts), baseline: baseline ?? null, passagesByCase })
}

describe('an unanswerable case', () => {
  it('is held out when an article newer than the set stands among its passages', () => {
    expect(heldOutOf({ passages: ['listening', 'new'] })).toEqual([
      { caseId: 'ls-002', why: expect.stringMatching(/^new is newer than the set/) as string },
    ])
  })

  it('stays where the set or the baseline knows every article', () => {
    const baseline = blessedOver(TEXTS, ['new'])
    expect(heldOutOf({ passages: ['listening', 'new'], baseline })).toEqual([])
    expect(heldOutOf({ passages: ['listening'] })).toEqual([])
    expect(heldOutOf({})).toEqual([])
  })
})

describe('an answerable case', () => {
  const reworded = toTexts({
    listening: LISTENING_SENTENCES.map((sentence) => sentence.replace('8000', '16000')),
  })

  it('is held out when its evidence sentence is another than was blessed', () => {
    expect(heldOutOf({ texts: reworded, baseline: blessedOver(TEXTS) })).toEqual([
      { caseId: 'ls-001', why: expect.stringMatching(/^its evidence sentence changed/) as string },
    ])
  })

  it('stays once it was blessed with the new sentence, or was never blessed', () => {
    expect(heldOutOf({ texts: reworded, baseline: blessedOver(reworded) })).toEqual([])
    expect(heldOutOf({ texts: reworded })).toEqual([])
  })

  it('stays when it was itself reworded: then it is another case', () => {
    const other = toSet([{ ...ANSWERABLE, question: 'How large?' }])
    const check = checkSet(other, reworded)
    const baseline = blessedOver(TEXTS)
    expect(holdOut({ set: other, check, baseline, passagesByCase: new Map() })).toEqual([])
  })

  it('is not held out for an article that the library lacks, which is a loss and no change', () => {
    expect(heldOutOf({ texts: new Map(), baseline: blessedOver(TEXTS) })).toEqual([])
  })

  it('is named once where the check holds it out already', () => {
    const texts = toTexts({ listening: LISTENING_SENTENCES.slice(1) })
    expect(heldOutOf({ texts, baseline: blessedOver(TEXTS) })).toEqual([
      { caseId: 'ls-001', why: expect.stringContaining('listening was changed') as string },
    ])
  })
})

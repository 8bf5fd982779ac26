import { describe, expect, it } from 'vitest'
import { ANSWERABLE, LISTENING_SENTENCES, TEXTS, toSet, toTexts } from '../test/test-golden-set.ts'
import { checkSet, type LibraryTexts } from './check-set.ts'
import { holdOut } from './hold-out.ts'

const set = toSet()

/** As if the set had been blessed over these texts. */
function blessedOver(texts: LibraryTexts) {
  const hashes = [...checkSet(set, texts).hashes]
  return {
    arms: { system: { cases: Object.fromEntries(hashes.map(([id, hash]) => [id, { hash }])) } },
  }
}

interface Held {
  readonly texts?: LibraryTexts
  readonly baseline?: ReturnType<typeof blessedOver>
  readonly passages?: readonly string[]
  readonly newer?: readonly string[]
}

function heldOutOf({ texts = TEXTS, baseline, passages = [], newer = [] }: Held) {
  const passagesByCase = new Map(set.cases.map(({ id }) => [id, passages]))
  return holdOut({
    set,
    check: checkSet(set, texts),
    baseline: baseline ?? null,
    newer: new Set(newer),
    passagesByCase,
  })
}

describe('an unanswerable case', () => {
  it('is held out when an article newer than the set stands among its passages', () => {
    expect(heldOutOf({ passages: ['listening', 'new'], newer: ['new'] })).toEqual([
      { caseId: 'ls-002', why: expect.stringMatching(/^new is newer than the set/) as string },
    ])
  })

  it('stays where no newer article stands among its passages, whatever the set speaks of', () => {
    const baseline = blessedOver(TEXTS)
    expect(heldOutOf({ passages: ['listening', 'of no set'], baseline })).toEqual([])
    expect(heldOutOf({ passages: ['of no set'], newer: ['new'] })).toEqual([])
    expect(heldOutOf({ newer: ['new'] })).toEqual([])
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
    const rest = { newer: new Set<string>(), passagesByCase: new Map() }
    expect(holdOut({ set: other, check, baseline, ...rest })).toEqual([])
  })

  it('is not held out for an article that the library lacks, which is a loss and no change', () => {
    expect(heldOutOf({ texts: new Map(), baseline: blessedOver(TEXTS) })).toEqual([])
  })

  it('is not held out for a newer article, which may make it worse', () => {
    const found = heldOutOf({ passages: ['new'], newer: ['new'] }).map(({ caseId }) => caseId)
    expect(found).not.toContain('ls-001')
  })

  it('is named once where the check holds it out already', () => {
    const texts = toTexts({ listening: LISTENING_SENTENCES.slice(1) })
    expect(heldOutOf({ texts, baseline: blessedOver(TEXTS) })).toEqual([
      { caseId: 'ls-001', why: expect.stringContaining('listening was changed') as string },
    ])
  })
})

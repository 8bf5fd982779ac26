import { describe, expect, it } from 'vitest'
import { caseRow } from '../test/case-row.ts'
import { ARTICLES, hashesOf, madeBaseline } from '../test/made-baseline.ts'
import { matchCases } from './comparable-cases.ts'
import type { EvaluatedCase } from './report.ts'

const rowsOf = (ids: readonly string[]) => ids.map((id) => caseRow(id))

interface Match {
  readonly blessed: readonly string[]
  readonly rows: readonly EvaluatedCase[]
  readonly hashes: ReadonlyMap<string, string>
  readonly articles?: ReadonlyMap<string, string>
  readonly heldOut?: readonly string[]
  readonly asked?: readonly string[]
}

function match({ blessed, rows, hashes, articles = ARTICLES, heldOut = [], ...others }: Match) {
  const baseline = madeBaseline(rowsOf(blessed)).arms['system']
  if (baseline === undefined) throw new Error('The made baseline has the arm.')
  const asked = others.asked ?? [...rows.map(({ golden }) => golden.id), ...heldOut]
  const found = matchCases({ baseline, rows, hashes, articles, heldOut: new Set(heldOut), asked })
  return { ...found, pairs: found.pairs.map(({ golden }) => golden.id) }
}

describe('comparable cases', () => {
  it('are those whose hash is the same, and the others are told apart', () => {
    const hashes = hashesOf(['same', 'words', 'sentence', 'new'])
    hashes.set('words', 'rewordedevidence').set('sentence', 'sentencenow-else')
    expect(
      match({
        blessed: ['same', 'words', 'sentence', 'gone'],
        rows: rowsOf(['same', 'words', 'sentence', 'new']),
        hashes,
      }),
    ).toEqual({
      pairs: ['same'],
      expected: 4,
      added: ['new'],
      removed: ['gone'],
      reworded: ['words'],
      otherEvidence: ['sentence'],
    })
  })

  it('are those of which the run was asked, however many the baseline has', () => {
    const all = ['one', 'two', 'three']
    const found = match({ blessed: all, rows: rowsOf(['two']), hashes: hashesOf(all) })
    expect(found).toMatchObject({ pairs: ['two'], expected: 1, removed: [] })
  })

  it('do not miss removed cases in a run of a part of the set', () => {
    const hashes = hashesOf(['one', 'two'])
    const found = match({ blessed: ['one', 'two', 'gone'], rows: rowsOf(['one']), hashes })
    expect(found).toMatchObject({ expected: 1, removed: ['gone'] })
  })

  it('were to be more where some are held out: of a whole set with them', () => {
    const hashes = hashesOf(['one', 'two'])
    const heldOut = ['two']
    const found = match({ blessed: ['one', 'two', 'gone'], rows: rowsOf(['one']), hashes, heldOut })
    expect(found).toMatchObject({ pairs: ['one'], expected: 3, removed: ['gone'] })
  })

  it('were not to be more where a held-out case is new, or was not asked', () => {
    const hashes = hashesOf(['one', 'two', 'new'])
    const heldOut = ['two', 'new']
    const held = { blessed: ['one', 'two'], rows: rowsOf(['one']), hashes, heldOut }
    expect(match(held)).toMatchObject({ pairs: ['one'], expected: 2, added: [] })
    expect(match({ ...held, asked: ['one', 'new'] })).toMatchObject({ expected: 1 })
  })

  it('stay comparable when their article is gone: that is what a run is to find', () => {
    const hashes = new Map([['one', 'one00000no-words']])
    const articles = new Map([['other', 'other-hash']])
    expect(match({ blessed: ['one'], rows: rowsOf(['one']), hashes, articles })).toMatchObject({
      pairs: ['one'],
      otherEvidence: [],
    })
  })
})

import { describe, expect, it } from 'vitest'
import {
  candidate,
  caseRow,
  failedRow,
  hallucinatedRow,
  unanswerableRow,
  wrongRow,
} from '../test/case-row.ts'
import { ARTICLES, madeBaseline } from '../test/made-baseline.ts'
import { valuesOf } from './case-values.ts'
import { findFlips, type FlipsInput } from './find-flips.ts'
import type { EvaluatedCase } from './report.ts'

function flipsOf(
  before: readonly EvaluatedCase[],
  now: readonly (readonly EvaluatedCase[])[],
  changes: Partial<FlipsInput> = {},
) {
  const { arms, articles } = madeBaseline(before)
  const pairs = now.map((rows) => {
    const [first] = rows
    const blessed = first && arms['system']?.cases[first.golden.id]
    if (first === undefined || blessed === undefined) throw new Error('Both sides have the case.')
    return { golden: first.golden, before: blessed, rows, values: valuesOf(rows) }
  })
  return findFlips({
    arm: 'system',
    pairs,
    sameChatModel: true,
    articles: { before: new Map(Object.entries(articles)), now: ARTICLES },
    regenerated: new Map(),
    ...changes,
  })
}

const elsewhere = [{ guid: 'other', start: 0, end: 9, text: 'Something else.' }]

describe('flips', () => {
  it('are the cases whose outcome is another, the broken ones first', () => {
    const flips = flipsOf(
      [wrongRow('fixed'), caseRow('same'), caseRow('broken'), unanswerableRow('answered')],
      [[caseRow('fixed')], [caseRow('same')], [wrongRow('broken')], [hallucinatedRow('answered')]],
    )
    expect(flips.map(({ flip }) => [flip.caseId, flip.direction])).toEqual([
      ['broken', 'broken'],
      ['answered', 'broken'],
      ['fixed', 'fixed'],
    ])
  })

  it('are blamed by their stages', () => {
    const passages = elsewhere
    const candidates = [candidate('other', 0.9), candidate('gold', 0.1)]
    const [found] = flipsOf(
      [caseRow('case')],
      [[wrongRow('case', { answer: { passages, candidates } })]],
    )
    expect(found?.flip.stage).toBe('retrieval')
    expect(found?.flip.explanation).toContain('from place 1 to 2')
  })

  it('are blamed on an article that is gone or has another text', () => {
    const rows = [wrongRow('case', { answer: { passages: elsewhere } })]
    for (const now of [new Map<string, string>(), new Map([['gold', 'edited']])]) {
      const articles = { before: ARTICLES, now }
      expect(flipsOf([caseRow('case')], [rows], { articles })[0]?.flip.stage).toBe('corpus')
    }
  })

  it('ask for the old prompt where only that can tell, and take its word', () => {
    const widened = [{ guid: 'gold', start: 0, end: 200, text: 'It is capped at 8000 bytes.' }]
    const rows = [wrongRow('case', { answer: { passages: widened, promptHash: 'b'.repeat(64) } })]
    const [asked] = flipsOf([caseRow('case')], [rows])
    expect(asked).toMatchObject({ needsRegeneration: true, flip: { stage: 'unclear' } })
    const regenerated = new Map([['case', { correct: true }]])
    const [known] = flipsOf([caseRow('case')], [rows], { regenerated })
    expect(known).toMatchObject({ needsRegeneration: false, flip: { stage: 'retrieval' } })
  })

  it('say so where the case ended in an error', () => {
    expect(flipsOf([caseRow('case')], [[failedRow('case')]])).toEqual([
      {
        needsRegeneration: false,
        flip: {
          caseId: 'case',
          arm: 'system',
          of: 'answer',
          direction: 'broken',
          stage: 'unclear',
          explanation: 'It ended in an error: The model took too long.',
        },
      },
    ])
  })

  it('are blamed when the answer itself is no longer kept', () => {
    const row = wrongRow('case', { answer: { passages: elsewhere } })
    const [found] = flipsOf([caseRow('case')], [[{ ...row, answer: null }]])
    expect(found?.flip.stage).toBe('retrieval')
  })

  it('look at a repetition that has the outcome', () => {
    const dropped = [{ text: 'A sentence.', why: 'No sentence supports it.' }]
    const rows = [
      caseRow('case', { repetition: 1 }),
      wrongRow('case', { repetition: 2, answer: { dropped } }),
      wrongRow('case', { repetition: 3, answer: { dropped } }),
    ]
    expect(flipsOf([caseRow('case')], [rows])[0]?.flip).toMatchObject({
      direction: 'broken',
      stage: 'grounding',
    })
    expect(flipsOf([caseRow('case')], [rows.slice(0, 1)])).toEqual([])
  })

  it('are of the evidence where it was lost and the outcome stayed', () => {
    const passages = elsewhere
    const [found] = flipsOf([caseRow('lucky')], [[caseRow('lucky', { answer: { passages } })]])
    expect(found?.flip).toMatchObject({ of: 'evidence', direction: 'broken', stage: 'retrieval' })
  })
})

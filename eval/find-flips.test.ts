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
    newer: new Set(),
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

  it('are of the rank where the first article is another and all else stayed', () => {
    const second = { answer: { candidates: [candidate('other', 0.9), candidate('gold', 0.5)] } }
    const flips = flipsOf(
      [caseRow('fell'), caseRow('rose', second)],
      [[caseRow('rose')], [caseRow('fell', second)]],
    )
    expect(flips).toMatchObject([
      { flip: { caseId: 'fell', of: 'rank', direction: 'broken', stage: 'retrieval' } },
      { flip: { caseId: 'rose', of: 'rank', direction: 'fixed', stage: 'retrieval' } },
    ])
    expect(flips[0]?.flip.explanation).toContain('from place 1 to 2')
    expect(flips.map(({ needsRegeneration }) => needsRegeneration)).toEqual([false, false])
  })

  it('are told once of a case, by the gravest, which comes first', () => {
    const candidates = [candidate('other', 0.9), candidate('gold', 0.5)]
    const ids = ['rank', 'evidence', 'answer']
    const flips = flipsOf(
      ids.map((id) => caseRow(id)),
      [
        [caseRow('rank', { answer: { candidates } })],
        [caseRow('evidence', { answer: { candidates, passages: elsewhere } })],
        [wrongRow('answer', { answer: { candidates, passages: elsewhere } })],
      ],
    )
    expect(flips.map(({ flip }) => [flip.caseId, flip.of])).toEqual([
      ['answer', 'answer'],
      ['evidence', 'evidence'],
      ['rank', 'rank'],
    ])
  })

  it('are none of the search where the case ended in an error, once or each time', () => {
    expect(flipsOf([wrongRow('case')], [[failedRow('case')]])).toEqual([])
    const rows = [
      wrongRow('case', { repetition: 1 }),
      failedRow('case', { repetition: 2 }),
      failedRow('case', { repetition: 3 }),
    ]
    expect(flipsOf([wrongRow('case')], [rows])).toEqual([])
  })

  it('are blamed on a later article among the passages, and on no other', () => {
    const gold = { guid: 'gold', start: 0, end: 100, text: 'Payloads are capped at 8000 bytes.' }
    const passages = [{ guid: 'new', start: 0, end: 9, text: 'Later.' }, gold]
    const stageOf = (newer: readonly string[], row: EvaluatedCase) =>
      flipsOf([caseRow('case')], [[row]], { newer: new Set(newer) })[0]?.flip.stage
    const wrong = wrongRow('case', { answer: { passages } })
    expect(stageOf(['new', 'unseen'], wrong)).toBe('corpus')
    expect(stageOf(['unseen'], wrong)).not.toBe('corpus')
    const lost = caseRow('case', { answer: { passages: passages.slice(0, 1) } })
    expect(stageOf(['new'], lost)).toBe('corpus')
  })
})

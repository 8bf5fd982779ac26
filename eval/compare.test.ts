import { describe, expect, it } from 'vitest'
import { AppError } from '../src/errors.ts'
import {
  candidate,
  caseRow,
  hallucinatedRow,
  refusedRow,
  unanswerableRow,
  wrongRow,
} from '../test/case-row.ts'
import { ARTICLES, hashesOf, madeBaseline } from '../test/made-baseline.ts'
import { compareWithBaseline, type CompareInput } from './compare.ts'
import type { EvaluatedCase } from './report.ts'

function compare(rows: readonly EvaluatedCase[], changes: Partial<CompareInput> = {}) {
  return compareWithBaseline({
    set: 'made',
    rows,
    hashes: hashesOf(rows.map(({ golden }) => golden.id)),
    baseline: null,
    heldOut: [],
    articles: ARTICLES,
    isSameChatModel: () => true,
    ...changes,
  })
}

describe('the comparison with a baseline', () => {
  it('puts the baseline of the same cases beside each figure', () => {
    const before = [caseRow('one'), caseRow('two'), unanswerableRow('off')]
    const now = [caseRow('one'), wrongRow('two'), unanswerableRow('off'), wrongRow('new')]
    const { metrics, notes } = compare(now, { baseline: madeBaseline(before) })
    // One flip of two proves nothing: p = 1. The figure itself is of all three.
    expect(metrics['system']?.['correct']).toMatchObject({ baseline: 1, p: 1, total: 3 })
    expect(metrics['system']?.['correct']?.value).toBeCloseTo(1 / 3)
    // (1 + 1) / 2 then.
    expect(metrics['system']?.['balanced']).toMatchObject({ baseline: 1, p: null })
    expect(metrics['system']?.['token-f1']).toMatchObject({ baseline: null, p: null })
    expect(notes).toContain('New since the baseline, so not compared: new.')
  })

  it('lists the flips of every arm', () => {
    const before = ['system', 'extracted'].map((arm) => caseRow('one', { arm }))
    const now = [wrongRow('one', { arm: 'system' }), refusedRow('one', { arm: 'extracted' })]
    const { flips } = compare(now, { baseline: madeBaseline(before) })
    expect(flips.map(({ arm, caseId, direction }) => [arm, caseId, direction])).toEqual([
      ['system', 'one', 'broken'],
      ['extracted', 'one', 'broken'],
    ])
  })

  it('leaves held-out cases out of both sides', () => {
    const baseline = madeBaseline([caseRow('one'), caseRow('moved')])
    const rows = [caseRow('one'), wrongRow('moved')]
    const heldOut = [{ caseId: 'moved', why: 'its evidence sentence changed' }]
    const found = compare(rows, { baseline, heldOut })
    expect(found.metrics['system']?.['correct']).toMatchObject({ value: 1, baseline: 1, total: 1 })
    expect(found.flips).toEqual([])
    expect(found.rows.map(({ golden }) => golden.id)).toEqual(['one'])
    // Both were to be compared.
    expect(found.arms[0]?.cases.expected).toBe(2)
  })

  it('blames later articles, and says how far two runs of the same code were apart', () => {
    const noise = new Map([['system', { retrieval: 0, answers: 0.1, cases: 10 }]])
    const passages = [{ guid: 'new', start: 0, end: 9, text: 'Later.' }]
    const { flips, notes } = compare([wrongRow('one', { answer: { passages } })], {
      baseline: madeBaseline([caseRow('one')], { noise }),
      newer: new Set(['new']),
    })
    expect(flips.map(({ stage }) => stage)).toEqual(['corpus'])
    expect(notes).toContainEqual(expect.stringContaining('outcome of 10.0 % of 10 cases'))
  })

  it('has figures without a baseline, and says that nothing is compared', () => {
    const { metrics, arms, flips, notes } = compare([caseRow('one')])
    expect(metrics['system']?.['correct']).toMatchObject({ value: 1, baseline: null })
    expect({ arms, flips }).toEqual({ arms: [], flips: [] })
    expect(notes).toEqual([expect.stringContaining('There is no baseline yet')])
  })

  it('says which arm the baseline does not have', () => {
    const rows = [caseRow('one'), caseRow('one', { arm: 'keyword' })]
    const { arms, notes } = compare(rows, { baseline: madeBaseline([caseRow('one')]) })
    expect(arms.map(({ arm }) => arm)).toEqual(['system'])
    expect(notes).toContainEqual(expect.stringMatching(/^keyword: The baseline does not have/))
  })

  it('refuses a baseline of another set', () => {
    const baseline = madeBaseline([caseRow('one')], { set: 'handbook' })
    const refused = () => compare([caseRow('one')], { baseline })
    expect(refused).toThrow(AppError)
    expect(refused).toThrow(/“handbook” and the run is of “made”/)
    expect(refused).toThrow(expect.objectContaining({ code: 'invalid-request' }))
  })

  it('asks which chat model an arm had, arm by arm', () => {
    const before = ['system', 'closed-book'].map((arm) => caseRow('one', { arm }))
    const other = { answer: { generated: 'Other words.' } }
    const now = ['system', 'closed-book'].map((arm) => wrongRow('one', { arm, ...other }))
    const { flips } = compare(now, {
      baseline: madeBaseline(before),
      isSameChatModel: (arm) => arm === 'system',
    })
    expect(flips.map(({ stage }) => stage)).toEqual(['noise', 'generation'])
  })

  it('says for which cases the old prompt is to be generated again, and heeds what it gave', () => {
    const baseline = madeBaseline([unanswerableRow('one')])
    const passages = [{ guid: 'other', start: 0, end: 9, text: 'Else.' }]
    const candidates = [candidate('other', 1)]
    const rows = [hallucinatedRow('one', { answer: { passages, candidates } })]
    const first = compare(rows, { baseline })
    expect(first.toRegenerate).toEqual([{ arm: 'system', caseId: 'one' }])
    const regenerated = [{ arm: 'system', caseId: 'one', correct: false }]
    const second = compare(rows, { baseline, regenerated })
    expect(second.toRegenerate).toEqual([])
    expect(second.flips[0]?.stage).toBe('generation')
  })
})

import { describe, expect, it } from 'vitest'
import { caseRow, failedRow, unanswerableRow, wrongRow } from '../test/case-row.ts'
import { blessInput, hashesOf, madeBaseline } from '../test/made-baseline.ts'
import { baselineFile } from './baseline.ts'
import { formatBaseline, toBaseline } from './bless.ts'

const noise = { retrieval: 0, answers: 0.01, cases: 2 }

describe('blessing', () => {
  it('keeps each case with its hash, its values and its stages', () => {
    const rows = [caseRow('two'), unanswerableRow('one')]
    const { arms, blessed, articles } = madeBaseline(rows, { noise: new Map([['system', noise]]) })
    expect(blessed).toEqual({
      at: '2026-01-02T03:04:05Z',
      why: 'First figures.',
      commit: 'c0ffee',
    })
    expect(arms['system']).toMatchObject({
      run: 'run_1',
      fingerprints: { chat: 'm1', prompt: 'p1' },
      noise,
    })
    expect(Object.keys(arms['system']?.cases ?? {})).toEqual(['one', 'two'])
    expect(arms['system']?.cases['one']).toMatchObject({
      hash: 'one00000evidence',
      values: { 'refusal-recall': [1, 1] },
      stages: { reason: 'not-answered', isGoldFound: null },
    })
    // The library has another article, which no case speaks of and no passage came from.
    expect(articles).toEqual({ gold: 'gold-hash' })
  })

  it('leaves as they were the arms and the cases that the run did not do', () => {
    const previous = madeBaseline([
      caseRow('one'),
      caseRow('two'),
      caseRow('one', { arm: 'extracted' }),
    ])
    const hashes = hashesOf(['one', 'two'])
    const rows = [wrongRow('two')]
    const next = toBaseline(blessInput(rows, { previous, hashes, run: 'run_2', why: 'Again.' }))
    expect(next.arms['extracted']).toEqual(previous.arms['extracted'])
    expect(next.arms['system']?.cases['one']).toEqual(previous.arms['system']?.cases['one'])
    expect(next.arms['system']?.cases['two']?.values['correct']).toEqual([0, 1])
    expect(next.arms['system']?.run).toBe('run_2')
    expect(next.blessed.why).toBe('Again.')
  })

  it('keeps the noise that was measured, until it is measured again', () => {
    const rows = [caseRow('one')]
    const previous = madeBaseline(rows, { noise: new Map([['system', noise]]) })
    expect(madeBaseline(rows, { previous }).arms['system']?.noise).toEqual(noise)
    const again = { ...noise, answers: 0.02 }
    const next = madeBaseline(rows, { previous, noise: new Map([['system', again]]) })
    expect(next.arms['system']?.noise).toEqual(again)
  })

  it('forgets cases that have left the set, in every arm', () => {
    const previous = madeBaseline([caseRow('one'), caseRow('gone', { arm: 'extracted' })])
    const next = toBaseline(blessInput([caseRow('one')], { previous }))
    expect(next.arms['extracted']?.cases).toEqual({})
  })

  it('needs no answer that is kept, and takes the stages as they were', () => {
    const row = caseRow('one')
    const cut = { ...row, answer: row.answer && { ...row.answer, candidates: [] } }
    for (const now of [cut, { ...row, answer: null }]) {
      expect(madeBaseline([now]).arms['system']?.cases).toEqual(
        madeBaseline([row]).arms['system']?.cases,
      )
    }
  })

  it('blesses no error', () => {
    const previous = madeBaseline([caseRow('one')])
    const rows = [
      wrongRow('one', { repetition: 1 }),
      failedRow('one', { repetition: 2 }),
      failedRow('two'),
    ]
    const next = toBaseline(blessInput(rows, { previous }))
    expect(next.arms['system']?.cases).toEqual(previous.arms['system']?.cases)
  })

  it('averages repetitions and keeps the first one’s stages', () => {
    const rows = [
      wrongRow('one', { repetition: 2, answer: { generated: 'Other words.' } }),
      caseRow('one', { repetition: 1 }),
    ]
    const blessed = madeBaseline(rows).arms['system']?.cases['one']
    expect(blessed?.values['correct']).toEqual([0.5, 1])
    const alone = madeBaseline([caseRow('one')]).arms['system']?.cases['one']
    expect(blessed?.stages).toEqual(alone?.stages)
  })
})

describe('a baseline file', () => {
  const baseline = madeBaseline([
    caseRow('two'),
    caseRow('one'),
    caseRow('one', { arm: 'extracted' }),
  ])

  it('is read as what was written', () => {
    const text = formatBaseline(baseline)
    expect(baselineFile.parse(JSON.parse(text))).toEqual(baseline)
    expect(formatBaseline(baselineFile.parse(JSON.parse(text)))).toBe(text)
  })

  it('has one case a line, in the order of their ids', () => {
    const lines = formatBaseline(baseline).split('\n')
    const cases = lines.filter((line) => line.includes('"hash"'))
    expect(cases.map((line) => line.trim().slice(0, 6))).toEqual(['"one":', '"one":', '"two":'])
  })

  it('is the same whatever order the rows came in', () => {
    const other = madeBaseline([
      caseRow('one', { arm: 'extracted' }),
      caseRow('one'),
      caseRow('two'),
    ])
    expect(formatBaseline(other)).toBe(formatBaseline(baseline))
  })

  it('is written for a set without a case', () => {
    const empty = { ...baseline, articles: {}, arms: {} }
    expect(baselineFile.parse(JSON.parse(formatBaseline(empty)))).toEqual(empty)
  })
})

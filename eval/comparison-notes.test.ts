import { describe, expect, it } from 'vitest'
import { caseRow, failedRow, unanswerableRow } from '../test/case-row.ts'
import { describeComparison, mergeNotes } from './comparison-notes.ts'
import type { EvaluatedCase } from './report.ts'

const NONE = { pairs: [], expected: 0, added: [], removed: [], reworded: [], otherEvidence: [] }
const rows = [caseRow('case')]
const noise = null

describe('notes on a comparison', () => {
  it('say that there is no baseline, or none of the arm', () => {
    expect(describeComparison({ rows, cases: null, hasBaseline: false, noise })).toEqual([
      expect.stringContaining('There is no baseline yet'),
    ])
    expect(describeComparison({ rows, cases: null, hasBaseline: true, noise })).toEqual([
      expect.stringContaining('does not have this arm'),
    ])
  })

  it('count what ended in an error', () => {
    const failed = [...rows, failedRow('failed')]
    expect(describeComparison({ rows: failed, cases: null, hasBaseline: false, noise })).toContain(
      '1 of 2 answers ended in an error and count as wrong.',
    )
  })

  it('list the cases that are not compared, ten of them by name', () => {
    const added = Array.from({ length: 12 }, (_, at) => `new-${at}`)
    const cases = {
      ...NONE,
      added,
      removed: ['gone'],
      reworded: ['words'],
      otherEvidence: ['moved'],
    }
    const notes = describeComparison({ rows, cases, hasBaseline: true, noise })
    expect(notes.slice(0, 4)).toEqual([
      expect.stringMatching(/^New .*: new-0, .*new-9 and 2 more\.$/),
      'In the baseline and no longer in the set: gone.',
      'Reworded since the baseline, so not compared: words.',
      'With other evidence than at the baseline, so not compared: moved.',
    ])
  })

  it('say what so many cases can show, of each outcome by its own', () => {
    const pairsOf = (count: number, { golden }: EvaluatedCase) => {
      const before = { hash: '', values: {}, stages: {} as never }
      return Array.from({ length: count }, () => ({ golden, before, rows, values: {} }))
    }
    const notesFor = (answerable: number, unanswerable: number) => {
      const refused = pairsOf(unanswerable, unanswerableRow('off'))
      const pairs = [...pairsOf(answerable, caseRow('case')), ...refused]
      return describeComparison({ rows, cases: { ...NONE, pairs }, hasBaseline: true, noise })
    }
    // By eval/power.test.ts, 200 cases show 7.9 points.
    expect(notesFor(200, 5)).toEqual([
      expect.stringMatching(/^correct: with 200 compared cases.* a change of 7.9 points/),
      'refusal-recall: 5 compared cases are too few to show any change.',
    ])
    expect(notesFor(5, 200)).toEqual([
      'correct: 5 compared cases are too few to show any change.',
      expect.stringMatching(/^refusal-recall: with 200 compared cases.* a change of 7.9 points/),
    ])
    expect(notesFor(5, 0)).toHaveLength(1)
  })

  it('say how far two runs of the same code were apart, where that was measured', () => {
    const measured = { retrieval: 0, answers: 0.125, cases: 80 }
    expect(describeComparison({ rows, cases: NONE, hasBaseline: true, noise: measured })).toEqual([
      'Two runs of the same code differed in the search of 0.0 % and in the outcome of 12.5 % of 80 cases.',
    ])
  })

  it('are said once where they are true of all arms', () => {
    expect(
      mergeNotes([
        { arm: 'system', notes: ['Shared.', 'Own.'] },
        { arm: 'extracted', notes: ['Shared.'] },
      ]),
    ).toEqual(['Shared.', 'system: Own.'])
  })
})

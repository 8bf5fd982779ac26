import { describe, expect, it } from 'vitest'
import { caseRow, failedRow } from '../test/case-row.ts'
import { describeComparison, mergeNotes } from './comparison-notes.ts'

const NONE = { pairs: [], expected: 0, added: [], removed: [], reworded: [], otherEvidence: [] }
const rows = [caseRow('case')]

describe('notes on a comparison', () => {
  it('say that there is no baseline, or none of the arm', () => {
    expect(describeComparison({ rows, cases: null, hasBaseline: false })).toEqual([
      expect.stringContaining('There is no baseline yet'),
    ])
    expect(describeComparison({ rows, cases: null, hasBaseline: true })).toEqual([
      expect.stringContaining('does not have this arm'),
    ])
  })

  it('count what ended in an error', () => {
    const failed = [...rows, failedRow('failed')]
    expect(describeComparison({ rows: failed, cases: null, hasBaseline: false })).toContain(
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
    const notes = describeComparison({ rows, cases, hasBaseline: true })
    expect(notes.slice(0, 4)).toEqual([
      expect.stringMatching(/^New .*: new-0, .*new-9 and 2 more\.$/),
      'In the baseline and no longer in the set: gone.',
      'Reworded since the baseline, so not compared: words.',
      'With other evidence than at the baseline, so not compared: moved.',
    ])
  })

  it('say what so many cases can show', () => {
    const notesFor = (count: number) => {
      const [golden, values] = [rows[0]!.golden, {}]
      const before = { hash: '', values: {}, stages: {} as never }
      const pairs = Array.from({ length: count }, () => ({ golden, before, rows, values }))
      return describeComparison({ rows, cases: { ...NONE, pairs }, hasBaseline: true })
    }
    // By eval/power.test.ts, 200 cases show 7.9 points.
    expect(notesFor(200)).toEqual([expect.stringContaining('a change of 7.9 points')])
    expect(notesFor(5)).toEqual(['5 compared cases are too few to show any change.'])
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

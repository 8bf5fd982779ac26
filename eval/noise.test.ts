import { describe, expect, it } from 'vitest'
import { candidate, caseRow, failedRow, refusedRow, wrongRow } from '../test/case-row.ts'
import { measureNoise } from './noise.ts'

const ids = ['one', 'two', 'three', 'four']
const first = ids.map((id) => caseRow(id))

describe('the noise of two runs', () => {
  it('is nothing where they are alike', () => {
    expect(measureNoise(first, first)).toEqual({ retrieval: 0, answers: 0, cases: 4 })
  })

  it('is the share whose outcome is another, whatever the words', () => {
    const reworded = caseRow('two', { answer: { generated: 'Other words.' } })
    const second = [wrongRow('one'), reworded, refusedRow('three'), failedRow('four')]
    // Three outcomes; of the search only the error's differs.
    expect(measureNoise(first, second)).toEqual({ retrieval: 0.25, answers: 0.75, cases: 4 })
  })

  it('is the share whose search gave something else', () => {
    const candidates = [candidate('other', 0.9), candidate('gold', 0.5)]
    const passages = [{ guid: 'gold', start: 1, end: 100, text: 'It is capped at 8000 bytes.' }]
    const second = [
      caseRow('one', { answer: { candidates } }),
      caseRow('two', { answer: { passages } }),
      caseRow('three'),
    ]
    expect(measureNoise(first, second)).toEqual({ retrieval: 2 / 3, answers: 0, cases: 3 })
  })

  it('compares repetition with repetition', () => {
    const run = [caseRow('one', { repetition: 1 }), wrongRow('one', { repetition: 2 })]
    expect(measureNoise(run, run.toReversed())).toEqual({ retrieval: 0, answers: 0, cases: 2 })
  })

  it('is of no case where the runs share none', () => {
    expect(measureNoise(first, [])).toEqual({ retrieval: 0, answers: 0, cases: 0 })
  })
})

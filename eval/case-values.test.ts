import { describe, expect, it } from 'vitest'
import {
  answerScores,
  caseRow,
  failedRow,
  hallucinatedRow,
  refusedRow,
  unanswerableRow,
  wrongRow,
} from '../test/case-row.ts'
import { isRight, valuesOf } from './case-values.ts'

describe('the values that a baseline keeps', () => {
  it('are those of the groups that the case is in', () => {
    expect(valuesOf([unanswerableRow('refused')])).toEqual({ 'refusal-recall': [1, 1] })
    expect(valuesOf([refusedRow('refused wrongly')])).toMatchObject({
      'hit@1': [1, 1],
      correct: [0, 1],
      'false-refusals': [1, 1],
    })
    expect(valuesOf([refusedRow('refused wrongly')])).not.toHaveProperty('fact-recall')
  })

  it('keep marks as counts', () => {
    const scores = { answer: answerScores({ citationMarks: 3, evidenceMarks: 2 }) }
    expect(valuesOf([caseRow('cited', { scores })])['citation-precision']).toEqual([2, 3])
  })

  it('are averaged over the repetitions, to four digits', () => {
    const rows = [caseRow('case'), wrongRow('case'), wrongRow('case')]
    expect(valuesOf(rows)['correct']).toEqual([0.3333, 1])
  })

  it('are zeros for an error', () => {
    expect(valuesOf([failedRow('failed')])).toMatchObject({ 'hit@1': [0, 1], correct: [0, 1] })
  })
})

describe('an outcome', () => {
  it.each([
    ['a right answer', [caseRow('case')], true],
    ['a wrong answer', [wrongRow('case')], false],
    ['a right refusal', [unanswerableRow('case')], true],
    ['an answer that no article holds', [hallucinatedRow('case')], false],
    ['an error', [failedRow('case')], false],
    ['two of three right', [caseRow('case'), caseRow('case'), wrongRow('case')], true],
    ['one of two right', [caseRow('case'), wrongRow('case')], false],
  ])('of %s is told', (_, rows, expected) => {
    expect(isRight(valuesOf(rows))).toBe(expected)
  })

  it('is not known without its values', () => {
    expect(isRight({ 'hit@1': [1, 1] })).toBeNull()
  })
})

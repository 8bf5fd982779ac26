import { expect, it } from 'vitest'
import { sketchFault, sketchInput, sketchRow, sketchScores } from '../test/report-sketch.ts'
import { toReportJson } from './report-json.ts'

it('has the run, its baseline, its report and a row for each case, without traces', () => {
  const input = sketchInput({ rows: [sketchRow()] })
  expect(toReportJson(input)).toEqual({
    run: input.run,
    baseline: input.regressionOf,
    report: input.report,
    rows: [
      {
        arm: 'system',
        caseId: 'c-1',
        repetition: 1,
        answerId: 'ans_1',
        status: 'answered',
        reason: null,
        answer: 'At most 8000 bytes. [1]',
        failure: null,
        scores: sketchScores(),
        judge: null,
        totalMs: 3_000,
        error: null,
      },
    ],
    history: [],
  })
})

it('has null in place of an answer that was not given, and the fault', () => {
  const { rows } = toReportJson(sketchInput({ rows: [sketchFault()] }))
  expect(rows[0]).toMatchObject({
    answerId: null,
    answer: null,
    scores: null,
    failure: 'error',
    error: 'The model did not answer.',
  })
})

it('has null in place of a baseline and of a report that are not there', () => {
  const { run, rows, history } = sketchInput()
  expect(toReportJson({ run, rows, history, report: null })).toMatchObject({
    baseline: null,
    report: null,
  })
})

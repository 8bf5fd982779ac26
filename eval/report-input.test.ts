import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../src/db/database.ts'
import { caseRow, wrongRow } from '../test/case-row.ts'
import { insertRun } from '../test/insert-run.ts'
import { openTestDatabase } from '../test/open-test-database.ts'
import { sketchMetric, sketchReport } from '../test/report-sketch.ts'
import { loadReportInput } from './report-input.ts'
import type { Flip } from './report.ts'

let database: Database & AsyncDisposable

beforeAll(async () => {
  database = await openTestDatabase()
})

afterAll(() => database[Symbol.asyncDispose]())

afterEach(() => database.pool.query('delete from evaluation'))

const flip = (caseId: string): Flip => ({
  caseId,
  arm: 'extracted',
  of: 'answer',
  direction: 'broken',
  stage: 'retrieval',
  explanation: 'Other passages were found.',
})

const tuning = { arm: 'extracted', golden: { split: 'tuning' } } as const
const rows = [
  caseRow('test-right', { arm: 'extracted' }),
  wrongRow('test-wrong', { arm: 'extracted' }),
  wrongRow('test-held', { arm: 'extracted' }),
  wrongRow('tuning-wrong', tuning),
]

const report = sketchReport({
  metrics: { extracted: { correct: sketchMetric({ value: 0.25 }) } },
  flips: [flip('test-wrong'), flip('tuning-wrong')],
  heldOut: [{ caseId: 'test-held', why: 'its evidence sentence changed' }],
})

type Made = Partial<Parameters<typeof insertRun>[1]>

const insert = (changes: Made = {}) =>
  insertRun(database.pool, { id: 'run_now', setName: 'handbook', rows, report, ...changes })

describe('what a report is made from', () => {
  it('is the whole run, with what it was compared with', async () => {
    const input = await loadReportInput(database.pool, await insert())
    expect(input.rows).toHaveLength(4)
    expect(input.report).toEqual(report)
    expect(input.regressionOf).toEqual(report.baseline)
    expect(input.run).toMatchObject({ id: 'run_now', arms: ['extracted'], split: null })
  })

  it('has nothing that it was compared with where the run had no baseline', async () => {
    const run = await insert({ report: sketchReport({ baseline: null }) })
    expect((await loadReportInput(database.pool, run)).regressionOf).toBeNull()
  })

  it('has the metrics in the order in which they are printed', async () => {
    // The database would have the shortest name first.
    const names = ['balanced', 'hit@1', 'correct', 'false-refusals', 'cited-gold']
    const metrics = Object.fromEntries(names.map((name) => [name, sketchMetric()]))
    const run = await insert({ report: sketchReport({ metrics: { extracted: metrics } }) })
    const input = await loadReportInput(database.pool, run)
    expect(Object.keys(input.report?.metrics['extracted'] ?? {})).toEqual(names)
  })

  it('has the nights before as its history, and no other run', async () => {
    await insert({ id: 'run_night', origin: 'nightly' })
    await insert({ id: 'run_asked' })
    await insert({ id: 'run_other', setName: 'other', origin: 'nightly' })
    const run = await insert({ origin: 'nightly' })
    await insert({ id: 'run_later', origin: 'nightly' })
    const { history } = await loadReportInput(database.pool, run)
    expect(history).toMatchObject([
      { runId: 'run_night', arm: 'extracted', metrics: { correct: 0.25 }, verdict: 'passed' },
    ])
    expect(history).toHaveLength(1)
  })
})

describe('what a report of one half is made from', () => {
  it('is that half’s rows, flips and held-out cases, and figures of those that count', async () => {
    const run = await insert()
    const half = await loadReportInput(database.pool, run, { split: 'test' })
    expect(half.run.split).toBe('test')
    expect(half.rows.map(({ golden }) => golden.id)).toEqual([
      'test-held',
      'test-right',
      'test-wrong',
    ])
    expect(half.report?.flips.map(({ caseId }) => caseId)).toEqual(['test-wrong'])
    expect(half.report?.heldOut.map(({ caseId }) => caseId)).toEqual(['test-held'])
    expect(half.report?.metrics['extracted']?.['correct']).toMatchObject({ value: 0.5, total: 2 })
    expect(half.history).toEqual([])
    const other = await loadReportInput(database.pool, run, { split: 'tuning' })
    expect(other.rows.map(({ golden }) => golden.id)).toEqual(['tuning-wrong'])
    expect(other.report?.metrics['extracted']?.['correct']).toMatchObject({ value: 0, total: 1 })
    expect(other.report?.heldOut).toEqual([])
  })

  it('has no report where the run has none', async () => {
    const run = await insertRun(database.pool, { id: 'run_now', setName: 'handbook', rows })
    const half = await loadReportInput(database.pool, run, { split: 'test' })
    expect(half.report).toBeNull()
    expect(half.rows).toHaveLength(3)
  })
})

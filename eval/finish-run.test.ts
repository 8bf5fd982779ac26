import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { AnswerSteps } from '../src/answering/answer-steps.ts'
import type { Database } from '../src/db/database.ts'
import { endEvaluation } from '../src/store/evaluations.ts'
import { candidate, caseRow, failedRow, wrongRow } from '../test/case-row.ts'
import { insertRun } from '../test/insert-run.ts'
import { openTestDatabase } from '../test/open-test-database.ts'
import { sketchReport } from '../test/report-sketch.ts'
import type { EvaluationRequest } from './evaluation-request.ts'
import { finishRun } from './finish-run.ts'
import type { EvaluatedCase } from './report.ts'
import { parsePlan, REVIEWED_SET } from './run-plan.ts'

let database: Database & AsyncDisposable

beforeAll(async () => {
  database = await openTestDatabase()
})

afterAll(() => database[Symbol.asyncDispose]())

afterEach(() => database.pool.query('delete from evaluation'))

const { signal } = new AbortController()
/** Of runs whose answers are not kept nothing is asked again. */
const steps = {} as AnswerSteps

type Made = Omit<Parameters<typeof insertRun>[1], 'id' | 'setName'>

async function finish(run: Made & { setName?: string; judgeModel?: string }) {
  const { setName = 'handbook', judgeModel = null, ...made } = run
  const stored = await insertRun(database.pool, { ...made, id: 'run_now', setName })
  const request = stored.request as EvaluationRequest
  const finished = { ...stored, request, plan: parsePlan(stored.plan) }
  return finishRun(finished, { db: database.pool, steps, judgeModel, signal })
}

const extracted = { arm: 'extracted' }
const second = { candidates: [candidate('other', 0.9), candidate('gold', 0.5)] }

describe('the floors of a run', () => {
  const rows = [wrongRow('one', { ...extracted, answer: second })]
  const missed = (name: string) => expect.stringContaining(`extracted: ${name} is 0.000`) as string

  it('are the usual ones and the set’s own, metric by metric', async () => {
    const floors = { extracted: { correct: 0.9 } }
    const { verdict, reasons } = await finish({ rows, plan: { floors } })
    expect(verdict).toBe('floor-missed')
    expect(reasons).toEqual([missed('hit@1'), missed('correct')])
  })

  it('are the set’s own where both have one', async () => {
    const { reasons } = await finish({ rows, plan: { floors: { extracted: { 'hit@1': 0 } } } })
    expect(reasons).toEqual([])
  })

  it('are the set’s own of an arm that has no usual ones', async () => {
    const others = [wrongRow('one', { arm: 'keyword' })]
    const { reasons } = await finish({
      rows: others,
      plan: { floors: { keyword: { correct: 0.5 } } },
    })
    expect(reasons).toEqual([expect.stringContaining('keyword: correct is 0.000')])
  })

  it('are none of a selection', async () => {
    expect((await finish({ rows, request: { limit: 1 } })).reasons).toEqual([])
  })
})

describe('the cases that were kept from reviews', () => {
  const kept = (...rows: readonly EvaluatedCase[]) => finish({ setName: REVIEWED_SET, rows })
  const before = (id: string, rows: readonly EvaluatedCase[], request: EvaluationRequest = {}) =>
    insertRun(database.pool, { id, setName: REVIEWED_SET, rows, request, report: sketchReport() })

  const right = [caseRow('kept-1', extracted), caseRow('kept-2', extracted)]
  const elsewhere = { passages: [{ guid: 'other', start: 0, end: 9, text: 'Else.' }] }
  const broken = wrongRow('kept-1', { ...extracted, answer: elsewhere })
  const why = 'extracted: kept-1, which a review made, was right the last time and is wrong now.'

  it('are compared with their last run, and each that broke is a reason', async () => {
    const last = await before('run_before', right)
    const report = await kept(broken, caseRow('kept-2', extracted))
    expect(report.verdict).toBe('regressed')
    expect(report.reasons[0]).toBe(why)
    expect(report.baseline).toMatchObject({
      at: last.endedAt?.toISOString(),
      why: 'the run before',
    })
  })

  it('are no reason where nothing but chance tells the two runs apart', async () => {
    await before('run_before', right)
    const report = await kept(wrongRow('kept-1', extracted), caseRow('kept-2', extracted))
    expect(report.flips).toMatchObject([{ caseId: 'kept-1', stage: 'noise' }])
    expect(report.reasons).not.toContain(why)
  })

  it('are compared with no run of a part of them, and with none that did not end well', async () => {
    await before('run_whole', right)
    await before('run_part', [broken], { limit: 1 })
    const open = { setName: REVIEWED_SET, rows: [broken] }
    await insertRun(database.pool, { ...open, id: 'run_failed' })
    await endEvaluation(database.pool, 'run_failed', { state: 'failed', error: 'Away.' })
    expect((await kept(broken, caseRow('kept-2', extracted))).reasons).toContain(why)
  })

  it('are compared with nothing the first time', async () => {
    expect(await kept(broken)).toMatchObject({ verdict: 'passed', baseline: null, flips: [] })
  })
})

describe('a run', () => {
  it('without a baseline says so', async () => {
    expect(await finish({ rows: [caseRow('one', extracted)] })).toMatchObject({
      verdict: 'passed',
      baseline: null,
      notes: [expect.stringContaining('There is no baseline yet')],
    })
  })

  it('has nothing to say where too many cases of an arm ended in an error', async () => {
    const rows = [caseRow('one', extracted), failedRow('one', { arm: 'keyword' })]
    await expect(finish({ rows })).rejects.toThrow('1 of 2 cases ended in an error')
  })

  const judged = { accuracy: 1, faithfulness: 1, toxicity: 0, verdict: 'Right.' }

  it('whose judge left no row has none to report, and says so', async () => {
    const report = await finish({ rows: [caseRow('one', extracted)], judgeModel: 'ollama:judge' })
    expect(report.judge).toBeNull()
    expect(report.notes).toContain('The judge ollama:judge could not be had: nothing was judged.')
  })

  it('of too few cases to try its judge on is judged all the same', async () => {
    const rows = [{ ...caseRow('one', extracted), judge: judged }]
    const { judge, notes } = await finish({ rows, judgeModel: 'ollama:judge' })
    expect(judge).toMatchObject({ model: 'ollama:judge', checked: 0, isTrusted: false })
    expect(notes.join('\n')).not.toContain('could not be had')
  })
})

import { describe, expect, it } from 'vitest'
import {
  sketchFault,
  sketchGolden,
  sketchInput,
  sketchMetric,
  sketchReport,
  sketchRow,
  sketchRun,
  sketchScores,
} from '../test/report-sketch.ts'
import { armsOf, describeVerdict, historyWithRun, orderCases } from './report-view.ts'
import type { Flip } from './report.ts'

const flip = (caseId: string, direction: Flip['direction']): Flip => ({
  caseId,
  arm: 'system',
  of: 'answer',
  direction,
  stage: 'retrieval',
  explanation: 'The right article fell from rank 1 to 7.',
})

describe('the order of the cases', () => {
  const named = (id: string) => ({ golden: sketchGolden({ id }) })
  const wrong = sketchScores({ correct: false, failure: 'wrong-fact' })

  it('is broken, fixed, failed by class, held out, right', () => {
    const rows = [
      sketchRow(named('right')),
      sketchRow(named('held')),
      sketchRow({ ...named('wrong'), scores: wrong }),
      sketchFault(named('fault')),
      sketchRow(named('fixed')),
      sketchRow({ ...named('broken'), scores: wrong }),
    ]
    const report = sketchReport({
      flips: [flip('fixed', 'fixed'), flip('broken', 'broken')],
      heldOut: [{ caseId: 'held', why: 'its evidence changed' }],
    })
    const order = orderCases(sketchInput({ rows, report })).map(({ golden }) => golden.id)
    expect(order).toEqual(['broken', 'fixed', 'fault', 'wrong', 'held', 'right'])
  })

  it('is not moved by what fails in another arm', () => {
    const rows = [
      sketchRow(named('a')),
      sketchRow({ ...named('b'), arm: 'always-refuse', scores: wrong }),
      sketchRow(named('b')),
    ]
    const order = orderCases(sketchInput({ rows })).map(({ golden }) => golden.id)
    expect(order).toEqual(['a', 'b'])
  })

  it('has the rows of a case together', () => {
    const rows = [sketchRow(), sketchRow({ arm: 'keyword' }), sketchRow({ repetition: 2 })]
    expect(orderCases(sketchInput({ rows })).map((view) => view.rows.length)).toEqual([3])
  })
})

describe('the arms', () => {
  it('begin with the system, and have those that only rows or figures know', () => {
    const metric = { correct: sketchMetric() }
    const input = sketchInput({
      run: sketchRun({ arms: ['keyword', 'system'] }),
      report: sketchReport({ metrics: { vector: metric } }),
      rows: [sketchRow({ arm: 'extracted' })],
    })
    expect(armsOf(input)).toEqual(['system', 'keyword', 'vector', 'extracted'])
  })
})

describe('the verdict', () => {
  it('of a report is the report’s', () => {
    const report = sketchReport({ verdict: 'floor-missed' })
    const words = describeVerdict(sketchInput({ report }))
    expect(words).toMatchObject({ title: 'Floor missed', outcome: 'bad' })
  })

  it('of a run that failed is that it failed', () => {
    const run = sketchRun({ state: 'failed' })
    expect(describeVerdict({ run, report: null })).toMatchObject({
      title: 'Failed',
      outcome: 'bad',
    })
  })

  it('of a run that goes on is open', () => {
    const run = sketchRun({ state: 'running' })
    expect(describeVerdict({ run, report: null }).outcome).toBe('open')
  })
})

describe('the history', () => {
  const earlier = (runId: string, at: string) => ({
    runId,
    at,
    arm: 'system',
    metrics: { balanced: 0.7 },
    verdict: 'passed' as const,
  })

  it('is oldest first and ends with this run', () => {
    const history = [
      earlier('eval_b', '2026-03-01T03:00:00Z'),
      earlier('eval_a', '2026-02-28T03:00:00Z'),
    ]
    const ids = historyWithRun(sketchInput({ history })).map(({ runId }) => runId)
    expect(ids).toEqual(['eval_a', 'eval_b', 'eval_1'])
  })

  it('has this run once', () => {
    const history = [earlier('eval_1', '2026-03-02T03:12:30Z')]
    expect(historyWithRun(sketchInput({ history }))).toEqual(history)
  })

  it('has nothing of a run without a report', () => {
    expect(historyWithRun(sketchInput({ report: null }))).toEqual([])
  })
})

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
import { formatReport } from './report-text.ts'

const plain = { isColour: false }
const wrong = sketchScores({ correct: false, failure: 'wrong-fact' })

describe('a report on a terminal', () => {
  it('is the verdict, the figures, what flipped, what is held out, the notes, the failures', () => {
    const flip = {
      arm: 'system',
      of: 'answer',
      stage: 'retrieval',
      explanation: 'The article fell.',
    } as const
    const metric = sketchMetric()
    const input = sketchInput({
      run: sketchRun({ split: 'test' }),
      report: sketchReport({
        verdict: 'regressed',
        reasons: ['correct fell by 6.4 points.'],
        metrics: { system: { correct: metric, 'false-refusals': sketchMetric({ p: 0.0123 }) } },
        flips: [
          { ...flip, caseId: 'c-2', direction: 'fixed' },
          { ...flip, caseId: 'c-1', direction: 'broken' },
        ],
        heldOut: [{ caseId: 'c-3', why: 'its evidence changed' }],
      }),
      rows: [sketchRow(), sketchRow({ golden: sketchGolden({ id: 'c-4' }), scores: wrong })],
    })
    expect(formatReport(input, plain)).toBe(
      `Regressed. Something is worse than the baseline; the reasons say what and by how much.
  correct fell by 6.4 points.
run eval_1 · set handbook, test half · nightly · 2026-03-02 03:00 UTC · 13 min · 2 rows · library at revision 12
baseline of 2026-02-01 10:00 UTC: First figures.

system           value       95 %  baseline  change     p   scored
correct         80.0 %  70.0–88.0    75.0 %    +5.0  .210  100/100
false-refusals  80.0 %  70.0–88.0    75.0 %    +5.0  .012  100/100

Broken (1)
  c-1  system  retrieval: The article fell.

Fixed (1)
  c-2  system  retrieval: The article fell.

Held out of the gate (1)
  c-3: its evidence changed

Notes
  A change of 10 points would be seen in 9 of 10 runs.

Failures (1)
  c-4  wrong or missing fact  How large may a payload be?`,
    )
  })

  it('has colour where it is wanted, and in a change that chance would hardly make', () => {
    const clear = sketchMetric({ value: 0.6, p: 0.001 })
    const report = sketchReport({
      metrics: { system: { correct: clear, 'hit@1': sketchMetric() } },
    })
    const text = formatReport(sketchInput({ report }), { isColour: true })
    expect(text).toContain('\u001b[32mPassed.\u001b[0m')
    expect(text).toContain('\u001b[31m −15.0\u001b[0m')
    expect(text).not.toContain('\u001b[32m  +5.0')
  })

  it('has no colour where it is not', () => {
    const rows = [sketchRow({ scores: wrong })]
    expect(formatReport(sketchInput({ rows }), plain)).not.toContain('\u001b')
  })

  it('cuts a question to the width, and not through a sign of two units', () => {
    const rows = [sketchRow({ golden: sketchGolden({ question: '😀'.repeat(80) }), scores: wrong })]
    const text = formatReport(sketchInput({ rows }), { width: 60, isColour: false })
    const line = text.split('\n').at(-1) ?? ''
    expect([...line]).toHaveLength(60)
    expect(line.endsWith('😀…')).toBe(true)
    expect(line.isWellFormed()).toBe(true)
  })

  it('keeps each case on a line, and lets no question steer the terminal', () => {
    const question = 'one\ntwo \u001b[2J three'
    const rows = [sketchRow({ golden: sketchGolden({ question }), scores: wrong })]
    const text = formatReport(sketchInput({ rows }), plain)
    expect(text.split('\n').at(-1)).toBe('  c-1  wrong or missing fact  one two \ufffd[2J three')
  })

  it('says of a fault what it was', () => {
    const text = formatReport(sketchInput({ rows: [sketchFault()] }), plain)
    expect(text).toContain('  c-1  error: The model did not answer.  How large')
  })

  it('counts the failures of the other arms by class', () => {
    const rows = [
      sketchRow({ arm: 'keyword', scores: wrong }),
      sketchRow({ arm: 'keyword', scores: wrong }),
      sketchFault({ arm: 'keyword' }),
    ]
    const run = sketchRun({ arms: ['system', 'keyword'] })
    const text = formatReport(sketchInput({ run, rows }), plain)
    expect(text).toContain('Failures of the other arms\n  keyword: 3 (error 1, wrong-fact 2)')
  })

  it('lists a hundred failures, and says how many more there are', () => {
    const rows = Array.from({ length: 130 }, () => sketchRow({ scores: wrong }))
    const lines = formatReport(sketchInput({ rows }), plain).split('\n')
    expect(lines.filter((line) => line.startsWith('  c-1'))).toHaveLength(100)
    expect(lines.at(-1)).toBe('  and 30 more: --report and --json have them all')
  })

  it('of a run that failed says why, and has no figures', () => {
    const run = sketchRun({ state: 'failed', error: 'The model file is missing.', endedAt: null })
    const text = formatReport(
      sketchInput({ run, report: null, rows: [], regressionOf: null }),
      plain,
    )
    expect(text).toBe(
      `Failed. The run ended in an error, so there are no figures to judge.
  The model file is missing.
run eval_1 · set handbook · nightly · 2026-03-02 03:00 UTC · 0 rows · library at revision 12
no baseline`,
    )
  })
})

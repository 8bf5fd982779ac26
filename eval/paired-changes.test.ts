import { describe, expect, it } from 'vitest'
import { answerScores, caseRow, failedRow, refusedRow, wrongRow } from '../test/case-row.ts'
import { hashesOf, madeBaseline } from '../test/made-baseline.ts'
import { valuesOf } from './case-values.ts'
import { pairChanges } from './paired-changes.ts'
import type { EvaluatedCase } from './report.ts'

type Pair = readonly [before: EvaluatedCase, ...now: EvaluatedCase[]]

function changesOf(pairs: readonly Pair[]) {
  const ids = pairs.map(([{ golden }]) => golden.id)
  const baseline = madeBaseline(
    pairs.map(([before]) => before),
    { hashes: hashesOf(ids) },
  )
  return pairChanges(
    pairs.map(([{ golden }, ...rows]) => {
      const before = baseline.arms['system']?.cases[golden.id]
      if (before === undefined) throw new Error('The made baseline has the case.')
      return { golden, before, rows, values: valuesOf(rows) }
    }),
  )
}

function many(count: number, make: (id: string) => Pair): readonly Pair[] {
  return Array.from({ length: count }, (_, at) => make(`case-${at}`))
}

describe('the change of a metric', () => {
  it('is tested by McNemar where the outcome is yes or no', () => {
    const broken = many(6, (id) => [caseRow(`broken-${id}`), wrongRow(`broken-${id}`)])
    const same = many(4, (id) => [caseRow(id), caseRow(id)])
    // Six flips all one way: 2 · (½)⁶ = .03125.
    const { correct } = changesOf([...broken, ...same])
    expect(correct).toMatchObject({ before: 1, now: 0.4, cases: 10, missing: 0 })
    expect(correct.p).toBeCloseTo(0.03125)
    expect(correct.difference).toBeCloseTo(-0.6)
  })

  it('is tested by turned signs where it is a mean', () => {
    const low = { scores: { answer: answerScores({ groundedness: 0.75 }) } }
    const pairs = many(5, (id) => [caseRow(id), caseRow(id, low)])
    // Of 2⁵ signs two are as far from zero: 2 / 32.
    expect(changesOf(pairs).groundedness).toMatchObject({ difference: -0.25, p: 0.0625, cases: 5 })
  })

  it('is over the cases that have the metric both times', () => {
    const { 'fact-recall': facts } = changesOf([
      [caseRow('answered'), wrongRow('answered')],
      [caseRow('then-refused'), refusedRow('then-refused')],
    ])
    expect(facts).toMatchObject({ before: 1, now: 0, cases: 1, baseline: 1, missing: 1 })
  })

  it('counts an error as a drop of the outcome', () => {
    const { correct } = changesOf([[caseRow('case'), failedRow('case')]])
    expect(correct).toMatchObject({ before: 1, now: 0, cases: 1, missing: 0 })
  })

  it('leaves an error out of the search and of the refusals, and misses no figure there', () => {
    const changes = changesOf([
      [caseRow('case'), failedRow('case')],
      [caseRow('same'), caseRow('same')],
    ])
    const same = { before: 1, now: 1, difference: 0, cases: 1, missing: 0 }
    expect(changes['hit@1']).toMatchObject({ ...same, baseline: 1 })
    expect(changes['evidence@context']).toMatchObject(same)
    expect(changes['false-refusals']).toMatchObject({ before: 0, now: 0, cases: 1, missing: 0 })
  })

  it('of a search is over the repetitions that did not end in an error', () => {
    const now = [caseRow('case', { repetition: 1 }), failedRow('case', { repetition: 2 })]
    const { 'hit@1': hit, correct } = changesOf([[caseRow('case'), ...now]])
    expect(hit).toMatchObject({ before: 1, now: 1, cases: 1, missing: 0 })
    expect(correct).toMatchObject({ before: 1, now: 0.5, cases: 1 })
  })

  it('tells how many cases lost their figure', () => {
    const opaque = { answer: { candidates: null } }
    const { 'hit@1': hit } = changesOf([[caseRow('case'), caseRow('case', opaque)]])
    expect(hit).toMatchObject({ now: null, cases: 0, p: null, baseline: 1, missing: 1 })
  })

  it('weighs each case alike, and the baseline by its marks', () => {
    const marks = (evidenceMarks: number, citationMarks: number) => ({
      scores: { answer: answerScores({ evidenceMarks, citationMarks }) },
    })
    const { 'citation-precision': precision } = changesOf([
      [caseRow('one', marks(1, 4)), caseRow('one', marks(0, 4))],
      [caseRow('two', marks(1, 1)), caseRow('two', marks(1, 1))],
    ])
    // Cases: (¼ + 1) / 2 before, (0 + 1) / 2 now. Marks: 2 of 5 before.
    expect(precision).toMatchObject({ before: 0.625, now: 0.5, difference: -0.125, baseline: 0.4 })
  })

  it('does not count a case without marks', () => {
    const none = { scores: { answer: answerScores({ evidenceMarks: 0, citationMarks: 0 }) } }
    const { 'citation-precision': precision } = changesOf([[caseRow('one'), caseRow('one', none)]])
    expect(precision).toMatchObject({ cases: 0, difference: 0, p: null })
  })
})

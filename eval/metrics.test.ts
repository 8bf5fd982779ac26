import { describe, expect, it } from 'vitest'
import {
  answerScores,
  candidate,
  caseRow,
  failedRow,
  hallucinatedRow,
  refusedRow,
  unanswerableRow,
  wrongRow,
} from '../test/case-row.ts'
import { aggregate } from './metrics.ts'

const NEAR_MISS = { tags: ['near-miss'] }

describe('the metrics of a run', () => {
  it('count correct answers over the answerable cases, refusals and errors as wrong', () => {
    const { correct } = aggregate([
      caseRow('right'),
      wrongRow('wrong'),
      refusedRow('refused'),
      failedRow('failed'),
      unanswerableRow('another group'),
    ])
    // 1 of 4, and one of the four was not scored. Wilson with z = 1.96: .0456 to .6994.
    expect(correct).toMatchObject({ value: 0.25, scored: 3, total: 4, baseline: null, p: null })
    expect(correct?.low).toBeCloseTo(0.0456, 4)
    expect(correct?.high).toBeCloseTo(0.6994, 4)
  })

  it('tell refusals of near misses from those off the corpus', () => {
    const metrics = aggregate([
      unanswerableRow('near, refused', { golden: NEAR_MISS }),
      hallucinatedRow('near, answered', { golden: NEAR_MISS }),
      unanswerableRow('off, refused'),
      refusedRow('answerable, refused'),
      caseRow('answerable, answered'),
    ])
    expect(metrics['refusal-recall']?.value).toBeCloseTo(2 / 3)
    expect(metrics['refusal-recall.near-miss']?.value).toBe(0.5)
    expect(metrics['refusal-recall.off-corpus']?.value).toBe(1)
    expect(metrics['hallucinated']?.value).toBeCloseTo(1 / 3)
    expect(metrics['false-refusals']?.value).toBe(0.5)
    // Of three refusals two were right.
    expect(metrics['refusal-precision']).toMatchObject({ scored: 3, total: 3 })
    expect(metrics['refusal-precision']?.value).toBeCloseTo(2 / 3)
  })

  it('are null where no case belongs to their group', () => {
    const metrics = aggregate([unanswerableRow('refused')])
    expect(metrics['hit@1']).toEqual({
      value: null,
      low: null,
      high: null,
      scored: 0,
      total: 0,
      baseline: null,
      p: null,
    })
    expect(metrics['balanced']?.value).toBeNull()
  })

  it('rank articles in each arm of the search', () => {
    // Fused and keyword: other, gold. Vectors: gold alone.
    const candidates = [{ ...candidate('other', 0.9), vector: null }, candidate('gold', 0.4)]
    const metrics = aggregate([caseRow('second', { answer: { candidates } })])
    expect(metrics['hit@1']?.value).toBe(0)
    expect(metrics['hit@3']?.value).toBe(1)
    expect(metrics['mrr@10']?.value).toBe(0.5)
    expect(metrics['ndcg@10']?.value).toBeCloseTo(1 / Math.log2(3))
    expect(metrics['keyword.hit@1']?.value).toBe(0)
    expect(metrics['vector.hit@1']?.value).toBe(1)
    expect(metrics['candidate-recall']?.value).toBe(1)
  })

  it('ask for all articles only where a question has several', () => {
    const golden = { articles: ['gold', 'other'] }
    const rows = [caseRow('one article'), caseRow('two articles', { golden })]
    const metrics = aggregate(rows)
    // Both are among the first three, the passages are of one.
    expect(metrics['all@3']).toMatchObject({ value: 1, total: 1 })
    expect(metrics['all@context']).toMatchObject({ value: 0, total: 1 })
    expect(metrics['recall@context']?.value).toBe(0.75)
    const failed = [failedRow('one, failed'), failedRow('two, failed', { golden })]
    expect(aggregate([...rows, ...failed])['all@3']).toMatchObject({ value: 0.5, total: 2 })
  })

  it('are missing where the target does not tell its candidates', () => {
    const metrics = aggregate([caseRow('opaque', { answer: { candidates: null } })])
    expect(metrics['hit@1']?.value).toBeNull()
    expect(metrics['candidate-recall']?.value).toBeNull()
    expect(metrics['evidence@context']?.value).toBe(1)
  })

  it('are the same when the answers themselves are no longer kept', () => {
    const rows = [caseRow('right'), wrongRow('wrong'), unanswerableRow('refused')]
    const withoutAnswers = rows.map((row) => ({ ...row, answer: null }))
    expect(aggregate(withoutAnswers)).toEqual(aggregate(rows))
  })

  it('count an error as nothing found', () => {
    expect(aggregate([caseRow('found'), failedRow('failed')])['recall@5']).toMatchObject({
      value: 0.5,
      scored: 1,
      total: 2,
    })
  })

  it('sum marks and sentences over the answers', () => {
    const scores = (marks: number, validMarks: number) => ({
      answer: answerScores({ citationMarks: marks, validMarks }),
    })
    const metrics = aggregate([
      caseRow('one of four valid', { scores: scores(4, 1) }),
      caseRow('one of one valid', { scores: scores(1, 1) }),
      caseRow('no mark', { scores: scores(0, 0) }),
    ])
    // 2 of 5 marks, and not the mean of the shares.
    expect(metrics['valid-citations']?.value).toBe(0.4)
  })

  it('look for facts where there are some, and at the marks of every answer', () => {
    const metrics = aggregate([
      caseRow('right'),
      hallucinatedRow('answered', { scores: { answer: answerScores({ evidenceMarks: 0 }) } }),
      refusedRow('refused'),
    ])
    expect(metrics['fact-recall']).toMatchObject({ value: 1, total: 1 })
    expect(metrics['citation-precision']).toMatchObject({ value: 0.5, total: 2 })
  })

  it('do not praise an error for a fault that it had no answer to show', () => {
    const scores = { answer: answerScores({ isUngrounded: true, groundedness: 0.2 }) }
    const metrics = aggregate([caseRow('ungrounded', { scores }), failedRow('failed')])
    expect(metrics['ungrounded']).toMatchObject({ value: 1, total: 1 })
    expect(metrics['groundedness']).toMatchObject({ value: 0.1, scored: 1, total: 2 })
  })

  it('count no error as a false refusal, nor as an answer to what has none', () => {
    const metrics = aggregate([
      refusedRow('refused'),
      failedRow('failed'),
      hallucinatedRow('answered'),
      failedRow('unanswerable, failed', { golden: { articles: [], kind: 'unanswerable' } }),
    ])
    expect(metrics['false-refusals']).toMatchObject({ value: 1, scored: 1, total: 1 })
    expect(metrics['hallucinated']).toMatchObject({ value: 1, scored: 1, total: 1 })
    // And as no right refusal either.
    expect(metrics['refusal-recall']).toMatchObject({ value: 0, scored: 1, total: 2 })
  })

  it('average the repetitions of a case before the cases', () => {
    const metrics = aggregate([
      caseRow('both ways', { repetition: 1 }),
      wrongRow('both ways', { repetition: 2 }),
      caseRow('right', { repetition: 1 }),
    ])
    // (½ + 1) / 2, where the rows would give 2 of 3.
    expect(metrics['correct']).toMatchObject({ value: 0.75, scored: 2, total: 2 })
  })

  it('balance right answers and right refusals by half each', () => {
    const { balanced } = aggregate([
      caseRow('right'),
      caseRow('right too'),
      caseRow('and right'),
      wrongRow('wrong'),
      unanswerableRow('refused'),
      hallucinatedRow('answered'),
    ])
    // ¾ and ½. Wilson: .3006 to .9544 (3 of 4) and .0945 to .9055 (1 of 2), so
    // low = .625 − √(.4494² + .4055²) / 2 and high = .625 + √(.2044² + .4055²) / 2.
    expect(balanced).toMatchObject({ value: 0.625, scored: 6, total: 6 })
    expect(balanced?.low).toBeCloseTo(0.3223, 3)
    expect(balanced?.high).toBeCloseTo(0.852, 3)
  })

  it('have the same intervals each time', () => {
    const rows = [0.2, 0.5, 0.9].map((groundedness, at) =>
      caseRow(`case ${at}`, { scores: { answer: answerScores({ groundedness }) } }),
    )
    const { groundedness } = aggregate(rows)
    expect(groundedness?.low).toBeGreaterThanOrEqual(0.2)
    expect(groundedness?.low).toBeLessThan(groundedness?.high ?? 0)
    expect(aggregate(rows)['groundedness']).toEqual(groundedness)
  })
})

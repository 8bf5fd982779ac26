import { describe, expect, it } from 'vitest'
import {
  sketchAnswer,
  sketchFault,
  sketchRefusal,
  sketchRow,
  sketchScores,
} from '../test/report-sketch.ts'
import { countFailures, latencyOf, refusalCurveOf } from './report-curves.ts'
import type { EvaluatedCase } from './report.ts'

describe('failures', () => {
  it('are counted by class, a row without scores as an error', () => {
    const wrong = sketchRow({ scores: sketchScores({ correct: false, failure: 'wrong-fact' }) })
    const counts = countFailures([sketchRow(), wrong, wrong, sketchFault()])
    expect(counts).toMatchObject({ total: 4, 'wrong-fact': 2, error: 1, hallucinated: 0 })
  })
})

describe('latency', () => {
  const timed = (totalMs: number, firstTokenMs: number | null = null, completion = 0) =>
    sketchRow({
      answer: sketchAnswer({
        timings: { searchMs: 10, firstTokenMs, totalMs },
        tokens: { prompt: 1, completion },
      }),
    })

  it('has its percentiles by nearest rank', () => {
    // 1 to 20 ms: the 10th is the median, the 19th of 20 is where 95 % are done.
    const rows = Array.from({ length: 20 }, (_, at) => timed(20 - at))
    expect(latencyOf(rows)).toMatchObject({ answers: 20, p50: 10, p95: 19, searchP50: 10 })
  })

  it('is a measured time at the median and at 95 of 100, whatever ended in an error', () => {
    const rows = Array.from({ length: 20 }, (_, at) => timed(2_000 + at, 1_000, 50))
    const latency = latencyOf([...rows, sketchFault()])
    expect(latency).toMatchObject({ answers: 20, p50: 2_009, p95: 2_018, searchP50: 10 })
    // 20 times 50 tokens in 1 to 1.019 s each, 20.19 s together.
    expect(latency?.tokensPerSecond).toBeCloseTo(1_000 / 20.19)
  })

  it('has neither a first word nor a speed where no model wrote', () => {
    expect(latencyOf([timed(20)])).toMatchObject({ firstTokenP50: null, tokensPerSecond: null })
  })

  it('rises to all answers', () => {
    expect(latencyOf([timed(5), timed(2)])?.points).toEqual([
      [2, 0.5],
      [5, 1],
    ])
  })

  it('has its speed from all tokens over all the time in which they were written', () => {
    // 30 tokens in 2 s and 10 in 2 s: 40 in 4 s.
    const rows = [timed(3_000, 1_000, 30), timed(2_500, 500, 10), timed(1)]
    expect(latencyOf(rows)).toMatchObject({ tokensPerSecond: 10, firstTokenP50: 500 })
  })

  it('of thousands of answers has a few hundred points, both ends among them', () => {
    const points = latencyOf(Array.from({ length: 5_000 }, (_, at) => timed(at + 1)))?.points ?? []
    expect(points).toHaveLength(200)
    expect([points[0], points.at(-1)]).toEqual([
      [1, 1 / 5_000],
      [5_000, 1],
    ])
  })

  it('is not there without an answer', () => {
    expect(latencyOf([sketchFault()])).toBeNull()
  })
})

describe('the refusal curve', () => {
  const answerable = (statesAnswer: number | null, refused = false): EvaluatedCase =>
    sketchRow({ answer: sketchAnswer({ statesAnswer }), scores: sketchScores({ refused }) })
  const unanswerable = (statesAnswer: number | null, refused = true): EvaluatedCase =>
    sketchRefusal({
      answer: sketchAnswer({ statesAnswer }),
      scores: sketchScores({ answerable: false, refused }),
    })

  it('goes from what is refused anyway to what any threshold would refuse', () => {
    // Threshold .5. Levels: A .4 (refused) and .9; U .1 (refused) and .6 (answered).
    const rows = [
      answerable(0.4, true),
      answerable(0.9),
      unanswerable(0.1),
      unanswerable(0.6, false),
    ]
    const curve = refusalCurveOf(rows)
    const shares = curve?.points.map((one) => [one.falseRefusals, one.refusalRecall])
    expect(shares).toEqual([
      [0, 0],
      [0, 0.5],
      [0.5, 0.5],
      [0.5, 1],
      [1, 1],
    ])
    expect(curve).toMatchObject({
      threshold: 0.5,
      current: { falseRefusals: 0.5, refusalRecall: 0.5 },
    })
  })

  it('keeps refusals that have another ground, and answers of which no probability is known', () => {
    // U .8 was refused over the threshold, so not by it; A null was answered whatever it is.
    const rows = [answerable(0.7), answerable(null), unanswerable(0.8), unanswerable(null)]
    const shares = refusalCurveOf(rows)?.points.map((one) => [one.falseRefusals, one.refusalRecall])
    expect(shares).toEqual([
      [0, 1],
      [0.5, 1],
    ])
  })

  it.each([
    ['no answer has a probability', [answerable(null), unanswerable(null)]],
    ['nothing is unanswerable', [answerable(0.4)]],
    ['nothing was answered', [sketchFault()]],
  ])('is not there where %s', (_, rows) => {
    expect(refusalCurveOf(rows)).toBeNull()
  })
})

import { describe, expect, it } from 'vitest'
import {
  checkRefusal,
  fitRefusal,
  hasBothKinds,
  refusalTotals,
  statedAuc,
  type RefusalCase,
  type RefusalKind,
} from './fit-refusal.ts'

const draft = (kind: RefusalKind, statesAnswer: number | null): RefusalCase => ({
  kind,
  statesAnswer,
  refusedAnyway: false,
  correct: kind === 'answerable',
})
const right = (statesAnswer: number | null) => draft('answerable', statesAnswer)
const wrong = (statesAnswer: number) => ({ ...right(statesAnswer), correct: false })
const nearMiss = (statesAnswer: number) => draft('near-miss', statesAnswer)
const refusedAnyway = (kind: RefusalKind): RefusalCase => ({
  ...draft(kind, null),
  refusedAnyway: true,
})
const times = (count: number, one: RefusalCase) => Array.from({ length: count }, () => one)

describe('the threshold that is fitted', () => {
  it('is the middle of where all goes right, with 0.1 to both sides', () => {
    // Refused is what lies below: all goes right from 0.41 to 0.80.
    const { threshold, curve } = fitRefusal([right(0.8), nearMiss(0.4)])
    // Of 0.51 to 0.70, around which nothing goes wrong.
    expect(threshold).toBe(0.6)
    expect(curve['0.40']).toMatchObject({ objective: 0.5, correct: 1, nearMiss: 0 })
    expect(curve['0.80']).toMatchObject({ objective: 1, correct: 1, nearMiss: 1 })
    expect(curve['0.85']).toMatchObject({ objective: 0.5, correct: 0, falseRefusals: 1 })
  })

  it('stands in the curve, among every twentieth', () => {
    const { threshold, curve } = fitRefusal([right(0.82), nearMiss(0.4)])
    expect(threshold).toBe(0.61)
    const twentieths = Array.from({ length: 21 }, (_, at) => (at / 20).toFixed(2))
    expect(Object.keys(curve)).toEqual([...twentieths, '0.61'].toSorted())
  })

  it('is not one that is best alone, by the luck of few cases', () => {
    const cases = [
      ...times(5, right(0.93)),
      ...times(5, right(0.95)),
      ...times(4, nearMiss(0.3)),
      ...times(6, nearMiss(0.94)),
    ]
    const { threshold, curve } = fitRefusal(cases)
    // All right answers and 4 of 10 near misses; half of them and all; none of them and all.
    expect(curve['0.90']?.objective).toBe(0.7)
    expect(curve['0.95']?.objective).toBe(0.75)
    expect(curve['1.00']?.objective).toBe(0.5)
    // Of 0.41 to 0.83, with 0.1 to both sides.
    expect(threshold).toBe(0.62)
  })

  it('counts a kind of one case as much as a kind of many', () => {
    // Above 0.6 two of four right answers are lost, which is half, and one kind of three is won, a third.
    const others = [
      ...times(40, draft('off-corpus', 0.6)),
      nearMiss(0.2),
      draft('hidden-evidence', 0.2),
    ]
    const { curve } = fitRefusal([right(0.6), right(0.6), right(0.9), right(0.9), ...others])
    expect(curve['0.50']).toMatchObject({
      correct: 1,
      offCorpus: 0,
      nearMiss: 1,
      hiddenEvidence: 1,
    })
    expect(curve['0.50']?.objective).toBeCloseTo((1 + 2 / 3) / 2, 4)
    expect(curve['0.70']?.objective).toBeCloseTo((0.5 + 1) / 2, 4)
  })

  it('leaves a kind out that has no cases', () => {
    const { curve, cases } = fitRefusal([right(0.8), nearMiss(0.4)])
    expect(curve['0.50']).toEqual({
      objective: 1,
      correct: 1,
      falseRefusals: 0,
      nearMiss: 1,
      offCorpus: null,
      hiddenEvidence: null,
    })
    expect(cases).toEqual({ answerable: 1, nearMiss: 1, offCorpus: 0, hiddenEvidence: 0 })
  })

  it('loses nothing by a wrong answer that is refused', () => {
    const { curve } = fitRefusal([right(0.9), wrong(0.3), nearMiss(0.2)])
    expect(curve['0.25']).toMatchObject({ correct: 0.5, falseRefusals: 0 })
    expect(curve['0.40']).toMatchObject({ correct: 0.5, falseRefusals: 0.5 })
  })

  it('changes nothing for what is refused anyway, and for what the model says nothing of', () => {
    const cases = [
      refusedAnyway('answerable'),
      right(null),
      refusedAnyway('near-miss'),
      { ...nearMiss(0), statesAnswer: null },
    ]
    const { curve } = fitRefusal(cases)
    const outcomes = new Set(Object.values(curve).map((each) => JSON.stringify(each)))
    expect(outcomes.size).toBe(1)
    expect(curve['1.00']).toMatchObject({ correct: 0.5, falseRefusals: 0.5, nearMiss: 0.5 })
  })

  it('is in the middle where no threshold is better than another', () => {
    expect(fitRefusal([refusedAnyway('answerable'), refusedAnyway('near-miss')]).threshold).toBe(
      0.5,
    )
  })
})

describe('the area under the curve', () => {
  it('is of right answers against what is to be refused, where a threshold decides', () => {
    // 0.9 is above both and 0.5 above one: 3 of 4 pairs. Neither of the others is in a pair.
    const decided = [right(0.9), right(0.5), nearMiss(0.7), draft('off-corpus', 0.1)]
    const others = [wrong(0.01), { ...nearMiss(0.99), refusedAnyway: true }, right(null)]
    expect(statedAuc([...decided, ...others])).toBe(0.75)
  })

  it('is none where one side is empty', () => {
    expect(statedAuc([right(0.9)])).toBeNull()
  })
})

describe('the check on other cases', () => {
  const CASES = [right(0.9), right(0.6), wrong(0.8), nearMiss(0.65), draft('hidden-evidence', 0.3)]

  it('gives what the threshold and the one before make of them, with intervals', () => {
    const check = checkRefusal(CASES, { threshold: 0.5, previous: 0.7 })
    expect(check).toMatchObject({ cases: 5, auc: 0.75 })
    expect(check?.chosen).toMatchObject({
      threshold: 0.5,
      // (2/3 + (0 + 1) / 2) / 2
      objective: 0.5833,
      correct: { share: 0.6667, of: 3 },
      falseRefusals: { share: 0, low: 0, of: 3 },
      nearMiss: { share: 0, of: 1 },
      hiddenEvidence: { share: 1, high: 1, of: 1 },
      offCorpus: null,
    })
    expect(check?.previous).toMatchObject({
      threshold: 0.7,
      // (1/3 + 1) / 2
      objective: 0.6667,
      correct: { share: 0.3333 },
      falseRefusals: { share: 0.3333 },
      nearMiss: { share: 1 },
    })
    // Wilson's interval of 2 of 3.
    expect(check?.chosen.correct?.low).toBeCloseTo(0.2077, 3)
    expect(check?.chosen.correct?.high).toBeCloseTo(0.9385, 3)
  })

  it('is none where there is nothing to be refused, or nothing to answer', () => {
    const options = { threshold: 0.5, previous: 0.7 }
    expect(checkRefusal([], options)).toBeNull()
    expect(checkRefusal([right(0.9)], options)).toBeNull()
    expect(checkRefusal([nearMiss(0.9)], options)).toBeNull()
    expect(hasBothKinds(CASES)).toBe(true)
  })

  it('refuses what lies below the threshold, and not what is equal to it', () => {
    expect(refusalTotals(CASES, 0.6).correct?.share).toBeCloseTo(2 / 3, 3)
    expect(refusalTotals(CASES, 0.61).correct?.share).toBeCloseTo(1 / 3, 3)
  })
})

import { describe, expect, it } from 'vitest'
import type { CaseAnswer } from './case-answer.ts'
import type { JudgeCheck } from './judge-check.ts'
import {
  describeJudge,
  describeUnjudged,
  isForJudge,
  rateJudge,
  toJudgeReport,
} from './judge-report.ts'
import type { JudgeScores } from './judge.ts'

const scored = (accuracy: number, rest: Partial<JudgeScores> = {}): JudgeScores => ({
  accuracy,
  faithfulness: 1,
  toxicity: 0,
  verdict: 'So it is.',
  ...rest,
})

const toCheck = (id: string, isRight: boolean): JudgeCheck => ({
  id,
  caseId: 'ls-001',
  isRight,
  kind: isRight ? 'reference' : 'invented',
  question: 'When?',
  reference: 'At six.',
  answer: isRight ? 'At six.' : 'At nine.',
  passages: [],
})

/** So many right and wrong checks, of each the first ones called right and the rest wrong. */
function tryOut({ right = 20, called = 20, wrong = 20, taken = 0 }) {
  const checks = [
    ...Array.from({ length: right }, (_, at) => toCheck(`right-${at}`, true)),
    ...Array.from({ length: wrong }, (_, at) => toCheck(`wrong-${at}`, false)),
  ]
  const scores = new Map<string, JudgeScores | null>([
    ...Array.from(
      { length: right },
      (_, at) => [`right-${at}`, scored(at < called ? 0.5 : 0.49)] as const,
    ),
    ...Array.from(
      { length: wrong },
      (_, at) => [`wrong-${at}`, scored(at < taken ? 0.5 : 0.49)] as const,
    ),
  ])
  return { checks, scores }
}

const rate = (numbers: Parameters<typeof tryOut>[0]) => {
  const { checks, scores } = tryOut(numbers)
  return rateJudge(checks, scores)
}

describe('a judge', () => {
  it('is trusted from 16 of 20 right answers and up to 4 of 20 wrong ones', () => {
    expect(rate({ called: 16, taken: 4 })).toEqual({
      truePositiveRate: 0.8,
      falsePositiveRate: 0.2,
      checked: 40,
      isTrusted: true,
    })
    expect(rate({ called: 15, taken: 4 }).isTrusted).toBe(false)
    expect(rate({ called: 16, taken: 5 }).isTrusted).toBe(false)
  })

  it('that says the same of everything is not trusted', () => {
    expect(rate({ called: 20, taken: 20 }).isTrusted).toBe(false)
    expect(rate({ called: 0, taken: 0 }).isTrusted).toBe(false)
  })

  it('is not trusted on fewer than 15 answers of each kind', () => {
    expect(rate({ right: 15, called: 15, wrong: 15 }).isTrusted).toBe(true)
    expect(rate({ right: 14, called: 14, wrong: 15 }).isTrusted).toBe(false)
    expect(rateJudge([], new Map())).toEqual({
      truePositiveRate: 0,
      falsePositiveRate: 1,
      checked: 0,
      isTrusted: false,
    })
  })

  it('has what it could not judge counted against it', () => {
    const { checks, scores } = tryOut({})
    scores.set('right-0', null)
    scores.delete('right-1')
    scores.set('wrong-0', null)
    // 18 of 20, and 1 of 20.
    expect(rateJudge(checks, scores)).toMatchObject({
      truePositiveRate: 0.9,
      falsePositiveRate: 0.05,
      checked: 40,
    })
  })
})

const given = { status: 'answered' } as CaseAnswer
const refused = { status: 'refused' } as CaseAnswer

describe('the report on a judge', () => {
  const rows = [
    { arm: 'system', answer: given, judge: scored(1, { faithfulness: 0.5 }) },
    { arm: 'system', answer: given, judge: scored(0.5, { toxicity: 0.5 }) },
    { arm: 'system', answer: given, judge: null },
    { arm: 'system', answer: refused, judge: null },
    { arm: 'always-refuse', answer: refused, judge: null },
  ]

  it('has the means of each arm over what was judged', () => {
    const report = toJudgeReport('ollama:big', { ...tryOut({ called: 19, taken: 1 }), rows })
    expect(report).toEqual({
      model: 'ollama:big',
      truePositiveRate: 0.95,
      falsePositiveRate: 0.05,
      checked: 40,
      isTrusted: true,
      scores: { system: { accuracy: 0.75, faithfulness: 0.75, toxicity: 0.25 } },
    })
  })

  it('counts the answers that were given and got no scores', () => {
    expect(rows.filter(isForJudge)).toHaveLength(3)
    expect(describeUnjudged(rows)).toMatch(/nonsense to 1 of 3 answers/)
    expect(describeUnjudged(rows.slice(0, 2))).toBeNull()
  })

  const describeRate = (numbers: Parameters<typeof tryOut>[0]) =>
    describeJudge(toJudgeReport('ollama:big', { ...tryOut(numbers), rows: [] }))

  it('says why it gates nothing', () => {
    expect(describeRate({ called: 10, taken: 5 })).toBe(
      'The judge ollama:big, tried on 40 answers, called 50 % of the right ones right and 25 % of the wrong ones; the bar is at least 80 % and at most 20 %, so its scores are printed and gate nothing.',
    )
    expect(describeRate({ right: 5, called: 5, wrong: 5 })).toMatch(
      /tried on 10 answers, and below 30 a coin may pass: .* gate nothing\.$/,
    )
  })

  it('says when it passed', () => {
    expect(describeRate({ called: 19, taken: 1 })).toMatch(/95 % .* 5 % .* which passes the bar/)
  })
})

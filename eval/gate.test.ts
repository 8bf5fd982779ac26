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
import { ARTICLES, hashesOf, madeBaseline } from '../test/made-baseline.ts'
import { compareWithBaseline, type CompareInput } from './compare.ts'
import { judgeRun, tooManyErrors, type Floors } from './gate.ts'
import type { EvaluatedCase } from './report.ts'

interface Judged extends Partial<CompareInput> {
  readonly before?: readonly EvaluatedCase[]
  readonly now: readonly EvaluatedCase[]
  readonly floors?: Floors
  readonly isBaselineLost?: boolean
  readonly regressed?: readonly string[]
}

function judge({ before, now, floors = {}, isBaselineLost, regressed, ...changes }: Judged) {
  const comparison = compareWithBaseline({
    set: 'made',
    rows: now,
    hashes: hashesOf(now.map(({ golden }) => golden.id)),
    baseline: before === undefined ? null : madeBaseline(before),
    heldOut: [],
    articles: ARTICLES,
    isSameChatModel: () => true,
    ...changes,
  })
  return judgeRun({
    comparison,
    floors,
    ...(isBaselineLost === undefined ? {} : { isBaselineLost }),
    ...(regressed === undefined ? {} : { regressed }),
  })
}

type Make = (id: string) => EvaluatedCase

/** The first cases of one kind, the rest of another. */
function rows(total: number, first: number, [make, other]: readonly [Make, Make]) {
  return Array.from({ length: total }, (_, at) => (at < first ? make : other)(`case-${at}`))
}

const right: Make = (id) => caseRow(id)
const wrong: Make = (id) => wrongRow(id)
/** Its article is second among the candidates; all else is as it was. */
const second: Make = (id) =>
  caseRow(id, { answer: { candidates: [candidate('other', 0.9), candidate('gold', 0.5)] } })
const ungrounded: Make = (id) =>
  caseRow(id, { scores: { answer: answerScores({ groundedness: 0.4 }) } })
const citesOther: Make = (id) =>
  caseRow(id, { scores: { answer: answerScores({ citesGold: false }) } })
const refused: Make = (id) => refusedRow(id)
const failed: Make = (id) => failedRow(id)

const allRight = (total: number) => rows(total, total, [right, right])

describe('the gate', () => {
  it('passes a run that is as the baseline', () => {
    const now = [...allRight(20), unanswerableRow('off')]
    expect(judge({ before: now, now })).toEqual({ verdict: 'passed', reasons: [] })
  })

  it('passes a run that is better', () => {
    const before = rows(40, 10, [wrong, second])
    expect(judge({ before, now: allRight(40) }).verdict).toBe('passed')
  })

  it('does not let retrieval drop by more than 2 points, whatever its p', () => {
    // 2 of 40 are 5 points of hit@1, and two flips have p = .5.
    const { verdict, reasons } = judge({
      before: allRight(40),
      now: rows(40, 2, [second, right]),
    })
    expect(verdict).toBe('regressed')
    expect(reasons).toContain(
      'system: hit@1 fell by 5.0 points, from 1.000 to 0.950 over the 40 compared cases (p = .500).',
    )
    // 1 of 40 is 2.5 points, and one case.
    expect(judge({ before: allRight(40), now: rows(40, 1, [second, right]) }).verdict).toBe(
      'passed',
    )
    // 1 of 100 is 1 point.
    expect(judge({ before: allRight(100), now: rows(100, 1, [second, right]) }).verdict).toBe(
      'passed',
    )
    // 2 of 100 is just 2 points.
    expect(judge({ before: allRight(100), now: rows(100, 2, [second, right]) }).verdict).toBe(
      'passed',
    )
  })

  it('lets retrieval lose one case, however many points that is, and not two', () => {
    const judged = (lost: number) =>
      judge({ before: allRight(5), now: rows(5, lost, [second, right]) })
    // 20 points of hit@1, and 40.
    expect(judged(1).verdict).toBe('passed')
    expect(judged(2).verdict).toBe('regressed')
  })

  it('does not let retrieval drop beyond chance, however little', () => {
    // 6 of 400 are 1.5 points of hit@1, all one way: p = 2 / 2⁶ = .031.
    const { verdict, reasons } = judge({
      before: allRight(400),
      now: rows(400, 6, [second, right]),
    })
    expect(verdict).toBe('regressed')
    expect(reasons[0]).toContain('hit@1 fell by 1.5 points')
    expect(reasons[0]).toContain('p = .031')
  })

  it('lets answers drop where chance explains it', () => {
    // 5 of 40 are 12.5 points, but McNemar's p is 2 / 2⁵ = .0625.
    expect(judge({ before: allRight(40), now: rows(40, 5, [wrong, right]) }).verdict).toBe('passed')
    const { verdict, reasons } = judge({
      before: allRight(40),
      now: rows(40, 6, [wrong, right]),
    })
    expect(verdict).toBe('regressed')
    expect(reasons).toContainEqual(expect.stringContaining('correct fell by 15.0 points'))
  })

  it('lets answers drop by less than 3 points, however sure it is', () => {
    // 6 of 201 are 2.99 points, 6 of 200 are 3.
    expect(judge({ before: allRight(201), now: rows(201, 6, [wrong, right]) }).verdict).toBe(
      'passed',
    )
    expect(judge({ before: allRight(200), now: rows(200, 6, [wrong, right]) }).verdict).toBe(
      'regressed',
    )
  })

  it('watches refusals on both sides', () => {
    const refusals = rows(20, 20, [(id) => unanswerableRow(id), right])
    const answered = rows(20, 8, [(id) => hallucinatedRow(id), (id) => unanswerableRow(id)])
    expect(judge({ before: refusals, now: answered }).reasons).toEqual([
      expect.stringContaining('refusal-recall fell by 40.0 points'),
    ])
    // Refused where they were wrong before: nothing is less correct, and yet it is worse.
    const wrongBefore = rows(20, 20, [wrong, right])
    const refusedNow = rows(20, 8, [(id) => refusedRow(id), wrong])
    expect(judge({ before: wrongBefore, now: refusedNow }).reasons).toEqual([
      expect.stringContaining('false-refusals rose by 40.0 points'),
    ])
  })

  it('watches means by turned signs', () => {
    const { verdict, reasons } = judge({
      before: allRight(20),
      now: rows(20, 8, [ungrounded, right]),
    })
    expect(verdict).toBe('regressed')
    expect(reasons).toEqual([expect.stringContaining('groundedness fell by 24.0 points')])
  })

  it('watches whether the case’s own article is cited', () => {
    const now = rows(20, 8, [citesOther, right])
    expect(judge({ before: allRight(20), now })).toEqual({
      verdict: 'regressed',
      reasons: [expect.stringContaining('cited-gold fell by 40.0 points')],
    })
  })

  it('compares the point estimate with a floor', () => {
    // Wilson's lower bound of 4 of 5 is .376; the estimate is what counts.
    const now = rows(5, 1, [wrong, right])
    expect(judge({ now, floors: { system: { correct: 0.8 } } }).verdict).toBe('passed')
    expect(judge({ now, floors: { system: { correct: 0.81 } } })).toEqual({
      verdict: 'floor-missed',
      reasons: ['system: correct is 0.800 (0.376 to 0.964), beyond its floor of 0.810.'],
    })
  })

  it('has a ceiling where less is better', () => {
    const now = rows(5, 1, [refused, right])
    const judged = (ceiling: number) =>
      judge({ now, floors: { system: { 'false-refusals': ceiling } } })
    expect(judged(0.3).verdict).toBe('passed')
    expect(judged(0.2).verdict).toBe('passed')
    // Wilson of 1 of 5 is what 4 of 5 leave.
    expect(judged(0.19)).toEqual({
      verdict: 'floor-missed',
      reasons: ['system: false-refusals is 0.200 (0.036 to 0.624), beyond its floor of 0.190.'],
    })
  })

  it('skips a floor of which no case was asked for', () => {
    const floors = { system: { 'refusal-recall': 0.5, balanced: 0.5 }, keyword: { 'hit@1': 0.9 } }
    expect(judge({ now: allRight(3), floors }).verdict).toBe('passed')
  })

  it('does not pass a floor whose figure is missing', () => {
    const now = [caseRow('opaque', { answer: { candidates: null } })]
    expect(judge({ now, floors: { system: { 'hit@1': 0.5 } } })).toEqual({
      verdict: 'floor-missed',
      reasons: ['system: hit@1 has a floor, and no figure.'],
    })
    expect(judge({ now, floors: { system: { 'hit@one': 0.5 } } }).verdict).toBe('floor-missed')
  })

  it('needs 80 of 100 cases of the baseline to be comparable', () => {
    const hashes = (reworded: number) =>
      new Map(
        [...hashesOf(allRight(10).map(({ golden }) => golden.id))].map(([id, hash], at) => [
          id,
          at < reworded ? 'reworded-case' : hash,
        ]),
      )
    const judged = (reworded: number) =>
      judge({ before: allRight(10), now: allRight(10), hashes: hashes(reworded) })
    expect(judged(2).verdict).toBe('passed')
    expect(judged(3)).toEqual({
      verdict: 'not-comparable',
      reasons: [
        'system: only 7 of 10 cases of the baseline can be compared; at least 80 % must be.',
      ],
    })
  })

  it('counts those that are held out among the cases that were to be compared', () => {
    const judged = (count: number) => {
      const heldOut = Array.from({ length: count }, (_, at) => ({ caseId: `case-${at}`, why: '' }))
      return judge({ before: allRight(10), now: allRight(10), heldOut })
    }
    expect(judged(2).verdict).toBe('passed')
    expect(judged(3)).toEqual({
      verdict: 'not-comparable',
      reasons: [expect.stringContaining('only 7 of 10 cases of the baseline')],
    })
  })

  it('does not pass a run whose baseline is gone', () => {
    expect(judge({ now: allRight(3), isBaselineLost: true })).toEqual({
      verdict: 'not-comparable',
      reasons: ['The baseline that the run was planned with is gone.'],
    })
    expect(judge({ now: allRight(3), isBaselineLost: false }).verdict).toBe('passed')
  })

  it('takes what else was found to be a regression for one, and says it first', () => {
    const before = allRight(40)
    expect(judge({ before, now: before, regressed: ['A kept case broke.'] })).toEqual({
      verdict: 'regressed',
      reasons: ['A kept case broke.'],
    })
    const now = rows(40, 8, [wrong, right])
    const { reasons } = judge({ before, now, regressed: ['A kept case broke.'] })
    expect(reasons[0]).toBe('A kept case broke.')
    expect(reasons[1]).toContain('correct fell')
  })

  it('does not pass a run of which nothing can be compared', () => {
    expect(judge({ before: [caseRow('one')], now: [caseRow('new')] }).verdict).toBe(
      'not-comparable',
    )
    const heldOut = [{ caseId: 'one', why: 'its evidence sentence changed' }]
    const now = [caseRow('one')]
    expect(judge({ before: now, now, heldOut }).verdict).toBe('not-comparable')
  })

  it('does not pass a metric that the baseline has and the run has not', () => {
    const now = allRight(10).map((row) =>
      row.golden.id === 'case-0' ? caseRow('case-0', { answer: { candidates: null } }) : row,
    )
    const { verdict, reasons } = judge({ before: allRight(10), now })
    expect(verdict).toBe('not-comparable')
    expect(reasons[0]).toContain('hit@1 has no figure for 1 of the compared cases')
  })

  it('counts an error as wrong, and not as a fault of the search or a refusal', () => {
    const { verdict, reasons } = judge({
      before: allRight(20),
      now: rows(20, 8, [failed, right]),
    })
    expect(verdict).toBe('regressed')
    expect(reasons[0]).toContain('correct fell by 40.0 points')
    expect(reasons.join('\n')).not.toMatch(/hit@1|mrr@10|evidence@context|false-refusals/)
  })

  it('gates an arm without a baseline by its floors alone', () => {
    const before = [caseRow('one')]
    const now = [caseRow('one'), wrongRow('one', { arm: 'keyword' })]
    expect(judge({ before, now }).verdict).toBe('passed')
    expect(judge({ before, now, floors: { keyword: { correct: 0.5 } } }).verdict).toBe(
      'floor-missed',
    )
  })

  it('names the gravest first', () => {
    const now = rows(40, 8, [wrong, right])
    const { verdict, reasons } = judge({
      before: allRight(40),
      now,
      floors: { system: { correct: 0.9 } },
    })
    expect(verdict).toBe('regressed')
    expect(reasons.at(0)).toContain('correct fell')
    expect(reasons.at(-1)).toContain('beyond its floor')
  })
})

describe('errors', () => {
  it('are too many above 2 of 100', () => {
    expect(tooManyErrors(rows(100, 2, [failed, right]))).toBe(false)
    expect(tooManyErrors(rows(100, 3, [failed, right]))).toBe(true)
    expect(tooManyErrors([])).toBe(false)
  })

  it('are too many where they are in one arm, however many rows the others have', () => {
    const keyword = [...allRight(19), failed('case-19')].map((row) => ({ ...row, arm: 'keyword' }))
    expect(tooManyErrors([...allRight(100), ...keyword])).toBe(true)
  })
})

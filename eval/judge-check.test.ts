import { describe, expect, it } from 'vitest'
import { ANSWERABLE, FOLLOW_UP, NEAR_MISS } from '../test/test-golden-set.ts'
import { holdsFact, holdsPhrase } from './facts.ts'
import type { GoldenCase } from './golden-case.ts'
import { toJudgeChecks, WRONG_ANSWERS, type JudgeCheck } from './judge-check.ts'
import { loadSet } from './set-folder.ts'

const LEASE: GoldenCase = {
  ...ANSWERABLE,
  id: 'ls-010',
  question: 'How long is a lease?',
  articles: ['leasing'],
  facts: [['30 minutes']],
  must_not: ['an hour'],
  reference: 'A lease lasts 30 minutes.',
  evidence: [{ article: 'leasing', quote: 'lasts 30 minutes' }],
}
const QUEUE: GoldenCase = {
  ...ANSWERABLE,
  id: 'ls-011',
  question: 'Who empties the queue?',
  articles: ['queues'],
  facts: [['worker', 'workers']],
  must_not: [],
  reference: 'A worker does.',
  evidence: [{ article: 'queues', quote: 'emptied by a worker' }],
}
const CASES = [ANSWERABLE, NEAR_MISS, FOLLOW_UP, LEASE, QUEUE]
const ofSet = async (name: string, seed = 0) => toJudgeChecks((await loadSet(name)).cases, { seed })

describe('the answers on which a judge is tried', () => {
  it('are half right and half wrong, as many as were asked for, each with its own number', async () => {
    const checks = await ofSet('glad-labs')
    expect(checks).toHaveLength(40)
    expect(checks.filter(({ isRight }) => isRight)).toHaveLength(20)
    const ids = checks.map(({ id }) => id)
    expect([ids[0], ids[39], new Set(ids).size]).toEqual(['judge-check-001', 'judge-check-040', 40])
  })

  it('are the same for the same seed, and others for another', async () => {
    expect(await ofSet('glad-labs', 7)).toEqual(await ofSet('glad-labs', 7))
    expect(await ofSet('glad-labs', 7)).not.toEqual(await ofSet('glad-labs', 8))
  })

  it('are wrong in every way alike', async () => {
    const checks = await ofSet('glad-labs')
    const counts = WRONG_ANSWERS.map((kind) => checks.filter((each) => each.kind === kind).length)
    expect(counts).toEqual([4, 4, 4, 4, 4])
  })

  it.each(['glad-labs', 'handbook'])('are right or wrong by the facts of %s too', async (name) => {
    const cases = new Map((await loadSet(name)).cases.map((golden) => [golden.id, golden]))
    for (const check of await ofSet(name))
      expect([check.id, isRight(check, cases)]).toEqual([check.id, check.isRight])
  })

  it('have the passages of their own case if they are right, and else another’s', async () => {
    const { cases } = await loadSet('glad-labs')
    const quotes = new Map(
      cases.map(({ id, evidence }) => [id, evidence.map(({ quote }) => quote)]),
    )
    for (const { caseId, isRight, passages } of await ofSet('glad-labs')) {
      expect(passages.length).toBeGreaterThan(0)
      if (isRight) expect(passages).toEqual(quotes.get(caseId))
      else expect(quotes.get(caseId)).not.toEqual(expect.arrayContaining([...passages]))
    }
  })

  it('are held against the bare facts every other time, whether right or wrong', async () => {
    const { cases } = await loadSet('glad-labs')
    const references = new Set(cases.map(({ reference }) => reference))
    const checks = await ofSet('glad-labs')
    const isWhole = ({ reference }: JudgeCheck) => references.has(reference)
    expect(checks.filter((check) => check.isRight && isWhole(check))).toHaveLength(10)
    expect(checks.filter((check) => !check.isRight && isWhole(check))).toHaveLength(10)
  })

  it('come neither from unanswerable cases nor from follow-ups', () => {
    const checks = toJudgeChecks(CASES, { seed: 1 })
    expect(new Set(checks.map(({ caseId }) => caseId))).toEqual(
      new Set([ANSWERABLE.id, LEASE.id, QUEUE.id]),
    )
  })

  it('are fewer where the set is small, and none where no case has another beside it', () => {
    expect(toJudgeChecks(CASES, { seed: 1 })).toHaveLength(6)
    expect(toJudgeChecks(CASES, { seed: 1, count: 3 })).toHaveLength(2)
    expect(toJudgeChecks([LEASE, NEAR_MISS], { seed: 1 })).toEqual([])
  })
})

describe('an answer that is made wrong', () => {
  const wrongOf = (cases: readonly GoldenCase[], kind: JudgeCheck['kind']) => {
    const seeds = Array.from({ length: 20 }, (_, seed) => seed)
    const checks = seeds.flatMap((seed) => toJudgeChecks(cases, { seed }))
    return new Set(checks.filter((each) => each.kind === kind).map(({ answer }) => answer))
  }

  it('has another number', () => {
    const swapped = wrongOf([LEASE, QUEUE], 'swapped-number')
    expect([...swapped].sort()).toEqual(
      ['60', '90', '120'].map((each) => `A lease lasts ${each} minutes.`).sort(),
    )
  })

  it('keeps a number on which nothing hangs, and swaps the one that counts', () => {
    const share = {
      ...LEASE,
      facts: [['80%']],
      must_not: [],
      reference: 'In 2026 it was 80% of them.',
    }
    const swapped = [...wrongOf([share, QUEUE], 'swapped-number')]
    expect(swapped.sort()).toEqual(
      [20, 27, 40].map((each) => `In 2026 it was ${each}% of them.`).sort(),
    )
  })

  it('has what is forbidden in the place of what is asked for', () => {
    expect(wrongOf([ANSWERABLE, LEASE, QUEUE], 'forbidden-value')).toContain(
      'A lease lasts an hour.',
    )
  })

  it('is never one that another case calls right with the same words', () => {
    const twin = { ...QUEUE, id: 'ls-012', articles: ['workers'] }
    const answers = wrongOf([QUEUE, twin], 'other-reference')
    expect(answers).toEqual(new Set())
  })

  it('is done in another way where this one cannot be', () => {
    expect(wrongOf([QUEUE, { ...QUEUE, id: 'ls-012', articles: ['x'] }], 'swapped-number')).toEqual(
      new Set(),
    )
  })
})

function isRight({ caseId, answer }: JudgeCheck, cases: ReadonlyMap<string, GoldenCase>): boolean {
  const { facts = [], must_not = [] } = cases.get(caseId) ?? {}
  return (
    facts.every((alternatives) => holdsFact(answer, alternatives)) &&
    !must_not.some((phrase) => holdsPhrase(answer, phrase))
  )
}

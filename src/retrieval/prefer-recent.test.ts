import { expect, it } from 'vitest'
import { preferRecent } from './prefer-recent.ts'

const candidate = (articleId: string, fused: number) => ({
  chunkId: `${articleId}-${fused}`,
  articleId,
  scores: { keyword: fused, vector: null, fused },
})

const DATES = new Map([
  ['old', new Date('2020-01-01')],
  ['middle', new Date('2026-01-01')],
  ['new', new Date('2026-02-01')],
])

const order = (candidates: readonly ReturnType<typeof candidate>[]) =>
  preferRecent(candidates, DATES).map(({ articleId, scores }) => [articleId, scores.fused])

it('puts the newest first among those that are near', () => {
  // Places of three dates: 1, ½ and 0; scores 0.7 × 1, 0.8 × ¾ and 1 × ½.
  expect(order([candidate('old', 1), candidate('middle', 0.8), candidate('new', 0.7)])).toEqual([
    ['new', 0.7],
    ['middle', expect.closeTo(0.6)],
    ['old', 0.5],
  ])
})

it('leaves what is new and beside the point behind', () => {
  expect(order([candidate('middle', 1), candidate('new', 0.4)])).toEqual([
    ['middle', 1],
    ['new', 0.2],
  ])
})

it('takes an article without a date for an old one', () => {
  expect(order([candidate('undated', 1), candidate('new', 0.6)])[0]).toEqual(['new', 0.6])
})

it('keeps the scores of the arms', () => {
  const [first] = preferRecent([candidate('old', 1), candidate('new', 0.9)], DATES)
  expect(first?.scores).toEqual({ keyword: 0.9, vector: null, fused: 0.9 })
})

it('has nothing to order among none', () => {
  expect(preferRecent([], DATES)).toEqual([])
})

import { describe, expect, it } from 'vitest'
import { insertFeedback, listLastFeedback } from '../../src/store/feedback.ts'
import { insertKeptCase, listKeptCases } from '../../src/store/kept-cases.ts'
import {
  addToReview,
  listReviews,
  loadReview,
  openReview,
  settleReview,
  type ReviewReason,
  type ReviewState,
} from '../../src/store/reviews.ts'
import { keepAnswer } from './answer-sketch.ts'
import type { LibraryUnderTest } from './library-under-test.ts'

export function describeReviews(library: LibraryUnderTest): void {
  describe('feedback', () => describeFeedback(library))
  describe('a review', () => describeReview(library))
  describe('the list of reviews', () => describeList(library))
  describe('settling a review', () => describeSettling(library))
  describe('kept cases', () => describeKeptCases(library))
}

const UP = { rating: 'up', comment: null, correction: null } as const
const DOWN = { rating: 'down', comment: 'No. 🐋', correction: 'They sing.' } as const

function describeFeedback(library: LibraryUnderTest): void {
  it('counts by what was said last of each answer', async () => {
    for (const id of ['ans_1', 'ans_2', 'ans_3']) await keepAnswer(library, { id })
    for (const given of [DOWN, UP, DOWN]) {
      expect(await insertFeedback(library.pool, 'ans_1', given)).toBe(true)
    }
    await insertFeedback(library.pool, 'ans_2', UP)
    const createdAt = expect.any(Date) as Date
    expect(await listLastFeedback(library.pool, ['ans_1', 'ans_2', 'ans_3'])).toEqual([
      { answerId: 'ans_1', ...DOWN, createdAt },
      { answerId: 'ans_2', ...UP, createdAt },
    ])
  })

  it('is not taken on an answer that is not there', async () => {
    expect(await insertFeedback(library.pool, 'ans_none', UP)).toBe(false)
  })

  it('goes with its answer', async () => {
    await keepAnswer(library, { id: 'ans_1' })
    await insertFeedback(library.pool, 'ans_1', UP)
    await library.pool.query(`delete from answer where answer.id = 'ans_1'`)
    expect(await listLastFeedback(library.pool, ['ans_1'])).toEqual([])
  })
}

interface ReviewSketch {
  readonly key?: string
  readonly reasons?: readonly ReviewReason[]
  readonly reopens?: boolean
}

function open(
  library: LibraryUnderTest,
  { key = 'whales', reasons = ['refused'], reopens = false }: ReviewSketch = {},
) {
  return openReview(library.pool, { question: `${key}?`, questionKey: key, reasons, reopens })
}

async function opened(library: LibraryUnderTest, sketch: ReviewSketch = {}): Promise<string> {
  const review = await open(library, sketch)
  if (review === undefined) throw new Error('The review was not opened.')
  return review.id
}

function settle(library: LibraryUnderTest, id: string): Promise<boolean> {
  return settleReview(library.pool, id, { action: 'dismiss', correction: null })
}

function describeReview(library: LibraryUnderTest): void {
  it('is one for a question while it is open', async () => {
    const first = await open(library)
    expect(first).toEqual({ id: expect.stringMatching(/^review_/) as string, isNew: true })
    expect(await open(library)).toEqual({ id: first?.id, isNew: false })
    expect((await open(library, { key: 'seals' }))?.isNew).toBe(true)
  })

  it('is one for a question that many ask at once', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => open(library)))
    expect(new Set(all.map((review) => review?.id)).size).toBe(1)
    expect(all.filter((review) => review?.isNew)).toHaveLength(1)
  })

  it('that is done is opened again only where it is asked for', async () => {
    const id = await opened(library)
    await settle(library, id)
    expect(await open(library)).toBeUndefined()
    const again = await open(library, { reopens: true })
    expect(again?.isNew).toBe(true)
    expect(again?.id).not.toBe(id)
    // Now that it is open, it is joined without being asked for.
    expect(await open(library)).toEqual({ id: again?.id, isNew: false })
  })

  it('has its answers in the order in which they came, and each of its reasons once', async () => {
    for (const id of ['ans_2', 'ans_1']) await keepAnswer(library, { id })
    const id = await opened(library)
    const both: readonly ReviewReason[] = ['refused', 'dropped-sentence']
    await addToReview(library.pool, id, { answerId: 'ans_2', reasons: both })
    await addToReview(library.pool, id, { answerId: 'ans_1', reasons: ['refused'] })
    await addToReview(library.pool, id, { answerId: 'ans_2', reasons: ['thumb-down', 'refused'] })
    expect(await loadReview(library.pool, id)).toMatchObject({
      id,
      question: 'whales?',
      answerIds: ['ans_2', 'ans_1'],
      reasons: ['thumb-down', 'dropped-sentence', 'refused'],
      state: 'open',
      action: null,
      correction: null,
    })
    expect(await loadReview(library.pool, 'review_none')).toBeUndefined()
  })

  it('stays where its answers go', async () => {
    await keepAnswer(library, { id: 'ans_1' })
    const id = await opened(library)
    await addToReview(library.pool, id, { answerId: 'ans_1', reasons: ['refused'] })
    await library.pool.query(`delete from answer where answer.id = 'ans_1'`)
    expect(await loadReview(library.pool, id)).toMatchObject({ answerIds: [], reasons: [] })
  })
}

async function pages(library: LibraryUnderTest, state: ReviewState, limit: number) {
  const ids: string[] = []
  for (let after = null; ;) {
    const page = await listReviews(library.pool, state, { after, limit })
    ids.push(...page.map(({ id }) => id))
    const last = page.at(-1)
    if (last === undefined) return ids
    after = last as never
  }
}

function describeList(library: LibraryUnderTest): void {
  it('begins with thumbs down and ends with what was asked for, the newest first', async () => {
    const asked = await opened(library, { key: 'a', reasons: ['asked-for'] })
    const down = await opened(library, { key: 'b', reasons: ['thumb-down'] })
    const refused = await opened(library, { key: 'c', reasons: ['refused'] })
    const dropped = await opened(library, { key: 'd', reasons: ['refused', 'dropped-sentence'] })
    const older = await opened(library, { key: 'e', reasons: ['refused'] })
    await library.pool.query(
      `update review set created_at = created_at - interval '1 day' where review.id = $1::text`,
      [older],
    )
    const order = [down, dropped, refused, older, asked]
    for (const limit of [1, 2, 5, 100]) expect(await pages(library, 'open', limit)).toEqual(order)
  })

  it('puts a review forward when a more pressing reason comes, and never back', async () => {
    const first = await opened(library, { key: 'a', reasons: ['refused'] })
    const second = await opened(library, { key: 'b', reasons: ['dropped-sentence'] })
    expect(await pages(library, 'open', 10)).toEqual([second, first])
    await open(library, { key: 'a', reasons: ['thumb-down'] })
    await open(library, { key: 'a', reasons: ['asked-for'] })
    expect(await pages(library, 'open', 10)).toEqual([first, second])
  })

  it('loses none of those that came in one moment', async () => {
    const ids = []
    for (let at = 0; at < 7; at += 1) ids.push(await opened(library, { key: `q${at}` }))
    await library.pool.query('update review set created_at = (select min(created_at) from review)')
    expect((await pages(library, 'open', 2)).toSorted()).toEqual(ids.toSorted())
  })

  it('tells the open from the done', async () => {
    const id = await opened(library)
    await settle(library, id)
    const other = await opened(library, { key: 'seals' })
    expect(await pages(library, 'open', 10)).toEqual([other])
    expect(await pages(library, 'done', 10)).toEqual([id])
  })
}

function describeSettling(library: LibraryUnderTest): void {
  it('is done once, and keeps what was decided', async () => {
    const id = await opened(library)
    const correct = { action: 'correct', correction: 'They sing.' } as const
    expect(await settleReview(library.pool, id, correct)).toBe(true)
    expect(await settle(library, id)).toBe(false)
    expect(await settle(library, 'review_none')).toBe(false)
    expect(await loadReview(library.pool, id)).toMatchObject({ state: 'done', ...correct })
  })
}

function describeKeptCases(library: LibraryUnderTest): void {
  it('come back as they were, the oldest first, page by page', async () => {
    for (const id of ['b', 'a', 'c']) {
      const reviewId = await opened(library, { key: id })
      const body = { id, question: `${id}? 🐋`, facts: [['8000', '8 kB']] }
      expect(await insertKeptCase(library.pool, { id, reviewId, body })).toBe(true)
    }
    const all = await listKeptCases(library.pool, { after: null, limit: null })
    expect(all).toHaveLength(3)
    expect(all.find(({ id }) => id === 'a')?.body).toEqual({
      id: 'a',
      question: 'a? 🐋',
      facts: [['8000', '8 kB']],
    })
    const [first, second] = all
    const page = await listKeptCases(library.pool, { after: first ?? null, limit: 1 })
    expect(page).toEqual([second])
  })

  it('have an id each', async () => {
    const one = { id: 'rev-1', reviewId: await opened(library), body: {} }
    const other = { ...one, reviewId: await opened(library, { key: 'seals' }) }
    expect(await insertKeptCase(library.pool, one)).toBe(true)
    expect(await insertKeptCase(library.pool, other)).toBe(false)
  })
}

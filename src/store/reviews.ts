import { randomUUID } from 'node:crypto'
import type { Queryable } from '../db/database.ts'

/** The most pressing first. */
export const REVIEW_REASONS = ['thumb-down', 'dropped-sentence', 'refused', 'asked-for'] as const

export type ReviewReason = (typeof REVIEW_REASONS)[number]
export type ReviewState = 'open' | 'done'
export type ReviewAction = 'correct' | 'golden' | 'dismiss'

export interface Review {
  readonly id: string
  readonly question: string
  /** In the order in which they came. */
  readonly answerIds: readonly string[]
  readonly reasons: readonly ReviewReason[]
  readonly state: ReviewState
  readonly action: ReviewAction | null
  readonly correction: string | null
  readonly priority: number
  readonly createdAt: Date
}

/** The last review of a page; the next page begins behind it. */
export type ReviewCursor = Pick<Review, 'priority' | 'createdAt' | 'id'>

interface ReviewToOpen {
  readonly question: string
  readonly questionKey: string
  readonly reasons: readonly ReviewReason[]
  /** Whether it is opened also where the question has been reviewed before. */
  readonly reopens: boolean
}

/**
 * The open review of the question: the one that is there, or else a new one. Undefined where the
 * question has been reviewed and is not to be opened again.
 */
export async function openReview(
  db: Queryable,
  { question, questionKey, reasons, reopens }: ReviewToOpen,
): Promise<{ readonly id: string; readonly isNew: boolean } | undefined> {
  const newId = `review_${randomUUID()}`
  const { rows } = await db.query<{ id: string }>(
    `insert into review (id, question, question_key, priority)
     select $1::text, $2::text, $3::text, $4::integer
     where $5::boolean
       or exists (select 1 from review
         where review.question_key = $3::text and review.state = 'open')
       or not exists (select 1 from review where review.question_key = $3::text)
     on conflict (question_key) where state = 'open'
       do update set priority = least(review.priority, excluded.priority)
     returning review.id`,
    [newId, question, questionKey, priorityOf(reasons), reopens],
  )
  const id = rows[0]?.id
  return id === undefined ? undefined : { id, isNew: id === newId }
}

function priorityOf(reasons: readonly ReviewReason[]): number {
  return Math.min(...reasons.map((reason) => REVIEW_REASONS.indexOf(reason)))
}

export async function addToReview(
  db: Queryable,
  id: string,
  { answerId, reasons }: { readonly answerId: string; readonly reasons: readonly ReviewReason[] },
): Promise<void> {
  await db.query(
    `insert into review_answer (review_id, answer_id, reason)
     select $1::text, $2::text, given.reason from unnest($3::text[]) as given (reason)
     on conflict do nothing`,
    [id, answerId, reasons],
  )
}

const SELECT_REVIEW = `
  select review.id, review.question, review.state, review.action, review.correction,
    review.priority, review.created_at as "createdAt",
    array(select entry.answer_id from review_answer as entry where entry.review_id = review.id
      group by entry.answer_id order by min(entry.ordinal)) as "answerIds",
    array(select distinct entry.reason from review_answer as entry
      where entry.review_id = review.id) as reasons
  from review`

export async function loadReview(db: Queryable, id: string): Promise<Review | undefined> {
  const { rows } = await db.query<Review>(SELECT_REVIEW + ' where review.id = $1::text', [id])
  return rows.map(toReview)[0]
}

const LIST_REVIEWS = `
  ${SELECT_REVIEW}
  where review.state = $1::text
    and ($4::text is null or review.priority > $2::integer
      or (review.priority = $2::integer
        and (review.created_at, review.id) < ($3::timestamptz, $4::text)))
  order by review.priority, review.created_at desc, review.id desc
  limit $5::integer`

/** The most pressing first, and of those the newest. */
export async function listReviews(
  db: Queryable,
  state: ReviewState,
  { after, limit }: { readonly after: ReviewCursor | null; readonly limit: number },
): Promise<readonly Review[]> {
  const { rows } = await db.query<Review>(LIST_REVIEWS, [
    state,
    after?.priority ?? null,
    after?.createdAt ?? null,
    after?.id ?? null,
    limit,
  ])
  return rows.map(toReview)
}

function toReview(row: Review): Review {
  return { ...row, reasons: REVIEW_REASONS.filter((reason) => row.reasons.includes(reason)) }
}

/** False where there is no such review, or where it is done already. */
export async function settleReview(
  db: Queryable,
  id: string,
  { action, correction }: { readonly action: ReviewAction; readonly correction: string | null },
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update review
     set state = 'done', action = $2::text, correction = $3::text, settled_at = now()
     where review.id = $1::text and review.state = 'open'`,
    [id, action, correction],
  )
  return rowCount === 1
}

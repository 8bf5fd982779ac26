import type { Queryable } from '../db/database.ts'

export interface GivenFeedback {
  readonly rating: 'up' | 'down'
  readonly comment: string | null
  readonly correction: string | null
}

export interface Feedback extends GivenFeedback {
  readonly answerId: string
  readonly createdAt: Date
}

/** False where there is no such answer. */
export async function insertFeedback(
  db: Queryable,
  answerId: string,
  { rating, comment, correction }: GivenFeedback,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into feedback (answer_id, rating, comment, correction)
     select answer.id, $2::text, $3::text, $4::text
     from answer where answer.id = $1::text for key share`,
    [answerId, rating, comment, correction],
  )
  return rowCount === 1
}

/** What counts of each answer: the last that was said of it. */
export async function listLastFeedback(
  db: Queryable,
  answerIds: readonly string[],
): Promise<readonly Feedback[]> {
  const { rows } = await db.query<Feedback>(
    `select distinct on (feedback.answer_id) feedback.answer_id as "answerId", feedback.rating,
       feedback.comment, feedback.correction, feedback.created_at as "createdAt"
     from feedback where feedback.answer_id = any($1::text[])
     order by feedback.answer_id, feedback.id desc`,
    [answerIds],
  )
  return rows
}

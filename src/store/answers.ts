import type { Queryable } from '../db/database.ts'
import { blankQuotes } from './blank-quotes.ts'

export interface KeptAnswer {
  readonly id: string
  readonly status: string
  readonly reason: string | null
  readonly question: string
  readonly promptHash: string | null
  /** By which it is found to be given again; null where it never is. */
  readonly fingerprint?: string | null
  readonly corpusRevision: number
  /** The answer as it was given, and how it came about; both as they are sent. */
  readonly body: object
  readonly trace: object
  readonly articleIds: readonly string[]
}

/**
 * Keeps an answer, without its quotes of articles that were deleted while it was written. Must run in a
 * transaction.
 */
export async function insertAnswer(db: Queryable, answer: KeptAnswer): Promise<void> {
  await db.query(
    `insert into answer
       (id, status, reason, question, prompt_hash, corpus_revision, body, trace, fingerprint)
     values ($1::text, $2::text, $3::text, $4::text, $5::text, $6::bigint, $7::jsonb, $8::jsonb,
       $9::text)`,
    [
      answer.id,
      answer.status,
      answer.reason,
      answer.question,
      answer.promptHash,
      answer.corpusRevision,
      JSON.stringify(answer.body),
      JSON.stringify(answer.trace),
      answer.fingerprint ?? null,
    ],
  )
  await db.query(
    `insert into answer_article (answer_id, article_id)
     select $1::text, quoted.id from unnest($2::text[]) as quoted (id)`,
    [answer.id, answer.articleIds],
  )
  const { rows } = await db.query<{ id: string }>(
    'select article.id from article where article.id = any($1::text[]) for key share',
    [answer.articleIds],
  )
  const gone = answer.articleIds.filter((id) => !rows.some((row) => row.id === id))
  if (gone.length > 0) await blankQuotes(db, gone)
}

export async function loadAnswer(
  db: Queryable,
  id: string,
): Promise<{ readonly body: object; readonly trace: object } | undefined> {
  const { rows } = await db.query<{ body: object; trace: object }>(
    'select answer.body, answer.trace from answer where answer.id = $1::text',
    [id],
  )
  return rows[0]
}

/**
 * The newest answer with the fingerprint, as it was given. None where the last that a reader said of any of
 * them was that it is wrong: asked anew they say the same.
 */
export async function loadAnswerToRepeat(
  db: Queryable,
  fingerprint: string,
): Promise<object | undefined> {
  const { rows } = await db.query<{ body: object }>(
    `select answer.body from answer
     where answer.fingerprint is not null and answer.fingerprint = $1::text
       and coalesce((
         select feedback.rating
         from feedback join answer as same on same.id = feedback.answer_id
         where same.fingerprint is not null and same.fingerprint = $1::text
         order by feedback.id desc limit 1), 'up') <> 'down'
     order by answer.created_at desc limit 1`,
    [fingerprint],
  )
  return rows[0]?.body
}

interface OldAnswers {
  /** Those given earlier. */
  readonly before: Date
  /** Evaluations that others are still held against. */
  readonly keptRuns: readonly string[]
  readonly limit: number
}

/** Deletes the oldest, but none that an open review waits for or a kept run holds; says how many. */
export async function deleteOldAnswers(
  db: Queryable,
  { before, keptRuns, limit }: OldAnswers,
): Promise<number> {
  const { rowCount } = await db.query(
    `delete from answer where answer.id in (
       select old.id from answer as old
       where old.created_at < $1::timestamptz
         and not exists (
           select 1 from review_answer join review on review.id = review_answer.review_id
           where review_answer.answer_id = old.id and review.state = 'open')
         and not exists (
           select 1 from evaluation_row
           where evaluation_row.answer_id = old.id
             and evaluation_row.evaluation_id = any($2::text[]))
       order by old.created_at limit $3::integer)`,
    [before, keptRuns, limit],
  )
  return rowCount ?? 0
}

/** The room of what was deleted is used again: a Postgres server sees to that by itself. */
export async function reuseRoomOfAnswers(db: Queryable): Promise<void> {
  await db.query('vacuum answer, answer_article')
}

import type { Queryable } from '../db/database.ts'
import { blankQuotes } from './blank-quotes.ts'

export interface KeptAnswer {
  readonly id: string
  readonly status: string
  readonly reason: string | null
  readonly question: string
  readonly promptHash: string | null
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
    `insert into answer (id, status, reason, question, prompt_hash, corpus_revision, body, trace)
     values ($1::text, $2::text, $3::text, $4::text, $5::text, $6::bigint, $7::jsonb, $8::jsonb)`,
    [
      answer.id,
      answer.status,
      answer.reason,
      answer.question,
      answer.promptHash,
      answer.corpusRevision,
      JSON.stringify(answer.body),
      JSON.stringify(answer.trace),
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

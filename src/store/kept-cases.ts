import type { Queryable } from '../db/database.ts'

export interface KeptCase {
  readonly id: string
  readonly reviewId: string
  /** The golden case. */
  readonly body: object
  readonly createdAt: Date
}

/** The last case of a page; the next page begins behind it. */
export type KeptCaseCursor = Pick<KeptCase, 'createdAt' | 'id'>

/** False where there is a case with this id already. */
export async function insertKeptCase(
  db: Queryable,
  { id, reviewId, body }: Omit<KeptCase, 'createdAt'>,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into kept_case (id, review_id, body) values ($1::text, $2::text, $3::jsonb)
     on conflict (id) do nothing`,
    [id, reviewId, JSON.stringify(body)],
  )
  return rowCount === 1
}

/** The oldest first; with no limit, all that come behind. */
export async function listKeptCases(
  db: Queryable,
  { after, limit }: { readonly after: KeptCaseCursor | null; readonly limit: number | null },
): Promise<readonly KeptCase[]> {
  const { rows } = await db.query<KeptCase>(
    `select kept_case.id, kept_case.review_id as "reviewId", kept_case.body,
       kept_case.created_at as "createdAt"
     from kept_case
     where $2::text is null
       or (kept_case.created_at, kept_case.id) > ($1::timestamptz, $2::text)
     order by kept_case.created_at, kept_case.id
     limit $3::integer`,
    [after?.createdAt ?? null, after?.id ?? null, limit],
  )
  return rows
}

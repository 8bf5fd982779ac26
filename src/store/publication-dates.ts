import type { Queryable } from '../db/database.ts'

/** When each article was published; one without a date is missing. */
export async function loadPublicationDates(
  db: Queryable,
  articleIds: readonly string[],
): Promise<ReadonlyMap<string, Date>> {
  const { rows } = await db.query<{ id: string; publishedAt: Date }>(
    `select article.id, article.published_at as "publishedAt"
     from article
     where article.id = any($1::text[]) and article.published_at is not null`,
    [articleIds],
  )
  return new Map(rows.map(({ id, publishedAt }) => [id, publishedAt]))
}

import type { Queryable } from '../db/database.ts'
import type { Filters } from '../domain.ts'
import { ARTICLE_FILTER, toFilterValues } from './article-filter.ts'

/** So many chunks are gone through one by one in some 20 ms, by keywords as by vectors. */
const FEW = 2_000

// Article by article until there are enough: a join of both tables would read one of them whole first.
const LIST_FEW_CHUNKS = `
  select passed.id::text from article
  cross join lateral (
    select chunk.id from chunk where chunk.article_id = article.id and chunk.live offset 0
  ) as passed
  where ${ARTICLE_FILTER} and ($7::text is null or article.id = $7::text)
  limit $8::integer`

/**
 * The live chunks that pass, where a filter leaves few of them: an index that gives the best of the whole
 * library may have none of these among them. Null where there are more, or nothing is filtered.
 */
export async function listFewChunks(
  db: Queryable,
  filters: Filters,
  articleId?: string,
): Promise<readonly string[] | null> {
  const values = toFilterValues(filters)
  if (articleId === undefined && values.every((value) => value === null)) return null
  const { rows } = await db.query<{ id: string }>(LIST_FEW_CHUNKS, [
    ...values,
    articleId ?? null,
    FEW + 1,
  ])
  return rows.length > FEW ? null : rows.map(({ id }) => id)
}

import type { Queryable } from '../db/database.ts'
import type { Filters, Vector } from '../domain.ts'
import { ARTICLE_FILTER, toFilterValues } from './article-filter.ts'
import type { ArmHit } from './search-keywords.ts'

interface SearchOptions {
  readonly filters: Filters
  readonly limit: number
  readonly model: string
}

const SEARCH_VECTORS = `
  select chunk.id::text as "chunkId", chunk.article_id as "articleId",
    -(chunk.embedding <#> $7::vector) as score
  from chunk
  join article on article.id = chunk.article_id
  where chunk.live and chunk.embedding_model = $8::text and ${ARTICLE_FILTER}
  order by chunk.embedding <#> $7::vector, chunk.id
  limit $9::integer`

/** Exact nearest live chunks by inner product, best first; vectors are of unit length. */
export async function searchVectors(
  db: Queryable,
  vector: Vector,
  { filters, limit, model }: SearchOptions,
): Promise<readonly ArmHit[]> {
  const { rows } = await db.query<ArmHit>(SEARCH_VECTORS, [
    ...toFilterValues(filters),
    toVectorText(vector),
    model,
    limit,
  ])
  return rows
}

/** pgvector's text form; vectors travel as text and are cast in the statement. */
export function toVectorText(vector: Vector): string {
  return `[${vector.join(',')}]`
}

/** Whether a live chunk has its vector from another model than this one: search is then partly blind. */
export async function hasOtherModels(db: Queryable, model: string): Promise<boolean> {
  const { rows } = await db.query<{ found: boolean }>(
    `select exists (select 1 from chunk where chunk.live and chunk.embedding_model < $1::text)
       or exists (select 1 from chunk where chunk.live and chunk.embedding_model > $1::text) as found`,
    [model],
  )
  return rows[0]?.found === true
}

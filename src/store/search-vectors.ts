import type { Queryable } from '../db/database.ts'
import type { Filters, Vector } from '../domain.ts'
import { ARTICLE_FILTER, toFilterValues } from './article-filter.ts'
import { listFewChunks } from './few-chunks.ts'
import type { ArmHit } from './search-keywords.ts'
import { hasVectorIndex } from './vector-index.ts'

interface SearchOptions {
  readonly filters: Filters
  readonly limit: number
  readonly model: string
  /** Only this article's chunks are returned. */
  readonly articleId?: string
}

/**
 * Nearest live chunks by inner product, best first; vectors are of unit length. Exact where there is no
 * index (see vector-index.ts), where the filters leave few chunks, and where the index gave fewer than
 * were asked for. Must run in a transaction with one snapshot, which the scan's settings end with.
 */
export async function searchVectors(
  db: Queryable,
  vector: Vector,
  options: SearchOptions,
): Promise<readonly ArmHit[]> {
  const { filters, limit, model, articleId } = options
  if (!(await hasVectorIndex(db, model)))
    return searchExactly(db, vector, { ...options, few: null })
  const few = await listFewChunks(db, filters, articleId)
  if (few !== null) return searchExactly(db, vector, { ...options, few })
  const hits = await searchIndex(db, vector, options)
  return hits.length < limit ? searchExactly(db, vector, { ...options, few: null }) : hits
}

const SEARCH_EXACTLY = `
  select chunk.id::text as "chunkId", chunk.article_id as "articleId",
    -(chunk.embedding <#> $7::vector) as score
  from chunk
  join article on article.id = chunk.article_id
  where chunk.live and chunk.embedding_model = $8::text and ${ARTICLE_FILTER}
    and ($10::text is null or chunk.article_id = $10::text)
    and ($11::bigint[] is null or chunk.id = any($11::bigint[]))
  order by chunk.embedding <#> $7::vector, chunk.id
  limit $9::integer`

async function searchExactly(
  db: Queryable,
  vector: Vector,
  {
    filters,
    limit,
    model,
    articleId,
    few,
  }: SearchOptions & { readonly few: readonly string[] | null },
): Promise<readonly ArmHit[]> {
  const { rows } = await db.query<ArmHit>(SEARCH_EXACTLY, [
    ...toFilterValues(filters),
    toVectorText(vector),
    model,
    limit,
    articleId ?? null,
    few,
  ])
  return rows
}

// The predicate and the expression are those of the index, word for word but for their two values: the
// planner puts values in before it looks for an index, so that nothing is written into the statement.
// (The third argument of vector() is what a cast that is written out has there.)
const SEARCH_INDEX = `
  with nearest as materialized (
    select chunk.id, chunk.article_id,
      vector(chunk.embedding, $10::integer, true) <#> $7::vector as distance
    from chunk
    join article on article.id = chunk.article_id
    where chunk.live and chunk.embedding_model = $8::text and ${ARTICLE_FILTER}
    order by vector(chunk.embedding, $10::integer, true) <#> $7::vector
    limit $9::integer
  )
  select nearest.id::text as "chunkId", nearest.article_id as "articleId",
    -nearest.distance as score
  from nearest
  order by nearest.distance, nearest.id`

async function searchIndex(
  db: Queryable,
  vector: Vector,
  { filters, limit, model }: SearchOptions,
): Promise<readonly ArmHit[]> {
  const { rows } = await db.query<ArmHit>(SEARCH_INDEX, [
    ...toFilterValues(filters),
    toVectorText(vector),
    model,
    limit,
    vector.length,
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

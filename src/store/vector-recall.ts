import type { Queryable } from '../db/database.ts'
import { hasVectorIndex } from './vector-index.ts'

/** How many of the nearest are held against the exact ones. */
const RECALL_AT = 10

// Held against the distance of the last exact one, so that of chunks that are alike any will do.
const MEASURE_RECALL = `
  with bounds as (
    select min(chunk.id) as low, max(chunk.id) as high from chunk
  ), probe as materialized (
    select chunk.embedding from chunk cross join bounds
    where chunk.live and chunk.embedding_model = $1::text
      and chunk.id >= bounds.low + ((bounds.high - bounds.low) * $2::float8)::bigint
    order by chunk.id limit 1
  ), exact as (
    select max(nearest.distance) as last, count(*) as wanted from (
      select chunk.embedding <#> (select probe.embedding from probe) as distance from chunk
      where chunk.live and chunk.embedding_model = $1::text
      order by chunk.embedding <#> (select probe.embedding from probe)
      limit $4::integer) as nearest
  ), found as materialized (
    select vector(chunk.embedding, $3::integer, true) <#> (select probe.embedding from probe)
      as distance
    from chunk
    where chunk.live and chunk.embedding_model = $1::text
    order by vector(chunk.embedding, $3::integer, true) <#> (select probe.embedding from probe)
    limit $4::integer
  )
  select (select count(*) from found where found.distance <= exact.last + 1e-6)
    / exact.wanted::float8 as recall
  from exact where exact.wanted > 0`

/**
 * The share of a stored vector's ten nearest that the index finds; `place`, from 0 to 1, picks the vector.
 * Null where there is no index or no vector. Must run in a transaction, for the settings of its scan.
 */
export async function measureVectorRecall(
  db: Queryable,
  model: string,
  place: number,
): Promise<number | null> {
  if (!(await hasVectorIndex(db, model))) return null
  const { rows: sizes } = await db.query<{ dimensions: number }>(
    `select vector_dims(chunk.embedding) as dimensions from chunk
     where chunk.live and chunk.embedding_model = $1::text limit 1`,
    [model],
  )
  const values = [model, place, sizes[0]?.dimensions ?? 0, RECALL_AT]
  const { rows } = await db.query<{ recall: number }>(MEASURE_RECALL, values)
  return rows[0]?.recall ?? null
}

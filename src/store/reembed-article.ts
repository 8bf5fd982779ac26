import type { Queryable } from '../db/database.ts'
import type { Vector } from '../domain.ts'
import { toVectorText } from './search-vectors.ts'

export interface StoredChunk {
  readonly id: string
  readonly title: string
  readonly headingPath: readonly string[]
  readonly text: string
  readonly sentences: readonly { readonly id: string; readonly text: string }[]
}

/** The chunks of an article's current revision, as they must be embedded again. */
export async function loadStoredChunks(
  db: Queryable,
  articleId: string,
): Promise<readonly StoredChunk[]> {
  const chunks = await db.query<StoredChunk & { start: number }>(
    `select chunk.id::text, article.title, chunk.heading_path as "headingPath", chunk.text,
       chunk.start_offset as start
     from chunk join article on article.id = chunk.article_id
     where chunk.article_id = $1::text order by chunk.ordinal`,
    [articleId],
  )
  const sentences = await db.query<{ id: string; chunkId: string; start: number; end: number }>(
    `select sentence.id::text, sentence.chunk_id::text as "chunkId", sentence.start_offset as start,
       sentence.end_offset as end
     from sentence join chunk on chunk.id = sentence.chunk_id
     where chunk.article_id = $1::text order by sentence.chunk_id, sentence.ordinal`,
    [articleId],
  )
  return chunks.rows.map(({ start: chunkStart, ...chunk }) => ({
    ...chunk,
    sentences: sentences.rows
      .filter(({ chunkId }) => chunkId === chunk.id)
      .map(({ id, start, end }) => ({
        id,
        text: chunk.text.slice(start - chunkStart, end - chunkStart),
      })),
  }))
}

export interface IdentifiedVector {
  readonly id: string
  readonly vector: Vector
}

/** Switches an article's vectors to another model, all at once: call it in a transaction. */
export async function replaceVectors(
  db: Queryable,
  vectors: {
    readonly chunks: readonly IdentifiedVector[]
    readonly sentences: readonly IdentifiedVector[]
  },
  model: string,
): Promise<void> {
  await db.query(
    `update chunk set embedding = given.vector::vector, embedding_model = $3::text
     from unnest($1::bigint[], $2::text[]) as given (id, vector) where chunk.id = given.id`,
    [
      vectors.chunks.map(({ id }) => id),
      vectors.chunks.map(({ vector }) => toVectorText(vector)),
      model,
    ],
  )
  await db.query(
    `update sentence set embedding = given.vector::vector, embedding_model = $3::text
     from unnest($1::bigint[], $2::text[]) as given (id, vector) where sentence.id = given.id`,
    [
      vectors.sentences.map(({ id }) => id),
      vectors.sentences.map(({ vector }) => toVectorText(vector)),
      model,
    ],
  )
}

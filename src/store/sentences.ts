import type { Queryable } from '../db/database.ts'
import type { EvidenceSentence, Vector } from '../domain.ts'
import { toVectorText } from './search-vectors.ts'

/** A candidate chunk with all it needs to become a passage. */
export interface ChunkText {
  readonly chunkId: string
  readonly articleId: string
  readonly revision: number
  readonly url: string | null
  readonly title: string
  readonly headingPath: readonly string[]
  readonly publishedAt: Date | null
  readonly start: number
  readonly text: string
  readonly sentences: readonly ScoredSentence[]
}

export interface ScoredSentence extends EvidenceSentence {
  /** Null where the question or the sentence has no vector of the model. */
  readonly similarity: number | null
  /** The same for each part of a question in parts; empty where there are none. */
  readonly partSimilarities: readonly number[]
}

interface LoadOptions {
  readonly vector: Vector | null
  /** Of the parts of a question in parts. */
  readonly partVectors?: readonly Vector[]
  readonly model: string
  /** Ids of sentences to leave out, as if the article did not have them. */
  readonly exclude: readonly string[]
}

interface ChunkRow {
  readonly chunkId: string
  readonly articleId: string
  readonly revision: number
  readonly url: string | null
  readonly title: string
  readonly headingPath: string[]
  readonly publishedAt: Date | null
  readonly start: number
  readonly text: string
}

interface SentenceRow {
  readonly id: string
  readonly chunkId: string
  readonly start: number
  readonly end: number
  readonly similarity: number | null
  readonly partSimilarities: readonly number[]
}

/** The texts of chunks with their sentences, in the order of `chunkIds`; one that has gone is left out. */
export async function loadChunkTexts(
  db: Queryable,
  chunkIds: readonly string[],
  options: LoadOptions,
): Promise<readonly ChunkText[]> {
  const chunks = await db.query<ChunkRow>(
    `select chunk.id::text as "chunkId", chunk.article_id as "articleId", chunk.revision,
       article.url, article.title, chunk.heading_path as "headingPath",
       article.published_at as "publishedAt", chunk.start_offset as start, chunk.text
     from unnest($1::bigint[]) with ordinality as wanted (id, position)
     join chunk on chunk.id = wanted.id
     join article on article.id = chunk.article_id
     order by wanted.position`,
    [chunkIds],
  )
  const sentences = await loadSentences(db, chunkIds, options)
  return chunks.rows.map((chunk) => ({
    ...chunk,
    sentences: sentences
      .filter(({ chunkId }) => chunkId === chunk.chunkId)
      .map(({ id, start, end, similarity, partSimilarities }) => ({
        id,
        start,
        end,
        similarity,
        partSimilarities,
        text: chunk.text.slice(start - chunk.start, end - chunk.start),
      })),
  }))
}

async function loadSentences(
  db: Queryable,
  chunkIds: readonly string[],
  { vector, partVectors = [], model, exclude }: LoadOptions,
): Promise<readonly SentenceRow[]> {
  const { rows } = await db.query<SentenceRow>(
    `select sentence.id::text, sentence.chunk_id::text as "chunkId",
       sentence.start_offset as start, sentence.end_offset as end,
       case when sentence.embedding_model = $3::text
         then -(sentence.embedding <#> $2::vector) end as similarity,
       array(select -(sentence.embedding <#> part.vector::vector)
         from unnest($5::text[]) with ordinality as part (vector, position)
         where sentence.embedding_model = $3::text
         order by part.position) as "partSimilarities"
     from sentence
     where sentence.chunk_id = any($1::bigint[]) and sentence.id <> all($4::bigint[])
     order by sentence.chunk_id, sentence.ordinal`,
    [
      chunkIds,
      vector === null ? null : toVectorText(vector),
      model,
      exclude,
      partVectors.map(toVectorText),
    ],
  )
  return rows
}

/**
 * How near each of some texts (by their vectors) is to each sentence: a row a vector, keyed by the
 * sentence's id. A sentence that was replaced meanwhile is missing.
 */
export async function sentenceSimilarities(
  db: Queryable,
  vectors: readonly Vector[],
  { sentenceIds, model }: { readonly sentenceIds: readonly string[]; readonly model: string },
): Promise<readonly ReadonlyMap<string, number>[]> {
  const { rows } = await db.query<{ row: number; id: string; similarity: number }>(
    `select probe.position::integer as row, sentence.id::text,
       -(sentence.embedding <#> probe.vector::vector) as similarity
     from unnest($1::text[]) with ordinality as probe (vector, position)
     cross join sentence
     where sentence.id = any($2::bigint[]) and sentence.embedding_model = $3::text`,
    [vectors.map(toVectorText), sentenceIds, model],
  )
  const maps = vectors.map(() => new Map<string, number>())
  for (const { row, id, similarity } of rows) maps[row - 1]?.set(id, similarity)
  return maps
}

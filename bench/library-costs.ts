// What a library takes on disk, and what its sentences cost beside its chunks as it is embedded.
import { chunkContext } from '../ingest/chunk-article.ts'
import type { Queryable } from '../src/db/database.ts'
import type { EmbeddingModel } from '../src/models/embedding.ts'
import type { ChunkText } from '../src/store/sentences.ts'

export interface Storage {
  readonly articles: number
  readonly chunks: number
  readonly sentences: number
  /** Bytes, by what they are for. */
  readonly bytes: Readonly<Record<string, number>>
}

/** Of values: as they lie in their rows. Of tables: with their indexes and what is stored out of line. */
const STORAGE = `
  select
    (select count(*)::integer from article) as articles,
    (select count(*)::integer from chunk) as chunks,
    (select count(*)::integer from sentence) as sentences,
    json_build_object(
      'chunk vectors', (select sum(pg_column_size(chunk.embedding)) from chunk),
      'sentence vectors', (select sum(pg_column_size(sentence.embedding)) from sentence),
      'articles'' text', (select sum(pg_column_size(revision.text)) from revision),
      'chunks'' text', (select sum(pg_column_size(chunk.text)) from chunk),
      'postings, whole', pg_total_relation_size('posting'),
      'chunks, whole', pg_total_relation_size('chunk'),
      'sentences, whole', pg_total_relation_size('sentence'),
      'revisions, whole', pg_total_relation_size('revision'),
      'articles, whole', pg_total_relation_size('article')
    ) as bytes`

export async function loadStorage(db: Queryable): Promise<Storage> {
  const { rows } = await db.query<Storage>(STORAGE)
  const [storage] = rows
  if (storage === undefined) throw new Error('The database did not tell its sizes.')
  return storage
}

interface EmbedOptions {
  readonly embedding: EmbeddingModel
  readonly countTokens: (text: string) => number
  readonly signal: AbortSignal
}

export interface EmbedCost {
  readonly texts: number
  readonly tokens: number
  readonly ms: number
}

/** Texts of one kind after the other, a few chunks at a time, so that a change of the machine's speed meets both. */
export async function measureEmbedding(
  chunks: readonly ChunkText[],
  { embedding, countTokens, signal }: EmbedOptions,
): Promise<Readonly<Record<'chunks' | 'sentences', EmbedCost>>> {
  const costs = { chunks: { ...NOTHING }, sentences: { ...NOTHING } }
  await embedding.embedTexts(['warm'], { signal })
  for (const chunk of chunks) {
    const texts = { chunks: [textOf(chunk)], sentences: chunk.sentences.map(({ text }) => text) }
    for (const kind of ['chunks', 'sentences'] as const) {
      const startedAt = performance.now()
      await embedding.embedTexts(texts[kind], { signal })
      costs[kind].ms += performance.now() - startedAt
      costs[kind].texts += texts[kind].length
      costs[kind].tokens += texts[kind].reduce((sum, text) => sum + countTokens(text), 0)
    }
  }
  return costs
}

const NOTHING = { texts: 0, tokens: 0, ms: 0 }

/** As a chunk is embedded, and as its words are counted: under its title and headings. */
export function textOf({ title, headingPath, text }: ChunkText): string {
  return `${chunkContext(title, headingPath)}\n${text}`
}

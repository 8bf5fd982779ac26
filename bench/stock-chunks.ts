// What LangChain's splitter and an exact search by the same embedding model find, in memory: the stock
// pipeline's ranking without the database that the evaluation's arm needs.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RecursiveCharacterTextSplitter } from '@langchain/textsplitters'
import type { ArticleSpan } from '../eval/case-answer.ts'
import { splitArticle } from '../eval/langchain-arm.ts'
import type { Vector } from '../src/domain.ts'
import type { EmbeddingModel } from '../src/models/embedding.ts'
import type { ArticleText } from '../src/store/library-texts.ts'

export interface StockChunk extends ArticleSpan {
  /** 0 for an article without a date. */
  readonly publishedMs: number
}

export interface StockIndex {
  readonly chunks: readonly StockChunk[]
  /** One behind the other. */
  readonly vectors: Float32Array
}

interface EmbedOptions {
  readonly embedding: EmbeddingModel
  /** Where vectors are kept for the next run; null: nowhere. */
  readonly keepIn: string | null
  readonly onProgress: (done: number) => void
  readonly signal: AbortSignal
}

export async function splitStock(
  articles: AsyncIterable<ArticleText> | Iterable<ArticleText>,
): Promise<StockChunk[]> {
  const chunks: StockChunk[] = []
  for await (const article of articles) {
    const pieces = await splitArticle(article, { RecursiveCharacterTextSplitter })
    for (const { pageContent: text, metadata } of pieces) {
      const { start, publishedMs } = metadata
      chunks.push({ guid: article.guid, start, end: start + text.length, text, publishedMs })
    }
  }
  return chunks
}

const BATCH = 200

export async function embedStock(
  chunks: readonly StockChunk[],
  { embedding, keepIn, onProgress, signal }: EmbedOptions,
): Promise<StockIndex> {
  const file = keepIn === null ? null : join(keepIn, `stock-${hashOf(chunks, embedding.id)}.f32`)
  if (file !== null && existsSync(file)) return { chunks, vectors: readVectors(file) }
  const rows: Vector[] = []
  for (let from = 0; from < chunks.length; from += BATCH) {
    const texts = chunks.slice(from, from + BATCH).map(({ text }) => text)
    rows.push(...(await embedding.embedTexts(texts, { signal })))
    onProgress(rows.length)
  }
  const vectors = Float32Array.from(rows.flat())
  if (file !== null) writeFileSync(file, vectors)
  return { chunks, vectors }
}

function hashOf(chunks: readonly StockChunk[], model: string): string {
  const hash = createHash('sha256').update(model)
  for (const { text } of chunks) hash.update(`\0${text}`)
  return hash.digest('hex').slice(0, 16)
}

function readVectors(file: string): Float32Array {
  const bytes = readFileSync(file)
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
}

interface FindOptions {
  readonly limit: number
  /** Later articles are hidden. */
  readonly asOf?: Date | undefined
}

export interface StockHit {
  readonly chunk: StockChunk
  readonly score: number
}

/** The nearest chunks by inner product, best first. */
export function findStock(
  { chunks, vectors }: StockIndex,
  query: Vector,
  { limit, asOf }: FindOptions,
): readonly StockHit[] {
  const latest = asOf?.getTime() ?? Infinity
  return chunks
    .flatMap((chunk, at) =>
      chunk.publishedMs > latest ? [] : [{ chunk, score: innerProduct(vectors, query, at) }],
    )
    .sort((a, b) => b.score - a.score)
    .slice(0, limit)
}

function innerProduct(vectors: Float32Array, query: Vector, row: number): number {
  let sum = 0
  const from = row * query.length
  for (let at = 0; at < query.length; at += 1) sum += (vectors[from + at] ?? 0) * (query[at] ?? 0)
  return sum
}

interface PackOptions {
  readonly maxTokens: number
  readonly countTokens: (text: string) => number
}

/** Chunks as they are, best first, each that still fits. */
export function packWhole(
  hits: readonly StockHit[],
  { maxTokens, countTokens }: PackOptions,
): readonly StockChunk[] {
  let left = maxTokens
  return hits.flatMap(({ chunk }) => {
    const tokens = countTokens(chunk.text)
    if (tokens > left) return []
    left -= tokens
    return [chunk]
  })
}

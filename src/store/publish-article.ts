import { randomUUID } from 'node:crypto'
import type { Queryable } from '../db/database.ts'
import type { ChunkedArticle, FeedItem, Vector } from '../domain.ts'
import { countLexemes, insertPostings } from './postings.ts'
import { toVectorText } from './search-vectors.ts'

export interface ArticleToPublish {
  readonly feedId: string
  readonly item: FeedItem
  readonly canonicalUrl: string | null
  readonly contentHash: string
  readonly chunked: ChunkedArticle
  readonly model: string
  /** One for each chunk, and for each sentence of it, in order. */
  readonly vectors: readonly { readonly chunk: Vector; readonly sentences: readonly Vector[] }[]
}

export interface Published {
  readonly articleId: string
  readonly revision: number
}

/**
 * Makes the article's new revision the one that is found, in place of the one before, whose text
 * stays for old citations. Must run in a transaction: readers see the old article or the new one.
 */
export async function publishArticle(db: Queryable, article: ArticleToPublish): Promise<Published> {
  // The one row that counts the corpus is taken first: two publishers wait for each other here and
  // nowhere else, so they cannot lock each other out.
  await db.query('select corpus.revision from corpus for update')
  const existing = await findArticle(db, article.feedId, article.item.identity)
  if (existing?.contentHash === article.contentHash) {
    return { articleId: existing.id, revision: existing.revision }
  }
  const published =
    existing === undefined
      ? await insertArticle(db, article)
      : await updateArticle(db, existing, article)
  await deleteChunks(db, published.articleId)
  await insertRevision(db, published, article)
  await insertChunks(db, published, article)
  await insertPostings(db, published.articleId, article.item.title)
  await countChunks(db, published.articleId, 1)
  return published
}

/** Where only what stands beside the text has changed: no new revision, nothing embedded. */
export async function updateArticleDetails(
  db: Queryable,
  articleId: string,
  article: Pick<ArticleToPublish, 'item' | 'canonicalUrl' | 'contentHash'>,
): Promise<void> {
  const { item } = article
  // First of all, as in publishArticle: one who held the article and waited for it would be in its way.
  await db.query('update corpus set revision = corpus.revision + 1')
  await db.query(
    `update article set guid = $2::text, url = $3::text, canonical_url = $4::text, author = $5::text,
       published_at = $6::timestamptz, updated_at = $7::timestamptz, categories = $8::text[],
       content_hash = $9::text, title = $10::text
     where article.id = $1::text`,
    [
      articleId,
      item.guid,
      item.url,
      article.canonicalUrl,
      item.author,
      item.publishedAt,
      item.updatedAt,
      item.categories,
      article.contentHash,
      item.title,
    ],
  )
}

async function updateArticle(
  db: Queryable,
  existing: KnownArticle,
  article: ArticleToPublish,
): Promise<Published> {
  const revision = existing.revision + 1
  await db.query(
    `update article set revision = $2::integer, status = 'live' where article.id = $1::text`,
    [existing.id, revision],
  )
  await updateArticleDetails(db, existing.id, article)
  return { articleId: existing.id, revision }
}

export interface KnownArticle {
  readonly id: string
  readonly revision: number
  readonly title: string
  readonly contentHash: string
}

export async function findArticle(
  db: Queryable,
  feedId: string,
  identity: string,
): Promise<KnownArticle | undefined> {
  const { rows } = await db.query<KnownArticle>(
    `select article.id, article.revision, article.title, article.content_hash as "contentHash"
     from article where article.feed_id = $1::text and article.identity = $2::text`,
    [feedId, identity],
  )
  return rows[0]
}

async function insertArticle(db: Queryable, article: ArticleToPublish): Promise<Published> {
  const { item } = article
  const articleId = `art_${randomUUID()}`
  await db.query(
    `insert into article (id, feed_id, identity, guid, url, canonical_url, title, author, published_at,
       updated_at, categories, revision, content_hash)
     values ($1::text, $2::text, $3::text, $4::text, $5::text, $6::text, $7::text, $8::text,
       $9::timestamptz, $10::timestamptz, $11::text[], 1, $12::text)`,
    [
      articleId,
      article.feedId,
      item.identity,
      item.guid,
      item.url,
      article.canonicalUrl,
      item.title,
      item.author,
      item.publishedAt,
      item.updatedAt,
      item.categories,
      article.contentHash,
    ],
  )
  return { articleId, revision: 1 }
}

async function deleteChunks(db: Queryable, articleId: string): Promise<void> {
  await countChunks(db, articleId, -1)
  await db.query('delete from chunk where chunk.article_id = $1::text', [articleId])
}

async function insertRevision(
  db: Queryable,
  { articleId, revision }: Published,
  { item, chunked }: ArticleToPublish,
): Promise<void> {
  await db.query(
    `insert into revision (article_id, revision, title, url, published_at, text)
     values ($1::text, $2::integer, $3::text, $4::text, $5::timestamptz, $6::text)`,
    [articleId, revision, item.title, item.url, item.publishedAt, chunked.text],
  )
}

async function insertChunks(
  db: Queryable,
  { articleId, revision }: Published,
  { chunked, vectors, model }: ArticleToPublish,
): Promise<void> {
  const chunks = chunked.chunks.map((chunk, ordinal) => ({
    ordinal,
    headingPath: chunk.headingPath,
    start: chunk.start,
    end: chunk.end,
    text: chunked.text.slice(chunk.start, chunk.end),
    embedding: toVectorText(vectors[ordinal]?.chunk ?? []),
  }))
  await db.query(
    `insert into chunk (article_id, revision, ordinal, heading_path, start_offset, end_offset, text,
       embedding_model, embedding)
     select $1::text, $2::integer, row.ordinal, row."headingPath", row.start, row.end, row.text,
       $4::text, row.embedding::vector
     from jsonb_to_recordset($3::jsonb) as row (ordinal integer, "headingPath" text[], start integer,
       "end" integer, text text, embedding text)`,
    [articleId, revision, JSON.stringify(chunks), model],
  )
  const sentences = chunked.chunks.flatMap((chunk, chunkOrdinal) =>
    chunk.sentences.map((sentence, ordinal) => ({
      ...sentence,
      chunkOrdinal,
      ordinal,
      embedding: toVectorText(vectors[chunkOrdinal]?.sentences[ordinal] ?? []),
    })),
  )
  await db.query(
    `insert into sentence (chunk_id, ordinal, start_offset, end_offset, embedding_model, embedding)
     select chunk.id, row.ordinal, row.start, row.end, $3::text, row.embedding::vector
     from jsonb_to_recordset($2::jsonb) as row ("chunkOrdinal" integer, ordinal integer, start integer,
       "end" integer, embedding text)
     join chunk on chunk.article_id = $1::text and chunk.ordinal = row."chunkOrdinal"`,
    [articleId, JSON.stringify(sentences), model],
  )
}

/** Adds an article's live chunks to the corpus' counts, or takes them away. */
async function countChunks(db: Queryable, articleId: string, sign: 1 | -1): Promise<void> {
  await db.query(
    `update corpus set
       revision = corpus.revision + 1,
       chunks = corpus.chunks + $2::integer * counted.chunks,
       lexemes = corpus.lexemes + $2::integer * counted.lexemes
     from (
       select count(*) as chunks, coalesce(sum(chunk.length), 0) as lexemes
       from chunk where chunk.article_id = $1::text and chunk.live
     ) as counted`,
    [articleId, sign],
  )
  await countLexemes(db, [articleId], sign)
}

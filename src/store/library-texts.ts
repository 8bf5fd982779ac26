import type { Queryable } from '../db/database.ts'

/** A live article's current text, under what its feed calls it. */
export interface ArticleText {
  readonly id: string
  readonly guid: string
  readonly title: string
  readonly revision: number
  readonly publishedAt: Date | null
  readonly text: string
}

/** What a feed calls an article: its guid, or what stands in for one. */
export async function listGuids(db: Queryable): Promise<ReadonlyMap<string, string>> {
  const { rows } = await db.query<{ id: string; guid: string }>(
    'select article.id, coalesce(article.guid, article.identity) as guid from article',
  )
  return new Map(rows.map(({ id, guid }) => [id, guid]))
}

/** Guids of the articles whose first revision came after a time. */
export async function listGuidsSince(db: Queryable, since: Date): Promise<readonly string[]> {
  const { rows } = await db.query<{ guid: string }>(
    `select coalesce(article.guid, article.identity) as guid from article
     where not exists (select 1 from revision
       where revision.article_id = article.id and revision.fetched_at <= $1::timestamptz)
     order by guid`,
    [since],
  )
  return rows.map(({ guid }) => guid)
}

interface TextOptions {
  /** Null: of the whole library. */
  readonly guids: readonly string[] | null
  /** The last article of the page before. */
  readonly after: string | null
  readonly limit: number
}

export async function listArticleTexts(
  db: Queryable,
  { guids, after, limit }: TextOptions,
): Promise<readonly ArticleText[]> {
  const { rows } = await db.query<ArticleText>(
    `select article.id, coalesce(article.guid, article.identity) as guid, article.title,
       article.revision, article.published_at as "publishedAt", revision.text
     from article
     join revision on revision.article_id = article.id and revision.revision = article.revision
     where article.status = 'live'
       and ($1::text[] is null or coalesce(article.guid, article.identity) = any($1::text[]))
       and ($2::text is null or article.id > $2::text)
     order by article.id limit $3::integer`,
    [guids, after, limit],
  )
  return rows
}

/** Of live chunks, in the order of the articles' text. */
export async function listChunkIds(
  db: Queryable,
  articleIds: readonly string[],
): Promise<readonly string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select chunk.id::text from chunk
     where chunk.article_id = any($1::text[]) and chunk.live
     order by chunk.article_id, chunk.ordinal`,
    [articleIds],
  )
  return rows.map(({ id }) => id)
}

/** Of every live article's text: another hash is another library. */
export async function hashLibrary(db: Queryable): Promise<string> {
  const { rows } = await db.query<{ hash: string }>(
    `select md5(coalesce(string_agg(
         coalesce(article.guid, article.identity) || ' ' || md5(revision.text), ','
         order by coalesce(article.guid, article.identity), article.id), '')) as hash
     from article
     join revision on revision.article_id = article.id and revision.revision = article.revision
     where article.status = 'live'`,
  )
  return rows[0]?.hash ?? ''
}

import type { Queryable } from '../db/database.ts'
import type { FeedItem, Filters } from '../domain.ts'
import { ARTICLE_FILTER, toFilterValues } from './article-filter.ts'

export interface Article {
  readonly id: string
  readonly guid: string | null
  readonly feedId: string
  readonly title: string
  readonly url: string | null
  readonly author: string | null
  readonly publishedAt: Date | null
  readonly updatedAt: Date | null
  readonly categories: readonly string[]
  readonly revision: number
  readonly status: 'live' | 'withdrawn'
}

export interface Revision {
  readonly articleId: string
  readonly revision: number
  readonly title: string
  readonly url: string | null
  readonly publishedAt: Date | null
  readonly fetchedAt: Date
  readonly text: string
}

/** The last article of a page; the next page begins behind it. */
export interface ArticleCursor {
  readonly publishedAt: Date | null
  readonly id: string
}

const SELECT_ARTICLE = `
  select article.id, article.guid, article.feed_id as "feedId", article.title, article.url,
    article.author, article.published_at as "publishedAt", article.updated_at as "updatedAt",
    article.categories, article.revision, article.status
  from article`

const LIST_ARTICLES = `
  ${SELECT_ARTICLE}
  where ${ARTICLE_FILTER}
    and ($7::text is null
      or (coalesce(article.published_at, '-infinity'), article.id)
        < (coalesce($8::timestamptz, '-infinity'), $7::text))
  order by coalesce(article.published_at, '-infinity') desc, article.id desc
  limit $9::integer`

/** Newest first. */
export async function listArticles(
  db: Queryable,
  filters: Filters,
  page: { readonly after: ArticleCursor | null; readonly limit: number },
): Promise<readonly Article[]> {
  const { rows } = await db.query<Article>(LIST_ARTICLES, [
    ...toFilterValues(filters),
    page.after?.id ?? null,
    page.after?.publishedAt ?? null,
    page.limit,
  ])
  return rows
}

export async function loadArticle(db: Queryable, id: string): Promise<Article | undefined> {
  const { rows } = await db.query<Article>(SELECT_ARTICLE + ' where article.id = $1::text', [id])
  return rows[0]
}

export async function loadRevision(
  db: Queryable,
  articleId: string,
  revision: number,
): Promise<Revision | undefined> {
  const { rows } = await db.query<Revision>(
    `select revision.article_id as "articleId", revision.revision, revision.title, revision.url,
       revision.published_at as "publishedAt", revision.fetched_at as "fetchedAt", revision.text
     from revision where revision.article_id = $1::text and revision.revision = $2::integer`,
    [articleId, revision],
  )
  return rows[0]
}

/** Content hash by identity, of a feed's articles. */
export async function loadContentHashes(
  db: Queryable,
  feedId: string,
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await db.query<{ identity: string; contentHash: string }>(
    `select article.identity, article.content_hash as "contentHash"
     from article where article.feed_id = $1::text`,
    [feedId],
  )
  return new Map(rows.map(({ identity, contentHash }) => [identity, contentHash]))
}

export interface HashedItem {
  readonly item: FeedItem
  readonly canonicalUrl: string | null
  readonly contentHash: string
}

// Twins, alike in all but their guid, are paired in their order. An address tells an article from others
// only where nothing else in the feed stands at it.
const ADOPT_RENAMED = `
  with item as (
    select * from unnest($2::text[], $3::text[], $4::text[], $5::text[])
      with ordinality as item (identity, guid, canonical_url, content_hash, position)
  ), new_item as (
    select item.*,
      row_number() over (partition by item.content_hash order by item.position) as twin
    from item
    where not exists (select 1 from article
      where article.feed_id = $1::text and article.identity = item.identity)
  ), gone as (
    select article.id, article.canonical_url, article.content_hash,
      row_number() over (partition by article.content_hash order by article.id) as twin
    from article
    where article.feed_id = $1::text
      and not exists (select 1 from item where item.identity = article.identity)
  ), same_content as (
    select gone.id, new_item.identity, new_item.guid
    from gone
    join new_item on new_item.content_hash = gone.content_hash and new_item.twin = gone.twin
  ), same_address as (
    select gone.id, new_item.identity, new_item.guid
    from gone
    join new_item on new_item.canonical_url = gone.canonical_url
    where gone.id not in (select same_content.id from same_content)
      and new_item.identity not in (select same_content.identity from same_content)
      and (select count(*) from item where item.canonical_url = gone.canonical_url) = 1
      and (select count(*) from article
        where article.feed_id = $1::text and article.canonical_url = gone.canonical_url) = 1
  )
  update article set identity = renamed.identity, guid = renamed.guid
  from (select * from same_content union all select * from same_address) as renamed
  where article.id = renamed.id`

/**
 * A feed that changed the guid of an article still speaks of the same article where its content or its
 * address is the same. Only an article whose old guid has left the feed is taken over: a feed whose
 * items share one address loses none.
 */
export async function adoptRenamedArticles(
  db: Queryable,
  feedId: string,
  items: readonly HashedItem[],
): Promise<void> {
  await db.query(ADOPT_RENAMED, [
    feedId,
    items.map(({ item }) => item.identity),
    items.map(({ item }) => item.guid),
    items.map(({ canonicalUrl }) => canonicalUrl),
    items.map(({ contentHash }) => contentHash),
  ])
}

/** Articles with a chunk or sentence whose vector is of another model, to be embedded again. */
export async function listArticlesOfOtherModels(
  db: Queryable,
  model: string,
): Promise<readonly string[]> {
  const { rows } = await db.query<{ articleId: string }>(
    `select distinct chunk.article_id as "articleId" from chunk
     where chunk.live and (chunk.embedding_model < $1::text or chunk.embedding_model > $1::text)`,
    [model],
  )
  return rows.map(({ articleId }) => articleId)
}

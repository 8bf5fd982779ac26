import type { Filters } from '../domain.ts'

/** The same filter in both arms and in the list of articles; its values are always $1 to $6. */
export const ARTICLE_FILTER = `
  article.status = 'live'
  and ($1::text[] is null or article.feed_id = any($1::text[]))
  and ($2::text[] is null or article.author = any($2::text[]))
  and ($3::text[] is null or article.categories && $3::text[])
  and ($4::timestamptz is null or article.published_at >= $4::timestamptz)
  and ($5::timestamptz is null or article.published_at < $5::timestamptz)
  and ($6::timestamptz is null or coalesce(article.published_at, '-infinity') <= $6::timestamptz)`

export function toFilterValues(filters: Filters): readonly unknown[] {
  return [
    filters.feed ?? null,
    filters.author ?? null,
    filters.category ?? null,
    filters.publishedAfter ?? null,
    filters.publishedBefore ?? null,
    filters.asOf ?? null,
  ]
}

import type { Queryable } from '../db/database.ts'
import type { ErrorCode } from '../errors.ts'

/** What ends a refresh at once; whatever else goes wrong is tried again, and has no code in the end. */
export type RefreshErrorCode = Extract<
  ErrorCode,
  'feed-unavailable' | 'feed-invalid' | 'storage-full'
>

export interface Refresh {
  readonly id: string
  readonly feedId: string
  readonly state: 'waiting' | 'running' | 'done' | 'failed'
  readonly total: number
  readonly done: number
  readonly error: string | null
  readonly errorCode: RefreshErrorCode | null
  readonly endedAt: Date | null
}

const SELECT_REFRESH = `
  select refresh.id, refresh.feed_id as "feedId", refresh.state, refresh.total, refresh.done,
    refresh.error, refresh.error_code as "errorCode", refresh.ended_at as "endedAt"
  from refresh`

export async function loadRefresh(db: Queryable, id: string): Promise<Refresh | undefined> {
  const { rows } = await db.query<Refresh>(SELECT_REFRESH + ' where refresh.id = $1::uuid', [id])
  return rows[0]
}

/** The one that waits for the feed: this one, or the one that waited already. */
export async function insertRefresh(
  db: Queryable,
  id: string,
  feedId: string,
): Promise<{ readonly refresh: Refresh; readonly isNew: boolean }> {
  const { rowCount } = await db.query(
    `insert into refresh (id, feed_id) values ($1::uuid, $2::text)
     on conflict (feed_id) where state = 'waiting' do nothing`,
    [id, feedId],
  )
  const { rows } = await db.query<Refresh>(
    SELECT_REFRESH + ` where refresh.feed_id = $1::text and refresh.state = 'waiting'`,
    [feedId],
  )
  const refresh = rows[0]
  // The one that waited has begun between the two statements, so that there is room for this one now.
  if (refresh === undefined) return insertRefresh(db, id, feedId)
  return { refresh, isNew: rowCount === 1 }
}

/**
 * False while another refresh of the feed runs, or an evaluation waits or is on, for which the library
 * stands still; one that was begun already is begun again.
 */
export async function startRefresh(db: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `update refresh set state = 'running'
     where refresh.id = $1::uuid and refresh.state in ('waiting', 'running')
       and not exists (select 1 from refresh as other
         where other.feed_id = refresh.feed_id and other.state = 'running'
           and other.id <> refresh.id)
       and (refresh.state = 'running' or not exists (select 1 from evaluation
         where evaluation.state in ('waiting', 'running')))`,
    [id],
  )
  return rowCount === 1
}

export async function expectArticles(
  db: Queryable,
  id: string,
  identities: readonly string[],
): Promise<void> {
  await db.query(
    `insert into refresh_article (refresh_id, identity)
     select $1::uuid, expected.identity from unnest($2::text[]) as expected (identity)
     on conflict (refresh_id, identity) do nothing`,
    [id, identities],
  )
  await countArticles(db, id)
}

/** Ticks an article off; the last one ends the refresh. Ticking it off again changes nothing. */
export async function tickArticle(
  db: Queryable,
  article: { readonly refreshId: string; readonly identity: string; readonly error?: string },
): Promise<void> {
  await db.query(
    `update refresh_article set state = case when $3::text is null then 'done' else 'failed' end,
       error = $3::text
     where refresh_article.refresh_id = $1::uuid and refresh_article.identity = $2::text`,
    [article.refreshId, article.identity, article.error ?? null],
  )
  await countArticles(db, article.refreshId)
}

async function countArticles(db: Queryable, id: string): Promise<void> {
  // Locked first: two articles that end at once must not both believe that the other is still at work.
  await db.query('select refresh.id from refresh where refresh.id = $1::uuid for update', [id])
  await db.query(
    `update refresh set
       total = counted.total, done = counted.ended, error = counted.error,
       state = case when counted.ended < counted.total then refresh.state
         when counted.error is null then 'done' else 'failed' end,
       ended_at = case when counted.ended < counted.total then refresh.ended_at
         else coalesce(refresh.ended_at, now()) end
     from (
       select count(*)::integer as total,
         (count(*) filter (where refresh_article.state <> 'waiting'))::integer as ended,
         min(refresh_article.error) as error
       from refresh_article where refresh_article.refresh_id = $1::uuid
     ) as counted
     where refresh.id = $1::uuid`,
    [id],
  )
}

export async function failRefresh(
  db: Queryable,
  id: string,
  failure: { readonly error: string; readonly code?: RefreshErrorCode },
): Promise<void> {
  await db.query(
    `update refresh set state = 'failed', error = $2::text, error_code = $3::text, ended_at = now()
     where refresh.id = $1::uuid`,
    [id, failure.error, failure.code ?? null],
  )
}

/** A week is long enough to look a job up. */
export async function deleteOldRefreshes(db: Queryable): Promise<void> {
  await db.query(
    `delete from refresh where refresh.ended_at < now() - interval '7 days' and exists (
       select 1 from refresh as newer
       where newer.feed_id = refresh.feed_id and newer.created_at > refresh.created_at)`,
  )
}

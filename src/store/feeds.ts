import { randomUUID } from 'node:crypto'
import type { Queryable } from '../db/database.ts'

export type FeedStatus = 'ok' | 'failing' | 'paused' | 'ended'

export interface Feed {
  readonly id: string
  readonly url: string
  readonly title: string
  readonly status: FeedStatus
  readonly problem: string | null
  readonly refreshMinutes: number
  readonly lastFetchedAt: Date | null
  readonly nextFetchAt: Date
  readonly articles: number
}

/** What a conditional request and the "unchanged" decision need. */
export interface FeedState {
  readonly etag: string | null
  readonly lastModified: string | null
  readonly bodyHash: string | null
}

const SELECT_FEED = `
  select feed.id, feed.url, feed.title, feed.status, feed.problem,
    feed.refresh_minutes as "refreshMinutes", feed.last_fetched_at as "lastFetchedAt",
    feed.next_fetch_at as "nextFetchAt",
    (select count(*)::integer from article where article.feed_id = feed.id) as articles
  from feed`

export async function listFeeds(db: Queryable): Promise<readonly Feed[]> {
  const { rows } = await db.query<Feed>(SELECT_FEED + ' order by feed.created_at, feed.id')
  return rows
}

export async function countFeeds(
  db: Queryable,
): Promise<readonly { readonly status: FeedStatus; readonly count: number }[]> {
  const { rows } = await db.query<{ status: FeedStatus; count: number }>(
    'select feed.status, count(*)::integer as count from feed group by feed.status',
  )
  return rows
}

export async function loadFeed(db: Queryable, id: string): Promise<Feed | undefined> {
  const { rows } = await db.query<Feed>(SELECT_FEED + ' where feed.id = $1::text', [id])
  return rows[0]
}

export async function findFeedByUrl(db: Queryable, url: string): Promise<Feed | undefined> {
  const { rows } = await db.query<Feed>(SELECT_FEED + ' where feed.url = $1::text', [url])
  return rows[0]
}

/** False where the address was there already. */
export async function insertFeed(
  db: Queryable,
  feed: { readonly url: string; readonly refreshMinutes: number },
): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into feed (id, url, refresh_minutes) values ($1::text, $2::text, $3::integer)
     on conflict (url) do nothing`,
    [`feed_${randomUUID()}`, feed.url, feed.refreshMinutes],
  )
  return rowCount === 1
}

export interface FeedChange {
  readonly title?: string | undefined
  readonly refreshMinutes?: number | undefined
  readonly paused?: boolean | undefined
}

export async function updateFeed(db: Queryable, id: string, change: FeedChange): Promise<boolean> {
  const { rowCount } = await db.query(
    `update feed set
       title = coalesce($2::text, feed.title),
       refresh_minutes = coalesce($3::integer, feed.refresh_minutes),
       -- Shorter counts from now on; a back-off that runs is not cut short.
       next_fetch_at = case when feed.failures = 0
         then least(feed.next_fetch_at, now() + make_interval(mins => $3::integer))
         else feed.next_fetch_at end,
       status = case when $4::boolean then 'paused'
         when feed.status = 'paused' and not $4::boolean
           then case when feed.failures > 0 then 'failing' else 'ok' end
         else feed.status end
     where feed.id = $1::text`,
    [id, change.title ?? null, change.refreshMinutes ?? null, change.paused ?? null],
  )
  return rowCount === 1
}

export async function loadFeedState(db: Queryable, id: string): Promise<FeedState | undefined> {
  const { rows } = await db.query<FeedState>(
    `select feed.etag, feed.last_modified as "lastModified", feed.body_hash as "bodyHash"
     from feed where feed.id = $1::text`,
    [id],
  )
  return rows[0]
}

export async function listDueFeeds(db: Queryable): Promise<readonly string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select feed.id from feed
     where feed.status in ('ok', 'failing') and feed.next_fetch_at <= now()
     order by feed.next_fetch_at`,
  )
  return rows.map(({ id }) => id)
}

/** A reader's own title stays: a feed's title is taken only while it has none. */
export async function recordFetched(
  db: Queryable,
  id: string,
  fetched: { readonly title: string | null; readonly state: FeedState | null },
): Promise<void> {
  await db.query(
    `update feed set
       title = case when feed.title = '' then coalesce($2::text, '') else feed.title end,
       etag = case when $3::boolean then $4::text else feed.etag end,
       last_modified = case when $3::boolean then $5::text else feed.last_modified end,
       body_hash = case when $3::boolean then $6::text else feed.body_hash end,
       status = case when feed.status = 'failing' then 'ok' else feed.status end,
       problem = null, failures = 0, last_fetched_at = now(),
       next_fetch_at = now() + make_interval(mins => feed.refresh_minutes)
     where feed.id = $1::text`,
    [
      id,
      fetched.title,
      fetched.state !== null,
      fetched.state?.etag ?? null,
      fetched.state?.lastModified ?? null,
      fetched.state?.bodyHash ?? null,
    ],
  )
}

/**
 * Back-off doubles from one minute to a day, with up to a quarter more so that feeds that failed
 * together do not come back together; a server that named a time is waited for.
 */
export async function recordFailure(
  db: Queryable,
  id: string,
  failure: { readonly problem: string; readonly retryAfter: number | null },
): Promise<void> {
  await db.query(
    `update feed set
       status = case when feed.status = 'ok' then 'failing' else feed.status end,
       problem = $2::text, failures = feed.failures + 1,
       next_fetch_at = now() + make_interval(secs => coalesce($3::float8,
         least(60 * power(2, least(feed.failures, 11)), 86400) * (1 + random() / 4)))
     where feed.id = $1::text`,
    [id, failure.problem, failure.retryAfter],
  )
}

/** The address answers that it has gone for good: it is asked no more, and its articles stay. */
export async function recordEnded(db: Queryable, id: string): Promise<void> {
  await db.query(
    `update feed set status = 'ended', problem = 'The feed has ended: its address answers 410 Gone.',
       last_fetched_at = now()
     where feed.id = $1::text`,
    [id],
  )
}

/** So that the next fetch is read whole again, since something of the last one could not be ingested. */
export async function forgetFeedState(db: Queryable, id: string): Promise<void> {
  await db.query(
    `update feed set etag = null, last_modified = null, body_hash = null where feed.id = $1::text`,
    [id],
  )
}

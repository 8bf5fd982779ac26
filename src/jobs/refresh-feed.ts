import { randomUUID } from 'node:crypto'
import type { FeedFetcher, FetchResult } from '../../ingest/fetch-feed.ts'
import { hashItem } from '../../ingest/ingest-article.ts'
import { parseFeed } from '../../ingest/parse-feed.ts'
import { transaction, type Database, type Queryable } from '../db/database.ts'
import type { ParsedFeed } from '../domain.ts'
import { AppError, type ErrorCode } from '../errors.ts'
import { adoptRenamedArticles, loadContentHashes } from '../store/articles.ts'
import { isEvaluating } from '../store/evaluations.ts'
import {
  listDueFeeds,
  loadFeed,
  loadFeedState,
  recordEnded,
  recordFailure,
  recordFetched,
  type Feed,
} from '../store/feeds.ts'
import {
  deleteOldRefreshes,
  expectArticles,
  failRefresh,
  insertRefresh,
  loadRefresh,
  startRefresh,
  type Refresh,
  type RefreshErrorCode,
} from '../store/refreshes.ts'
import type { IngestData } from './ingest-article.ts'
import type { JobHandlers, JobQueue } from './queue.ts'
import { requireSpace } from './require-space.ts'

interface RefreshDependencies {
  readonly database: Database
  readonly queue: JobQueue
  readonly fetcher: FeedFetcher
  /** Where a feed's address is read from: the handbook's stands for a file of the code. */
  readonly locate: (url: string) => string
}

export interface RefreshData {
  readonly refreshId: string
  readonly feedId: string
}

/** Seconds until a refresh looks again whether the one before it has ended. */
const WAIT_FOR_RUNNING_SECONDS = 2

/** An evaluation needs a library that stands still, and may take all night. */
const WAIT_FOR_RUN_SECONDS = 30

/** The feed's waiting refresh: a new one with its job, or the one that waits already. */
export async function requestRefresh(
  { database, queue }: Pick<RefreshDependencies, 'database' | 'queue'>,
  feedId: string,
): Promise<Refresh> {
  const id = randomUUID()
  return transaction(database, async (client) => {
    const { refresh, isNew } = await insertRefresh(client, id, feedId)
    if (isNew) await queue.send('refresh-feed', { refreshId: id, feedId }, { db: client })
    return refresh
  }).finally(() => queue.wake('refresh-feed'))
}

export function refreshFeedHandlers(dependencies: RefreshDependencies): JobHandlers<RefreshData> {
  return {
    run: (data, signal) => refreshFeed(dependencies, data, signal),
    giveUp: async ({ refreshId, feedId }, error) => {
      const { pool } = dependencies.database
      await recordFailure(pool, feedId, { problem: error, retryAfter: null })
      await failRefresh(pool, refreshId, { error })
    },
  }
}

/** Once a minute: whatever feed is due gets its refresh. */
export function refreshDueFeedsHandlers(
  dependencies: Pick<RefreshDependencies, 'database' | 'queue'>,
): JobHandlers<object> {
  return {
    run: async () => {
      for (const feedId of await listDueFeeds(dependencies.database.pool)) {
        await requestRefresh(dependencies, feedId)
      }
      await deleteOldRefreshes(dependencies.database.pool)
    },
    giveUp: () => Promise.resolve(),
  }
}

async function refreshFeed(
  dependencies: RefreshDependencies,
  { refreshId, feedId }: RefreshData,
  signal: AbortSignal,
): Promise<void> {
  const { database, queue } = dependencies
  const feed = await loadFeed(database.pool, feedId)
  const refresh = await loadRefresh(database.pool, refreshId)
  if (feed === undefined || refresh === undefined || refresh.endedAt !== null) return
  const delaySeconds = await beginOrWait(database.pool, refreshId)
  if (delaySeconds !== null) {
    return queue.send('refresh-feed', { refreshId, feedId }, { delaySeconds })
  }
  try {
    await fetchAndExpect(dependencies, { feed, refreshId, signal })
  } catch (error) {
    // A fault of the feed or of the disk ends this refresh and the schedule tries again, later each
    // time; anything else is the job's to repeat.
    if (!(error instanceof AppError) || !isLasting(error.code)) throw error
    const failure = { problem: error.message, retryAfter: error.retryAfter ?? null }
    await recordFailure(database.pool, feedId, failure)
    await failRefresh(database.pool, refreshId, { error: error.message, code: error.code })
  }
}

/** Null: it has begun. Else the seconds until it may be tried again. */
async function beginOrWait(db: Queryable, refreshId: string): Promise<number | null> {
  if (await startRefresh(db, refreshId)) return null
  return (await isEvaluating(db)) ? WAIT_FOR_RUN_SECONDS : WAIT_FOR_RUNNING_SECONDS
}

function isLasting(code: ErrorCode): code is RefreshErrorCode {
  return code === 'feed-unavailable' || code === 'feed-invalid' || code === 'storage-full'
}

interface RefreshTask {
  readonly feed: Feed
  readonly refreshId: string
  readonly signal: AbortSignal
}

async function fetchAndExpect(dependencies: RefreshDependencies, task: RefreshTask): Promise<void> {
  const { database, fetcher, locate } = dependencies
  requireSpace(database)
  const known = await loadFeedState(database.pool, task.feed.id)
  if (known === undefined) return
  const fetched = await fetcher.fetch(locate(task.feed.url), known, { signal: task.signal })
  if (fetched.status === 'fetched') {
    await expectItems(dependencies, task, fetched)
  } else {
    await transaction(database, async (client) => {
      if (fetched.status === 'gone') await recordEnded(client, task.feed.id)
      else await recordFetched(client, task.feed.id, { title: null, state: null })
      await expectArticles(client, task.refreshId, [])
    })
  }
}

/** New and changed items become jobs; what the feed no longer lists stays. */
async function expectItems(
  { database, queue }: RefreshDependencies,
  { feed, refreshId }: RefreshTask,
  fetched: Extract<FetchResult, { status: 'fetched' }>,
): Promise<void> {
  const parsed: ParsedFeed = parseFeed(fetched.body, {
    fetchedAt: new Date(),
    baseUrl: feed.url.startsWith('http') ? fetched.finalUrl : null,
  })
  const items = parsed.items.map((item) => hashItem(item, parsed.siteUrl))
  await transaction(database, async (client) => {
    await adoptRenamedArticles(client, feed.id, items)
    const known = await loadContentHashes(client, feed.id)
    const changed = items.filter(
      ({ item, contentHash }) => known.get(item.identity) !== contentHash,
    )
    const { etag, lastModified, bodyHash } = fetched
    await recordFetched(client, feed.id, {
      title: parsed.title,
      state: { etag, lastModified, bodyHash },
    })
    await expectArticles(
      client,
      refreshId,
      changed.map(({ item }) => item.identity),
    )
    for (const item of changed) {
      const data: IngestData = { ...item, refreshId, feedId: feed.id }
      await queue.send('ingest-article', data, { db: client })
    }
  })
  queue.wake('ingest-article')
}

import { join } from 'node:path'
import { goldenSetsDir } from '../../eval/set-folder.ts'
import { transaction, type Database } from '../db/database.ts'
import { AppError } from '../errors.ts'
import { deleteFeed } from '../store/delete-feed.ts'
import { findFeedByUrl, insertFeed, listFeeds, loadFeed, type Feed } from '../store/feeds.ts'
import type { JobQueue } from './queue.ts'
import { requestRefresh } from './refresh-feed.ts'

interface FeedDependencies {
  readonly database: Database
  readonly queue: JobQueue
}

/** Stands for the handbook that comes with the code, wherever the code lies. */
const HANDBOOK_URL = 'footnote:handbook'

const handbookFile = join(goldenSetsDir, 'handbook', 'feed.xml')

/** Where a feed's address is read from. */
export function locateFeed(url: string): string {
  return url === HANDBOOK_URL ? handbookFile : url
}

/** Adds a feed and asks for its first refresh; the first one takes the handbook's place. */
export async function addFeed(
  dependencies: FeedDependencies,
  feed: { readonly url: string; readonly refreshMinutes: number },
): Promise<{ readonly feed: Feed; readonly isNew: boolean }> {
  const { database } = dependencies
  const isNew = await insertFeed(database.pool, feed)
  const added = await findFeedByUrl(database.pool, feed.url)
  if (added === undefined) throw new AppError('conflict', 'The feed was deleted at the same time.')
  if (isNew) {
    await requestRefresh(dependencies, added.id)
    if (feed.url !== HANDBOOK_URL) await removeHandbook(database)
  }
  return { feed: added, isNew }
}

/** With the last feed gone, the handbook comes back. False where there is no such feed. */
export async function removeFeed(
  dependencies: FeedDependencies & { readonly refreshMinutes: number },
  id: string,
): Promise<boolean> {
  const { database } = dependencies
  if ((await loadFeed(database.pool, id)) === undefined) return false
  const isDeleted = await transaction(database, (client) => deleteFeed(client, id))
  await ensureSomeFeed(dependencies)
  return isDeleted
}

export async function ensureSomeFeed(
  dependencies: FeedDependencies & { readonly refreshMinutes: number },
): Promise<void> {
  const feeds = await listFeeds(dependencies.database.pool)
  if (feeds.length > 0) return
  const { refreshMinutes } = dependencies
  await addFeed(dependencies, { url: HANDBOOK_URL, refreshMinutes })
}

async function removeHandbook(database: Database): Promise<void> {
  const handbook = await findFeedByUrl(database.pool, HANDBOOK_URL)
  if (handbook !== undefined)
    await transaction(database, (client) => deleteFeed(client, handbook.id))
}

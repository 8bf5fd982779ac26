import { z } from 'zod'
import { ingestArticle, type IngestDependencies } from '../../ingest/ingest-article.ts'
import type { HashedItem } from '../store/articles.ts'
import { forgetFeedState, recordFailure } from '../store/feeds.ts'
import { loadRefresh, tickArticle } from '../store/refreshes.ts'
import type { JobHandlers } from './queue.ts'
import { requireSpace } from './require-space.ts'

export interface IngestData extends HashedItem {
  readonly refreshId: string
  readonly feedId: string
}

const date = z.iso
  .datetime()
  .transform((text) => new Date(text))
  .nullable()

/** A job's data comes back from the database as JSON: its dates are text. */
const ingestData = z.object({
  refreshId: z.string(),
  feedId: z.string(),
  canonicalUrl: z.string().nullable(),
  contentHash: z.string(),
  item: z.object({
    identity: z.string(),
    guid: z.string().nullable(),
    title: z.string(),
    url: z.string().nullable(),
    author: z.string().nullable(),
    publishedAt: date,
    updatedAt: date,
    categories: z.array(z.string()),
    html: z.string(),
  }),
})

export function ingestArticleHandlers(dependencies: IngestDependencies): JobHandlers<IngestData> {
  return {
    run: async (data, signal) => {
      const { database } = dependencies
      // Its feed was deleted meanwhile, and the refresh with it: nothing is to be embedded for that.
      if ((await loadRefresh(database.pool, data.refreshId)) === undefined) return
      requireSpace(database)
      await ingestArticle(dependencies, { ...ingestData.parse(data), signal })
    },
    giveUp: async ({ refreshId, feedId, item }, error) => {
      const { pool } = dependencies.database
      const problem = `“${item.title}” could not be ingested: ${error}`
      // The feed is read whole again, and sooner than its schedule says.
      await forgetFeedState(pool, feedId)
      await recordFailure(pool, feedId, { problem, retryAfter: null })
      await tickArticle(pool, { refreshId, identity: item.identity, error: problem })
    },
  }
}

import { embedStoredArticle, type IngestDependencies } from '../../ingest/ingest-article.ts'
import type { Queryable } from '../db/database.ts'
import { listArticlesOfOtherModels } from '../store/articles.ts'
import type { JobHandlers, JobQueue } from './queue.ts'
import { requireSpace } from './require-space.ts'

const RETRY_SECONDS = 300

export interface EmbedData {
  readonly articleId: string
}

/** After a change of the embedding model: a job for each article whose vectors are another model's. */
export async function requestReembedding(
  { queue, db }: { readonly queue: JobQueue; readonly db: Queryable },
  model: string,
): Promise<number> {
  const articles = await listArticlesOfOtherModels(db, model)
  for (const articleId of articles) await queue.send('embed-article', { articleId })
  return articles.length
}

export function embedArticleHandlers(
  dependencies: IngestDependencies,
  queue: JobQueue,
): JobHandlers<EmbedData> {
  return {
    run: async ({ articleId }, signal) => {
      requireSpace(dependencies.database)
      await embedStoredArticle(dependencies, articleId, signal)
    },
    // It keeps the vectors that it has, and search says that it is degraded, until the model answers.
    giveUp: (data) => queue.send('embed-article', data, { delaySeconds: RETRY_SECONDS }),
  }
}

// The one composition root: what the service is made of, in the order in which it comes up.
import { setTimeout as sleep } from 'node:timers/promises'
import { createFeedFetcher } from '../ingest/fetch-feed.ts'
import { createTokenCounter } from '../ingest/token-count.ts'
import type { AnswerSteps } from './answering/answer-question.ts'
import { CALIBRATION } from './answering/calibration.ts'
import { createAnswerSteps } from './answering/create-answer-steps.ts'
import { bringUpChat, bringUpEmbedding } from './bring-up-models.ts'
import type { Config } from './config.ts'
import { toDatabaseError } from './db/database-errors.ts'
import type { Database } from './db/database.ts'
import { currentRole, grantService } from './db/grant-service.ts'
import { migrate } from './db/migrate.ts'
import { openDatabase, openOwnerPool } from './db/open-database.ts'
import { AppError } from './errors.ts'
import { embedArticleHandlers, requestReembedding } from './jobs/embed-article.ts'
import { ingestArticleHandlers } from './jobs/ingest-article.ts'
import { addFeed, ensureSomeFeed, locateFeed } from './jobs/manage-feeds.ts'
import { openQueue, prepareQueues, type JobQueue } from './jobs/queue.ts'
import {
  refreshDueFeedsHandlers,
  refreshFeedHandlers,
  requestRefresh,
} from './jobs/refresh-feed.ts'
import type { Logger } from './logger.ts'
import { ChatTurns } from './models/chat-turns.ts'
import type { EmbeddingModel } from './models/embedding.ts'
import { createModelStore } from './models/model-store.ts'
import { modelId } from './models/open-models.ts'
import type { Readiness } from './readiness.ts'
import { createSearch, type Search } from './retrieval/search.ts'
import { listDueFeeds, listFeeds } from './store/feeds.ts'
import { releaseJobs } from './store/jobs.ts'
import { loadCorpusProgress } from './store/corpus.ts'

/** What the HTTP routes work with. */
export interface Services {
  readonly database: Database
  readonly queue: JobQueue
  readonly search: Search
  readonly answerSteps: AnswerSteps
  readonly countTokens: (text: string) => number
  readonly refreshMinutes: number
}

interface OpenOptions {
  readonly config: Config
  readonly logger: Logger
  readonly readiness: Readiness
  /** Off where a command has started the service for itself alone. */
  readonly hasSchedule: boolean
  readonly signal: AbortSignal
  /** Called as soon as questions can be answered, before the library is whole. */
  readonly onServices: (services: Services) => void
  /** What to close; the caller closes the last opened first. */
  readonly onOpened: (close: () => Promise<unknown>) => void
}

const DATABASE_RETRY_MS = 2_000
const PROGRESS_MS = 300

/** Brings everything up; resolves when the library has been read once. */
export async function openServices(options: OpenOptions): Promise<void> {
  const { config, logger, readiness, signal } = options
  const database = await bringUpDatabase(options)
  const queue = await openQueue({
    pool: database.pool,
    onError: (error) => logger.error({ err: error }, 'a job queue statement failed'),
  })
  options.onOpened(() => queue.stop())
  const chat = new ChatTurns({
    state: { status: 'loading', detail: 'loading' },
    maxWaiting: config.maxWaitingQuestions,
  })
  let embedding: EmbeddingModel | undefined
  const countTokens = createTokenCounter()
  const shared = { database, queue, embedding: () => embedding, countTokens }
  options.onServices(toServices(options, { ...shared, chat }))
  const models = {
    config,
    store: createModelStore({ dir: config.modelsDir }),
    readiness,
    logger,
    signal,
  }
  options.onOpened(async () => (chat.state.status === 'ok' ? chat.state.model.close() : undefined))
  const chatUp = bringUpChat(models, chat)
  options.onOpened(() => chatUp)
  // Off the path of the start: with a model server that is away, it goes on looking for it.
  const embeddingUp = bringUpEmbedding(models).then((model) => {
    embedding = model
  })
  options.onOpened(async () => {
    await embeddingUp
    await embedding?.close()
  })
  await Promise.race([embeddingUp, untilNotLoading(readiness, signal)])
  await startJobs(options, { ...shared, whenIdle: (maxMs) => chat.whenIdle(maxMs) })
  await readLibrary(options, { database, queue })
}

interface Shared {
  readonly database: Database
  readonly queue: JobQueue
  readonly embedding: () => EmbeddingModel | undefined
  readonly countTokens: (text: string) => number
}

function toServices(
  { config, logger }: OpenOptions,
  { database, queue, embedding, countTokens, chat }: Shared & { readonly chat: ChatTurns },
): Services {
  const embeddingId = modelId(config.embeddingModel)
  const search = createSearch({
    database,
    embedding,
    embeddingId,
    vectorWeight: CALIBRATION.vectorWeight,
    onDegraded: (error) => logger.warn({ err: error }, 'a question has no vector'),
  })
  const countPromptTokens = (text: string) =>
    chat.state.status === 'ok' ? chat.state.model.countTokens(text) : countTokens(text)
  return {
    database,
    queue,
    search,
    answerSteps: createAnswerSteps({
      database,
      search,
      chat,
      embedding,
      embeddingId,
      countTokens: countPromptTokens,
    }),
    countTokens: countPromptTokens,
    refreshMinutes: config.refreshMinutes,
  }
}

/** A server that is not there yet is waited for; a database that does not fit ends the start. */
async function bringUpDatabase(options: OpenOptions): Promise<Database> {
  const { config, logger, readiness, signal } = options
  const database = openDatabase({
    url: config.databaseUrl,
    dataDir: config.dataDir,
    onError: (error) => logger.warn({ err: error }, 'a database connection was lost'),
  })
  options.onOpened(() => database.close())
  for (;;) {
    try {
      await prepareSchema(config, database)
      readiness.set('database', { status: 'ok', detail: database.engine })
      return database
    } catch (error) {
      const known = error instanceof AppError ? error : toDatabaseError(error)
      if (known.code !== 'database-unavailable' || database.engine === 'embedded') throw error
      if (readiness.parts.database.status !== 'unavailable')
        logger.warn({ err: error }, known.message)
      readiness.set('database', { status: 'unavailable', detail: known.message })
    }
    await sleep(DATABASE_RETRY_MS, undefined, { signal })
  }
}

async function prepareSchema(config: Config, database: Database): Promise<void> {
  const url = config.migrateDatabaseUrl
  if (url === undefined || config.databaseUrl === undefined) {
    await migrate(database.pool, 'up')
    await prepareQueues(database.pool)
    if (database.engine === 'embedded') await releaseJobs(database.pool)
    return
  }
  const owner = openOwnerPool(url)
  try {
    await migrate(owner, 'up')
    await prepareQueues(owner)
    await grantService(owner, await currentRole(database.pool))
  } finally {
    await owner.end()
  }
}

async function untilNotLoading(readiness: Readiness, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && readiness.parts.embedding.status === 'loading') await sleep(PROGRESS_MS)
}

async function startJobs(
  { config, hasSchedule, onOpened }: OpenOptions,
  dependencies: Shared & { readonly whenIdle: (maxMs: number) => Promise<void> },
): Promise<void> {
  const { queue, database } = dependencies
  const fetcher = createFeedFetcher({ privateAllow: config.feedPrivateAllow })
  onOpened(() => fetcher.close())
  const refresh = { database, queue, fetcher, locate: locateFeed }
  await queue.work('refresh-feed', refreshFeedHandlers(refresh))
  await queue.work('ingest-article', ingestArticleHandlers(dependencies))
  await queue.work('embed-article', embedArticleHandlers(dependencies))
  await queue.work('refresh-due-feeds', refreshDueFeedsHandlers(refresh))
  if (hasSchedule) await queue.schedule('refresh-due-feeds', '* * * * *')
  await requestReembedding({ queue, db: database.pool }, modelId(config.embeddingModel))
}

/** The configured feeds, or the handbook where there is none; what is due is fetched, files always. */
async function readLibrary(
  { config, readiness, signal }: OpenOptions,
  dependencies: { readonly database: Database; readonly queue: JobQueue },
): Promise<void> {
  const { refreshMinutes } = config
  const { pool } = dependencies.database
  for (const url of config.feeds) await addFeed(dependencies, { url, refreshMinutes })
  await ensureSomeFeed({ ...dependencies, refreshMinutes })
  const files = (await listFeeds(pool)).filter(({ url }) => !/^https?:/.test(url))
  const due = new Set([...files.map(({ id }) => id), ...(await listDueFeeds(pool))])
  for (const feedId of due) await requestRefresh(dependencies, feedId)
  while (!signal.aborted) {
    const { untried, articles, waiting } = await loadCorpusProgress(pool)
    if (untried === 0)
      return readiness.set('corpus', { status: 'ok', detail: `${articles} articles` })
    readiness.set('corpus', {
      status: 'loading',
      detail: `${articles} articles read, ${waiting} to read`,
      progress: { done: articles, total: articles + waiting },
    })
    await sleep(PROGRESS_MS, undefined, { signal }).catch(() => undefined)
  }
}

// The one composition root: what the service is made of, in the order in which it comes up.
import { setTimeout as sleep } from 'node:timers/promises'
import { createFeedFetcher } from '../ingest/fetch-feed.ts'
import type { IngestDependencies } from '../ingest/ingest-article.ts'
import { createTokenCounter } from '../ingest/token-count.ts'
import type { AnswerSteps } from './answering/answer-steps.ts'
import {
  loadCalibration,
  thresholdsOf,
  vectorWeightOf,
  type Calibration,
} from './answering/calibration.ts'
import { createAnswerSteps } from './answering/create-answer-steps.ts'
import { bringUpDatabase, withOwner } from './bring-up-database.ts'
import { bringUpChat, bringUpEmbedding } from './bring-up-models.ts'
import type { Config } from './config.ts'
import { createEvaluationParts } from './evaluation-parts.ts'
import { toDatabaseError } from './db/database-errors.ts'
import type { Database } from './db/database.ts'
import { AppError } from './errors.ts'
import { embedArticleHandlers, requestReembedding } from './jobs/embed-article.ts'
import { forgetAnswersHandlers, scheduleForgetting } from './jobs/forget-answers.ts'
import { ingestArticleHandlers } from './jobs/ingest-article.ts'
import { keepVectorIndex } from './jobs/keep-vector-index.ts'
import { addFeed, ensureSomeFeed, locateFeed } from './jobs/manage-feeds.ts'
import { nightlyEvaluationHandlers } from './jobs/nightly-evaluation.ts'
import { openQueue, type JobQueue } from './jobs/queue.ts'
import {
  refreshDueFeedsHandlers,
  refreshFeedHandlers,
  requestRefresh,
} from './jobs/refresh-feed.ts'
import {
  runEvaluationHandlers,
  sendLostRuns,
  type EvaluationDependencies,
} from './jobs/run-evaluation.ts'
import type { Logger } from './logger.ts'
import { ChatTurns, type ChatLoad } from './models/chat-turns.ts'
import type { EmbeddingModel } from './models/embedding.ts'
import { createModelStore } from './models/model-store.ts'
import { modelId } from './models/open-models.ts'
import type { Readiness } from './readiness.ts'
import { createSearch, type Search } from './retrieval/search.ts'
import { createServiceRecall } from './service-recall.ts'
import { listDueFeeds, listFeeds } from './store/feeds.ts'
import { loadCorpusProgress } from './store/corpus.ts'

/** What the HTTP routes work with. */
export interface Services {
  readonly database: Database
  readonly queue: JobQueue
  readonly search: Search
  readonly answerSteps: AnswerSteps
  readonly countTokens: (text: string) => number
  readonly chatLoad: () => ChatLoad
  readonly refreshMinutes: number
  readonly evaluation: EvaluationDependencies
  readonly calibration: Calibration
  /** Where a new one is written; undefined: beside the code. */
  readonly calibrationFile: string | undefined
}

interface OpenOptions {
  readonly config: Config
  readonly logger: Logger
  readonly readiness: Readiness
  /** Off where a command has started the service for itself alone. */
  readonly hasSchedule: boolean
  /** Off where a command says itself what is to be read. */
  readonly readsLibrary: boolean
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
  const calibration = await loadCalibration(config.calibrationFile)
  const database = await bringUpDatabase(options)
  const queue = await openQueue({
    pool: database.pool,
    onError: (error) => logger.error({ err: error }, 'a job queue statement failed'),
  })
  options.onOpened(() => queue.stop())
  const chat = new ChatTurns({
    maxWaiting: config.maxWaitingQuestions,
    deadlines: config.deadlines,
  })
  let embedding: EmbeddingModel | undefined
  const countTokens = createTokenCounter()
  const shared = { database, queue, embedding: () => embedding, countTokens }
  const services = toServices(options, { ...shared, chat, calibration })
  options.onServices(services)
  const models = {
    config,
    store: createModelStore({ dir: config.modelsDir }),
    readiness,
    logger,
    signal,
  }
  options.onOpened(async () => chat.model?.close())
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
  await startJobs(options, {
    ...shared,
    whenIdle: (maxMs) => chat.whenIdle(maxMs),
    evaluation: services.evaluation,
  })
  if (options.hasSchedule) startIndexing(options, database)
  if (options.readsLibrary) await readLibrary(options, { database, queue })
  else readiness.set('corpus', { status: 'ok', detail: 'as it is' })
}

/** Only where the service stays: a command's question would wait for a build, and its end for the rest of it. */
function startIndexing(
  { config, logger, signal, onOpened }: OpenOptions,
  database: Database,
): void {
  const indexing = keepVectorIndex({
    database,
    withOwner: (work) => withOwner(config, database, work),
    model: modelId(config.embeddingModel),
    logger,
    signal,
  })
  onOpened(() => indexing)
}

interface Shared {
  readonly database: Database
  readonly queue: JobQueue
  readonly embedding: () => EmbeddingModel | undefined
  readonly countTokens: (text: string) => number
}

type Answering = Shared & Pick<Services, 'calibration'> & { readonly chat: ChatTurns }

function toServices(
  { config, logger, readiness, signal }: OpenOptions,
  { database, queue, embedding, countTokens, chat, calibration }: Answering,
): Services {
  const embeddingId = modelId(config.embeddingModel)
  const onEmbeddingFault = (error: unknown) => logger.warn({ err: error }, 'a text has no vector')
  const search = createSearch({
    database,
    embedding,
    embeddingId,
    vectorWeight: vectorWeightOf(calibration, embeddingId),
    onDegraded: onEmbeddingFault,
  })
  const countPromptTokens = (text: string) => chat.model?.countTokens(text) ?? countTokens(text)
  const answerSteps = createAnswerSteps({
    database,
    search,
    chat,
    recall: createServiceRecall({ config, database, chat, calibration }),
    embedding,
    embeddingId,
    thresholds: thresholdsOf(calibration),
    countTokens: countPromptTokens,
    onEmbeddingFault,
    onChat: (status, fault) => {
      const id = chat.model?.id ?? ''
      const why = fault?.message ?? `${id} did not answer the last question`
      const detail = status === 'ok' ? id : why
      readiness.set('chat', { status, detail })
    },
  })
  const evaluation = createEvaluationParts({
    config,
    database,
    queue,
    steps: answerSteps,
    chat,
    embedding,
    readiness,
    logger,
    signal,
    calibration,
  })
  return {
    database,
    queue,
    search,
    answerSteps,
    countTokens: countPromptTokens,
    chatLoad: () => chat.load,
    refreshMinutes: config.refreshMinutes,
    evaluation,
    calibration,
    calibrationFile: config.calibrationFile,
  }
}

async function untilNotLoading(readiness: Readiness, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && readiness.parts.embedding.status === 'loading') await sleep(PROGRESS_MS)
}

async function startJobs(
  { config, logger, hasSchedule, onOpened }: OpenOptions,
  dependencies: IngestDependencies & Pick<Services, 'queue' | 'evaluation'>,
): Promise<void> {
  const { queue, database, evaluation } = dependencies
  const fetcher = createFeedFetcher({ privateAllow: config.feedPrivateAllow })
  onOpened(() => fetcher.close())
  const refresh = { database, queue, fetcher, locate: locateFeed }
  await queue.work('refresh-feed', refreshFeedHandlers(refresh))
  await queue.work('ingest-article', ingestArticleHandlers(dependencies))
  await queue.work('embed-article', embedArticleHandlers(dependencies, queue))
  await queue.work('refresh-due-feeds', refreshDueFeedsHandlers(refresh))
  await queue.work('run-evaluation', runEvaluationHandlers(evaluation))
  await queue.work('nightly-evaluation', nightlyEvaluationHandlers({ ...evaluation, logger }))
  await queue.work(
    'forget-answers',
    forgetAnswersHandlers({ database, keepDays: config.answersKeepDays }),
  )
  await sendLostRuns(evaluation)
  if (hasSchedule) {
    await queue.schedule('refresh-due-feeds', '* * * * *')
    const options = { timezone: config.evalTimezone }
    await queue.schedule('nightly-evaluation', config.evalAt, options)
    await scheduleForgetting(queue)
  }
  // Opened last, closed first: a job must not find its models or its fetcher gone.
  onOpened(() => queue.stop())
  await requestReembedding({ queue, db: database.pool }, modelId(config.embeddingModel))
}

interface Library {
  readonly database: Database
  readonly queue: JobQueue
}

/** The configured feeds, or the handbook where there is none; what is due is fetched, files always. */
async function readLibrary(options: OpenOptions, library: Library): Promise<void> {
  const { config, signal } = options
  const { refreshMinutes } = config
  const { pool } = library.database
  await untilPassed(options, async () => {
    for (const url of config.feeds) await addFeed(library, { url, refreshMinutes })
    await ensureSomeFeed({ ...library, refreshMinutes })
    const files = (await listFeeds(pool)).filter(
      ({ url, status }) => !/^https?:/.test(url) && (status === 'ok' || status === 'failing'),
    )
    const due = new Set([...files.map(({ id }) => id), ...(await listDueFeeds(pool))])
    for (const feedId of due) await requestRefresh(library, feedId)
  })
  while (!signal.aborted) {
    if (await untilPassed(options, () => isLibraryRead(options, library))) return
    await sleep(PROGRESS_MS, undefined, { signal }).catch(() => undefined)
  }
}

/** Every feed has been tried, and at least one article is searchable or no feed gave one. */
async function isLibraryRead({ readiness }: OpenOptions, { database }: Library): Promise<boolean> {
  const { untried, articles, waiting, failed } = await loadCorpusProgress(database.pool)
  const isRead = untried === 0 && (articles > 0 || failed === 0)
  const left = waiting > 0 ? `${waiting} to read` : `${failed} failed and are tried again`
  readiness.set(
    'corpus',
    isRead
      ? { status: 'ok', detail: `${articles} articles` }
      : {
          status: 'loading',
          detail: `${articles} articles read, ${left}`,
          progress: { done: articles, total: articles + waiting },
        },
  )
  return isRead
}

/** Does `work` again until the database is there and has room: a start does not end for a pause of it. */
async function untilPassed<T>(
  { logger, readiness, signal }: OpenOptions,
  work: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      const known = error instanceof AppError ? error : toDatabaseError(error)
      const isPassing = known.code === 'database-unavailable' || known.code === 'storage-full'
      if (!isPassing || signal.aborted) throw error
      logger.warn({ err: error }, known.message)
      readiness.set('corpus', { status: 'loading', detail: known.message })
    }
    await sleep(DATABASE_RETRY_MS, undefined, { signal })
  }
}

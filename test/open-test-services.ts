// The service's parts as src/services.ts puts them together, on an embedded database in memory, with
// a fake embedder and a scripted chat model where the weights would be.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createFeedFetcher } from '../ingest/fetch-feed.ts'
import { createTokenCounter } from '../ingest/token-count.ts'
import { createRecall, NEVER_RECALL, type Recall } from '../src/answering/answer-cache.ts'
import { CALIBRATION, thresholdsOf, vectorWeightOf } from '../src/answering/calibration.ts'
import { createAnswerSteps } from '../src/answering/create-answer-steps.ts'
import type { Database } from '../src/db/database.ts'
import { embedArticleHandlers } from '../src/jobs/embed-article.ts'
import { ingestArticleHandlers } from '../src/jobs/ingest-article.ts'
import { addFeed, locateFeed } from '../src/jobs/manage-feeds.ts'
import { openQueue, prepareQueues, type JobQueue } from '../src/jobs/queue.ts'
import {
  refreshDueFeedsHandlers,
  refreshFeedHandlers,
  requestRefresh,
} from '../src/jobs/refresh-feed.ts'
import { runEvaluationHandlers, type EvaluationDependencies } from '../src/jobs/run-evaluation.ts'
import type { ChatModel } from '../src/models/chat-model.ts'
import { ChatTurns } from '../src/models/chat-turns.ts'
import { DEADLINES, type Deadlines } from '../src/models/deadlines.ts'
import { createSearch } from '../src/retrieval/search.ts'
import type { Services } from '../src/services.ts'
import type { Feed } from '../src/store/feeds.ts'
import { loadRefresh, type Refresh } from '../src/store/refreshes.ts'
import { createFakeEmbedding } from './fake-embedding.ts'
import { openTestDatabase } from './open-test-database.ts'

interface OpenOptions {
  /** Undefined: none is there. */
  readonly chat?: ChatModel
  readonly maxWaiting?: number
  readonly deadlines?: Deadlines
  /** Gives answers again, as the service does: a test that asks the same twice means to ask twice. */
  readonly remembers?: boolean
  /** As FEED_PRIVATE_ALLOW has them. */
  readonly privateAllow?: readonly string[]
}

export interface TestServices extends AsyncDisposable {
  readonly services: Services
  readonly chat: ChatTurns
  /** Another one may take its place, as after a change of the settings. */
  embedding: ReturnType<typeof createFakeEmbedding>
  /** What was told and not thrown: by the queue, and by a search without its vector. */
  readonly errors: unknown[]
  /** What the disk has left. */
  freeBytes: number
  /** A file with this text, in a folder that goes with the services. */
  writeFeed(text: string): string
  rewriteFeed(path: string, text: string): void
  /** Adds a feed and waits until it is read. */
  readFeed(url: string): Promise<Feed>
  refresh(feedId: string): Promise<Refresh>
  /** Waits for a refresh to end; what failed is tried again at once. */
  ended(refreshId: string): Promise<Refresh>
}

const POLL_MS = 25
const REFRESH_MINUTES = 60

export async function openTestServices(options: OpenOptions = {}): Promise<TestServices> {
  const folder = mkdtempSync(join(tmpdir(), 'footnote-test-'))
  const opened = await openTestDatabase()
  const database: Database = { ...opened, freeBytes: () => test.freeBytes }
  await prepareQueues(database.pool)
  const errors: unknown[] = []
  const onError = (error: unknown) => void errors.push(error)
  const queue = await openQueue({ pool: database.pool, onError })
  const fetcher = createFeedFetcher({ privateAllow: options.privateAllow ?? [] })
  const { maxWaiting = 2, deadlines = DEADLINES } = options
  const chat = new ChatTurns({ maxWaiting, deadlines })
  if (options.chat !== undefined) chat.setModel(options.chat)
  const countTokens = createTokenCounter()
  const embedding = () => test.embedding.model
  const search = createSearch({
    database,
    embedding,
    embeddingId: 'onnx:fake',
    vectorWeight: vectorWeightOf(CALIBRATION, 'onnx:fake'),
    onDegraded: onError,
  })
  const answerSteps = createAnswerSteps({
    database,
    search,
    chat,
    recall: options.remembers === true ? createTestRecall(database, chat) : NEVER_RECALL,
    embedding,
    embeddingId: 'onnx:fake',
    thresholds: thresholdsOf(CALIBRATION),
    countTokens,
    onEmbeddingFault: (error) => void errors.push(error),
    onChat: () => undefined,
  })
  const evaluation: EvaluationDependencies = {
    database,
    queue,
    steps: { ...answerSteps, recall: NEVER_RECALL },
    embedding,
    hasChat: options.chat !== undefined,
    judgeModel: null,
    configuration: () => Promise.resolve({ chat: options.chat?.id ?? 'none' }),
    addresses: new Map(),
    isChatReady: () => true,
    openJudge: () => Promise.resolve(null),
    onEnded: () => Promise.resolve(),
  }
  const services: Services = {
    database,
    queue,
    search,
    answerSteps,
    countTokens,
    chatLoad: () => chat.load,
    refreshMinutes: REFRESH_MINUTES,
    evaluation,
    calibration: CALIBRATION,
    calibrationFile: undefined,
  }
  let files = 0
  const test: TestServices = {
    services,
    chat,
    embedding: createFakeEmbedding(),
    errors,
    freeBytes: Number.POSITIVE_INFINITY,
    writeFeed(text) {
      files += 1
      const path = join(folder, `feed-${files}.xml`)
      writeFileSync(path, text)
      return path
    },
    rewriteFeed: (path, text) => writeFileSync(path, text),
    async readFeed(url) {
      const { feed } = await addFeed(services, { url, refreshMinutes: REFRESH_MINUTES })
      await this.refresh(feed.id)
      return feed
    },
    async refresh(feedId) {
      const { id } = await requestRefresh(services, feedId)
      return this.ended(id)
    },
    ended: (refreshId) => untilEnded(services, refreshId),
    async [Symbol.asyncDispose]() {
      await queue.stop()
      await fetcher.close()
      await database.close()
      rmSync(folder, { recursive: true })
    },
  }
  const whenIdle = (maxMs: number) => chat.whenIdle(maxMs)
  await startJobs(queue, { database, queue, fetcher, embedding, countTokens, whenIdle })
  await queue.work('run-evaluation', runEvaluationHandlers(evaluation))
  return test
}

function createTestRecall(database: Database, chat: ChatTurns): Recall {
  const others = { chatSource: null, embedding: 'onnx:fake', calibration: CALIBRATION }
  const conditions = () => chat.model && { chat: chat.model.id, ...others }
  return createRecall({ database, conditions: () => Promise.resolve(conditions()) })
}

type JobDependencies = Parameters<typeof ingestArticleHandlers>[0] &
  Omit<Parameters<typeof refreshFeedHandlers>[0], 'locate'>

async function startJobs(queue: JobQueue, dependencies: JobDependencies): Promise<void> {
  const refresh = { ...dependencies, locate: locateFeed }
  await queue.work('refresh-feed', refreshFeedHandlers(refresh))
  await queue.work('ingest-article', ingestArticleHandlers(dependencies))
  await queue.work('embed-article', embedArticleHandlers(dependencies, queue))
  await queue.work('refresh-due-feeds', refreshDueFeedsHandlers(refresh))
}

async function untilEnded({ database, queue }: Services, id: string): Promise<Refresh> {
  for (;;) {
    const refresh = await loadRefresh(database.pool, id)
    if (refresh === undefined) throw new Error(`There is no refresh ${id}.`)
    if (refresh.endedAt !== null) return refresh
    // A job that failed waits some seconds, twice as long each time: time that a test has not got.
    const { rowCount } = await database.pool.query(
      `update pgboss.job set start_after = now()
       where job.state < 'active' and job.start_after > now() and job.name <> 'refresh-due-feeds'`,
    )
    if ((rowCount ?? 0) > 0) for (const kind of KINDS) queue.wake(kind)
    await sleep(POLL_MS)
  }
}

const KINDS = ['refresh-feed', 'ingest-article', 'embed-article', 'run-evaluation'] as const

// Prometheus' figures of one service. No label holds an id, a question or anything else that a caller
// chooses: each value would be a series of its own, kept for ever.
import { setTimeout as sleep } from 'node:timers/promises'
import { Router } from 'express'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Answered } from '../answering/answer-question.ts'
import { AppError, type ErrorCode } from '../errors.ts'
import type { Services } from '../services.ts'
import { loadCorpusProgress } from '../store/corpus.ts'
import { countFeeds } from '../store/feeds.ts'

export interface Metrics {
  readonly contentType: string
  countRequest(request: CountedRequest): void
  countAnswer(answered: Answered): void
  countFailure(code: ErrorCode | 'client-gone'): void
  /** Without services, or while their database is away, without the figures that they have. */
  render(services: Services | undefined): Promise<string>
}

interface CountedRequest {
  readonly method: string
  /** Undefined where the contract has none: the page, its files, and what is not there. */
  readonly route: string | undefined
  readonly status: number
  /** Its client went before the end. */
  readonly isCutOff: boolean
  readonly ms: number
}

const METHODS = ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE', 'OPTIONS']
/** A request that searches takes tens of milliseconds, one that is answered by the model some seconds. */
const REQUEST_BUCKETS_S = [0.005, 0.02, 0.1, 0.5, 1, 2.5, 5, 10, 20, 60, 180]
const SEARCH_BUCKETS_S = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 10]
const ANSWER_BUCKETS_S = [0.1, 0.5, 1, 2, 3, 5, 7, 10, 15, 20, 30, 60, 180]
/** A scrape waits no longer for a database that is away or busy. */
const LIBRARY_TIMEOUT_MS = 2_000

interface MetricsContext {
  readonly metrics: Metrics
  readonly services: () => Services
}

export function metricsRoutes({ metrics, services }: MetricsContext): Router {
  const router = Router()
  router.get('/metrics', async (_request, response) => {
    const text = await metrics.render(openedServices(services))
    response.set('Content-Type', metrics.contentType).end(text)
  })
  return router
}

/** A service that starts or stops has figures as well. */
function openedServices(services: () => Services): Services | undefined {
  try {
    return services()
  } catch (error) {
    if (error instanceof AppError) return undefined
    throw error
  }
}

export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const requests = new Histogram({
    name: 'footnote_http_request_duration_seconds',
    help: 'Requests by route, method and status, with how long they took; a stream until its end.',
    labelNames: ['route', 'method', 'status'],
    buckets: REQUEST_BUCKETS_S,
    registers: [registry],
  })
  const answers = createAnswerMetrics(registry)
  const now = createNowMetrics(registry)
  return {
    contentType: registry.contentType,
    countRequest({ route = 'other', method, status, isCutOff, ms }) {
      const labels = {
        route,
        method: METHODS.includes(method) ? method : 'other',
        status: isCutOff ? 'cut-off' : status,
      }
      requests.observe(labels, ms / 1_000)
    },
    ...answers,
    async render(services) {
      now.readQuestions(services)
      await now.readLibrary(services)
      return registry.metrics()
    },
  }
}

function createAnswerMetrics(registry: Registry): Pick<Metrics, 'countAnswer' | 'countFailure'> {
  const registers = [registry]
  const answers = new Counter({
    name: 'footnote_answers_total',
    help: 'Answers by status and reason, and whether they came from the cache.',
    labelNames: ['status', 'reason', 'cached'],
    registers,
  })
  const failures = new Counter({
    name: 'footnote_answer_failures_total',
    help: 'Questions that got no answer, by the code of the error.',
    labelNames: ['code'],
    registers,
  })
  const dropped = new Counter({
    name: 'footnote_dropped_sentences_total',
    help: 'Sentences of the chat model that nothing supported.',
    registers,
  })
  const tokens = new Counter({
    name: 'footnote_tokens_total',
    help: 'Tokens that the chat model read and wrote for answers.',
    labelNames: ['kind'],
    registers,
  })
  const countSeconds = createAnswerSeconds(registry)
  return {
    countAnswer({ answer, trace }) {
      const { status, reason, cached } = answer
      answers.inc({ status, reason: reason ?? 'none', cached: String(cached) })
      countSeconds(answer)
      if (cached) return
      dropped.inc(trace.dropped.length)
      tokens.inc({ kind: 'read' }, answer.tokens.prompt)
      tokens.inc({ kind: 'written' }, answer.tokens.completion)
    },
    countFailure: (code) => failures.inc({ code }),
  }
}

function createAnswerSeconds(registry: Registry): (answer: Answered['answer']) => void {
  const create = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name, help, labelNames: ['cached'], buckets, registers: [registry] })
  const search = create(
    'footnote_answer_search_seconds',
    'From the question to its passages.',
    SEARCH_BUCKETS_S,
  )
  const queued = create(
    'footnote_answer_queued_seconds',
    'How long a question waited for its turn.',
    ANSWER_BUCKETS_S,
  )
  const firstWord = create(
    'footnote_answer_first_word_seconds',
    'From the question to the first word of the chat model.',
    ANSWER_BUCKETS_S,
  )
  const total = create(
    'footnote_answer_seconds',
    'From the question to the whole answer.',
    ANSWER_BUCKETS_S,
  )
  return ({ cached, timings }) => {
    const labels = { cached: String(cached) }
    search.observe(labels, timings.searchMs / 1_000)
    total.observe(labels, timings.totalMs / 1_000)
    if (cached) return
    queued.observe(labels, timings.queuedMs / 1_000)
    if (timings.firstTokenMs !== null) firstWord.observe(labels, timings.firstTokenMs / 1_000)
  }
}

/** What is read when it is asked for. */
function createNowMetrics(registry: Registry) {
  const registers = [registry]
  const questions = new Gauge({
    name: 'footnote_questions',
    help: 'Questions with a place at the chat model: active is the one that it works on.',
    labelNames: ['state'],
    registers,
  })
  const feeds = new Gauge({
    name: 'footnote_feeds',
    help: 'Feeds by status.',
    labelNames: ['status'],
    registers,
  })
  const articles = new Gauge({
    name: 'footnote_articles',
    help: 'Articles that can be found.',
    labelNames: [],
    registers,
  })
  return {
    readQuestions(services: Services | undefined): void {
      const { active, waiting } = services?.chatLoad() ?? { active: 0, waiting: 0 }
      questions.set({ state: 'active' }, active)
      questions.set({ state: 'waiting' }, waiting)
    },
    async readLibrary(services: Services | undefined): Promise<void> {
      const read = services === undefined ? null : await readWithin(services)
      feeds.reset()
      articles.remove()
      if (read === null) return
      for (const { status, count } of read.feeds) feeds.set({ status }, count)
      articles.set(read.articles)
    },
  }
}

async function readWithin({ database: { pool } }: Services) {
  const reading = Promise.all([countFeeds(pool), loadCorpusProgress(pool)]).then(
    ([feeds, { articles }]) => ({ feeds, articles }),
    () => null,
  )
  return Promise.race([reading, sleep(LIBRARY_TIMEOUT_MS, null, { ref: false })])
}

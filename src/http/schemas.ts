import { z } from 'zod'
import { goldenCase } from '../../eval/golden-case.ts'
import { givenCase } from '../../eval/kept-case.ts'
import { REVIEW_REASONS } from '../store/reviews.ts'
import { askedTimeSchema, explanationSchema, NO_PASSAGES } from './search-schemas.ts'

// Requests are strict: an unknown field is a mistake that somebody wants to hear of. Responses are
// described for readers of the contract; more fields may come, none is renamed.

/** Text that Postgres can keep: no NUL, no half of a surrogate pair. */
export function text(min: number, max: number) {
  return z
    .string()
    .min(min)
    .max(max)
    .refine((value) => !value.includes('\0'), { message: 'must not hold a NUL character' })
    .refine((value) => value.isWellFormed(), { message: 'must be well-formed Unicode' })
}

/** What a person writes in a field. */
const words = text(1, 2_000).refine((value) => value.trim() !== '', {
  message: 'must hold more than spaces',
})

export const question = words

const itemId = text(1, 200)

const list = z.union([text(1, 300).transform((one) => [one]), z.array(text(1, 300)).max(100)])
const time = z.iso.datetime({ offset: true }).or(z.iso.date())

const filterFields = {
  feed: list.optional(),
  author: list.optional(),
  category: list.optional(),
  publishedAfter: time.optional(),
  publishedBefore: time.optional(),
  asOf: time.optional(),
}

export const filters = z.strictObject(filterFields)

const message = z.strictObject({ role: z.enum(['user', 'assistant']), content: text(1, 20_000) })

export const chatRequest = z
  .strictObject({
    question: question.optional(),
    messages: z.array(message).min(1).max(100).optional(),
    stream: z.boolean().optional(),
    filters: filters.optional(),
    maxPassages: z.int().min(1).max(50).optional(),
    fresh: z.boolean().optional(),
  })
  .refine((body) => (body.question === undefined) !== (body.messages === undefined), {
    message: 'one of "question" and "messages" is needed, and not both',
  })
  .superRefine(({ messages }, context) => {
    const last = messages?.at(-1)
    if (last === undefined) return
    if (last.role !== 'user') {
      context.addIssue({
        code: 'custom',
        path: ['messages'],
        message: 'the last message must be the user’s question',
      })
    } else if (!question.safeParse(last.content).success) {
      context.addIssue({
        code: 'custom',
        path: ['messages', (messages?.length ?? 1) - 1, 'content'],
        message: 'a question has 1 to 2000 characters, not only spaces',
      })
    }
  })

export function numberIn(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,6}$/, { message: `must be a whole number from ${min} to ${max}` })
    .transform(Number)
    .pipe(z.int().min(min).max(max))
}

export const searchQuery = z
  .strictObject({
    q: question,
    k: numberIn(1, 50).optional(),
    tokens: numberIn(50, 4_000).optional(),
    explain: itemId.optional(),
    ...filterFields,
  })
  .refine(({ k, tokens }) => k === undefined || tokens === undefined, {
    message: '"k" and "tokens" exclude each other',
  })

export const articlesQuery = z.strictObject({
  limit: numberIn(1, 100).optional(),
  cursor: text(1, 500).optional(),
  ...filterFields,
})

/** What cursors hold: the key of the last item of a page. */
const moment = z.iso.datetime().transform((value) => new Date(value))

export const articleCursor = z
  .tuple([moment.nullable(), itemId])
  .transform(([publishedAt, id]) => ({ publishedAt, id }))

export const reviewCursor = z
  .tuple([z.int().min(0).max(REVIEW_REASONS.length), moment, itemId])
  .transform(([priority, createdAt, id]) => ({ priority, createdAt, id }))

export const keptCaseCursor = z
  .tuple([moment, itemId])
  .transform(([createdAt, id]) => ({ createdAt, id }))

export const revisionParams = z.object({ id: text(1, 200), n: numberIn(1, 999_999) })

const refreshMinutes = z.int().min(1).max(10_080)
const address = text(1, 2_000)

export const addFeedRequest = z.strictObject({
  url: address,
  refreshMinutes: refreshMinutes.optional(),
})

export const changeFeedRequest = z.strictObject({
  title: text(1, 300).optional(),
  refreshMinutes: refreshMinutes.optional(),
  paused: z.boolean().optional(),
})

export const feedbackRequest = z.strictObject({
  rating: z.enum(['up', 'down']),
  comment: words.optional(),
  correction: words.optional(),
})

/** Of a list: where it begins and how long it is. */
export const page = { limit: numberIn(1, 100).optional(), cursor: text(1, 500).optional() }

export const reviewsQuery = z.strictObject({ state: z.enum(['open', 'done']).optional(), ...page })

export const keptCasesQuery = z.strictObject(page)

export const askForReviewRequest = z.strictObject({ answerId: text(1, 200) })

/** Every text in it, however deep, must be one that Postgres can keep. */
function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return !value.includes('\0') && value.isWellFormed()
  return typeof value !== 'object' || value === null || Object.values(value).every(isStorable)
}

export const settleReviewRequest = z
  .strictObject({
    action: z.enum(['correct', 'golden', 'dismiss']),
    correction: words.optional(),
    case: givenCase
      .refine(isStorable, { message: 'must not hold NUL characters or broken Unicode' })
      .optional(),
  })
  .refine(({ action, correction }) => action !== 'correct' || correction !== undefined, {
    path: ['correction'],
    message: 'is needed to correct an answer',
  })
  .refine(({ action, correction }) => action !== 'dismiss' || correction === undefined, {
    path: ['correction'],
    message: 'must be left out where the review is dismissed',
  })
  .refine(({ action, case: given }) => action === 'golden' || given === undefined, {
    path: ['case'],
    message: 'belongs to the action "golden" alone',
  })

export const nullableTime = z.iso.datetime().nullable()

const scores = z.object({
  keyword: z.number().nullable(),
  vector: z.number().nullable(),
  fused: z.number(),
})

const place = {
  articleId: z.string(),
  revision: z.int(),
  url: z.string().nullable(),
  title: z.string(),
  heading: z.string(),
  publishedAt: nullableTime,
  start: z.int(),
  end: z.int(),
}

export const sourceSchema = z.object({ ...place, text: z.string(), scores })
const citationSchema = z.object({ number: z.int(), ...place, quote: z.string() })

export const answerSchema = z.object({
  id: z.string(),
  status: z.enum(['answered', 'refused', 'extracted']),
  reason: z.enum(['no-evidence', 'not-answered', 'unsupported', 'model-unavailable']).nullable(),
  question: z.string(),
  answer: z.string(),
  sentences: z.array(
    z.object({
      text: z.string(),
      start: z.int(),
      end: z.int(),
      citations: z.array(z.int()),
      support: z.number(),
    }),
  ),
  citations: z.array(citationSchema),
  sources: z.array(sourceSchema),
  models: z.object({ chat: z.string().nullable(), embedding: z.string() }),
  tokens: z.object({ prompt: z.int(), completion: z.int() }),
  timings: z.object({
    queuedMs: z.int(),
    searchMs: z.int(),
    firstTokenMs: z.int().nullable(),
    totalMs: z.int(),
  }),
  cached: z.boolean(),
  corpusRevision: z.int(),
  degraded: z.literal('keyword-only').nullable(),
})

const traceSchema = z.object({
  understood: z.object({
    question: z.string(),
    asked: z.string(),
    earlier: z.string().nullable(),
    earlierAnswer: z.string().nullable(),
  }),
  time: askedTimeSchema.nullable(),
  candidates: z.array(z.object({ chunkId: z.string(), articleId: z.string(), ...scores.shape })),
  passages: z.array(sourceSchema),
  prompt: z.string().nullable(),
  promptHash: z.string().nullable(),
  generated: z.string().nullable(),
  dropped: z.array(z.object({ text: z.string(), why: z.string() })),
  decision: z.object({
    reason: answerSchema.shape.reason,
    statesAnswer: z.number().nullable(),
    basis: z.enum(['probability', 'word']).nullable(),
    threshold: z.number().nullable(),
  }),
  /** Milliseconds by step. */
  timings: z.record(z.string(), z.int()).optional(),
  fingerprint: answerSchema.shape.models.extend({ answer: z.string().nullable().optional() }),
})

export const keptAnswerSchema = answerSchema.extend({ trace: traceSchema })

export const searchSchema = z.object({
  question: z.string(),
  passages: z.array(sourceSchema),
  reason: z.enum(NO_PASSAGES).nullable(),
  degraded: z.literal('keyword-only').nullable(),
  time: askedTimeSchema.nullable(),
  explain: explanationSchema.optional(),
})

export const articleSchema = z.object({
  id: z.string(),
  guid: z.string().nullable(),
  feedId: z.string(),
  title: z.string(),
  url: z.string().nullable(),
  author: z.string().nullable(),
  publishedAt: nullableTime,
  updatedAt: nullableTime,
  categories: z.array(z.string()),
  revision: z.int(),
  status: z.enum(['live', 'withdrawn']),
})

export const revisionSchema = z.object({
  articleId: z.string(),
  revision: z.int(),
  title: z.string(),
  url: z.string().nullable(),
  publishedAt: nullableTime,
  fetchedAt: z.iso.datetime(),
  text: z.string(),
})

export const feedSchema = z.object({
  id: z.string(),
  url: z.string(),
  title: z.string(),
  status: z.enum(['ok', 'failing', 'paused', 'ended']),
  problem: z.string().nullable(),
  refreshMinutes: z.int(),
  lastFetchedAt: nullableTime,
  nextFetchAt: nullableTime,
  articles: z.int(),
})

export const jobSchema = z.object({
  id: z.string(),
  kind: z.string(),
  state: z.enum(['waiting', 'running', 'done', 'failed']),
  progress: z.object({ done: z.int(), total: z.int() }),
  error: z.string().nullable(),
  code: z.string().nullable(),
})

export const reviewSchema = z.object({
  id: z.string(),
  question: z.string(),
  answerIds: z.array(z.string()),
  reasons: z.array(z.enum(REVIEW_REASONS)),
  feedback: z.array(
    z.object({
      answerId: z.string(),
      rating: z.enum(['up', 'down']),
      comment: z.string().nullable(),
      correction: z.string().nullable(),
      createdAt: z.iso.datetime(),
    }),
  ),
  state: z.enum(['open', 'done']),
  action: z.enum(['correct', 'golden', 'dismiss']).nullable(),
  correction: z.string().nullable(),
})

export const keptCaseSchema = goldenCase

const part = z.object({
  status: z.enum(['ok', 'loading', 'unavailable', 'none']),
  detail: z.string(),
  progress: z.object({ done: z.int(), total: z.int() }).optional(),
})

export const healthSchema = z.object({
  status: z.enum(['ok', 'ready', 'starting', 'stopping']),
  parts: z.object({ database: part, embedding: part, chat: part, corpus: part }),
})

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string(),
  code: z.string(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })),
})

export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), next: z.string().nullable() })
}

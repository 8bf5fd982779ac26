import { Router } from 'express'
import { goldenCase } from '../../eval/golden-case.ts'
import { askForReview, giveFeedback, settle } from '../../eval/reviews.ts'
import { AppError } from '../errors.ts'
import { listLastFeedback, type Feedback } from '../store/feedback.ts'
import { listKeptCases } from '../store/kept-cases.ts'
import { listReviews, loadReview, type Review } from '../store/reviews.ts'
import { queryOf, type HttpContext } from './context.ts'
import { DEFAULT_LIMIT, fromCursor, toPage } from './paging.ts'
import { parseRequest } from './parse-request.ts'
import {
  askForReviewRequest,
  feedbackRequest,
  keptCaseCursor,
  keptCasesQuery,
  reviewCursor,
  reviewsQuery,
  settleReviewRequest,
} from './schemas.ts'

export function reviewRoutes(context: HttpContext): Router {
  const router = Router()
  router.post('/v1/answers/:id/feedback', async (request, response) => {
    const { rating, comment, correction } = parseRequest(feedbackRequest, request.body)
    const given = { rating, comment: comment ?? null, correction: correction ?? null }
    if (!(await giveFeedback(context.services().database, request.params.id, given))) {
      throw noAnswer()
    }
    response.status(204).end()
  })
  router.get('/v1/reviews', async (request, response) => {
    const query = parseRequest(reviewsQuery, queryOf(request))
    const { state = 'open', limit = DEFAULT_LIMIT, cursor } = query
    const after = fromCursor(reviewCursor, cursor)
    const { pool } = context.services().database
    const found = await listReviews(pool, state, { after, limit: limit + 1 })
    const { items, next } = toPage(found, limit, ({ priority, createdAt, id }) => [
      priority,
      createdAt,
      id,
    ])
    response.json({ items: await present(context, items), next })
  })
  router.post('/v1/reviews', async (request, response) => {
    const { answerId } = parseRequest(askForReviewRequest, request.body)
    const asked = await askForReview(context.services().database, answerId)
    if (asked === undefined) throw noAnswer()
    response
      .status(asked.isNew ? 201 : 200)
      .location(`/v1/reviews/${asked.review.id}`)
      .json(await presentOne(context, asked.review))
  })
  router.get('/v1/reviews/cases', async (request, response) => {
    const { limit = DEFAULT_LIMIT, cursor } = parseRequest(keptCasesQuery, queryOf(request))
    const { pool } = context.services().database
    const after = fromCursor(keptCaseCursor, cursor)
    const found = await listKeptCases(pool, { after, limit: limit + 1 })
    const { items, next } = toPage(found, limit, ({ createdAt, id }) => [createdAt, id])
    // Parsed for the order of its fields, which the database does not keep.
    response.json({ items: items.map(({ body }) => goldenCase.parse(body)), next })
  })
  router.get('/v1/reviews/:id', async (request, response) => {
    const review = await loadReview(context.services().database.pool, request.params.id)
    if (review === undefined) throw new AppError('not-found', 'There is no review with this id.')
    response.json(await presentOne(context, review))
  })
  router.post('/v1/reviews/:id', async (request, response, next) => {
    // The list of cases stands where a review would, and cannot be posted to.
    if (request.params.id === 'cases') return next()
    const body = parseRequest(settleReviewRequest, request.body)
    const { action, correction, case: given = {} } = body
    const { database } = context.services()
    const settlement = { action, correction: correction ?? null, given }
    const review = await settle(database, request.params.id, settlement)
    response.json(await presentOne(context, review))
  })
  return router
}

function noAnswer(): AppError {
  return new AppError('not-found', 'There is no answer with this id.')
}

async function presentOne(context: HttpContext, review: Review) {
  return (await present(context, [review]))[0]
}

async function present(context: HttpContext, reviews: readonly Review[]) {
  const ids = reviews.flatMap(({ answerIds }) => answerIds)
  const feedback = await listLastFeedback(context.services().database.pool, ids)
  return reviews.map((review) => presentReview(review, feedback))
}

function presentReview(
  { id, question, answerIds, reasons, state, action, correction }: Review,
  feedback: readonly Feedback[],
) {
  const given = answerIds.flatMap((answerId) =>
    feedback.filter((each) => each.answerId === answerId),
  )
  return { id, question, answerIds, reasons, feedback: given, state, action, correction }
}

import { Router } from 'express'
import { AppError } from '../errors.ts'
import { listArticles, loadArticle, loadRevision, type ArticleCursor } from '../store/articles.ts'
import { queryOf, type HttpContext } from './context.ts'
import { parseRequest, toFilters } from './parse-request.ts'
import { articlesQuery, revisionParams } from './schemas.ts'

const DEFAULT_LIMIT = 20

export function articleRoutes(context: HttpContext): Router {
  const router = Router()
  router.get('/v1/articles', async (request, response) => {
    const {
      limit = DEFAULT_LIMIT,
      cursor,
      ...filters
    } = parseRequest(articlesQuery, queryOf(request))
    const articles = await listArticles(context.services().database.pool, toFilters(filters), {
      after: cursor === undefined ? null : fromCursor(cursor),
      limit: limit + 1,
    })
    const items = articles.slice(0, limit)
    const last = articles.length > limit ? items.at(-1) : undefined
    response.json({ items, next: last === undefined ? null : toCursor(last) })
  })
  router.get('/v1/articles/:id', async (request, response) => {
    const article = await loadArticle(context.services().database.pool, request.params.id)
    if (article === undefined) throw new AppError('not-found', 'There is no article with this id.')
    response.json(article)
  })
  router.get('/v1/articles/:id/revisions/:n', async (request, response) => {
    const { id, n } = parseRequest(revisionParams, request.params)
    const revision = await loadRevision(context.services().database.pool, id, n)
    if (revision === undefined) throw new AppError('not-found', 'There is no such revision.')
    response.json(revision)
  })
  return router
}

function toCursor({ id, publishedAt }: ArticleCursor): string {
  return Buffer.from(JSON.stringify([publishedAt, id])).toString('base64url')
}

function fromCursor(cursor: string): ArticleCursor {
  try {
    const [publishedAt, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[]
    const date = typeof publishedAt === 'string' ? new Date(publishedAt) : null
    if (typeof id === 'string' && !Number.isNaN(date?.getTime())) return { publishedAt: date, id }
  } catch {
    // Not one of ours: said below.
  }
  throw new AppError('invalid-request', 'The cursor is not one that a list gave as "next".', {
    errors: [{ path: '/cursor', message: 'must be the "next" of the page before' }],
  })
}

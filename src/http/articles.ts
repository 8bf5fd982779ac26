import { Router } from 'express'
import { AppError } from '../errors.ts'
import { listArticles, loadArticle, loadRevision } from '../store/articles.ts'
import { queryOf, type HttpContext } from './context.ts'
import { DEFAULT_LIMIT, fromCursor, toPage } from './paging.ts'
import { parseRequest, toFilters } from './parse-request.ts'
import { articleCursor, articlesQuery, revisionParams } from './schemas.ts'

export function articleRoutes(context: HttpContext): Router {
  const router = Router()
  router.get('/v1/articles', async (request, response) => {
    const {
      limit = DEFAULT_LIMIT,
      cursor,
      ...filters
    } = parseRequest(articlesQuery, queryOf(request))
    const articles = await listArticles(context.services().database.pool, toFilters(filters), {
      after: fromCursor(articleCursor, cursor),
      limit: limit + 1,
    })
    response.json(toPage(articles, limit, ({ publishedAt, id }) => [publishedAt, id]))
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

import { isAbsolute } from 'node:path'
import { Router } from 'express'
import { AppError } from '../errors.ts'
import { addFeed, removeFeed } from '../jobs/manage-feeds.ts'
import { requestRefresh } from '../jobs/refresh-feed.ts'
import { listFeeds, loadFeed, updateFeed, type Feed } from '../store/feeds.ts'
import type { HttpContext } from './context.ts'
import { presentRefreshJob } from './jobs.ts'
import { parseRequest } from './parse-request.ts'
import { addFeedRequest, changeFeedRequest } from './schemas.ts'

export function feedRoutes(context: HttpContext): Router {
  const router = Router()
  router.get('/v1/feeds', async (_request, response) => {
    const feeds = await listFeeds(context.services().database.pool)
    response.json({ items: feeds.map(presentFeed), next: null })
  })
  router.post('/v1/feeds', async (request, response) => {
    const { url, refreshMinutes } = parseRequest(addFeedRequest, request.body)
    const services = context.services()
    const { feed, isNew } = await addFeed(services, {
      url: requireFeedAddress(url, context),
      refreshMinutes: refreshMinutes ?? services.refreshMinutes,
    })
    response
      .status(isNew ? 201 : 200)
      .location(`/v1/feeds/${feed.id}`)
      .json(presentFeed(feed))
  })
  router.patch('/v1/feeds/:id', async (request, response) => {
    const change = parseRequest(changeFeedRequest, request.body)
    const { pool } = context.services().database
    await updateFeed(pool, request.params.id, change)
    response.json(presentFeed(await requireFeed(context, request.params.id)))
  })
  router.delete('/v1/feeds/:id', async (request, response) => {
    if (!(await removeFeed(context.services(), request.params.id))) throw noFeed()
    response.status(204).end()
  })
  router.post('/v1/feeds/:id/refresh', async (request, response) => {
    const feed = await requireFeed(context, request.params.id)
    const refresh = await requestRefresh(context.services(), feed.id)
    response.status(202).location(`/v1/jobs/${refresh.id}`).json(presentRefreshJob(refresh))
  })
  return router
}

function presentFeed(feed: Feed) {
  const isWaiting = feed.status === 'ok' || feed.status === 'failing'
  return { ...feed, nextFetchAt: isWaiting ? feed.nextFetchAt : null }
}

async function requireFeed(context: HttpContext, id: string): Promise<Feed> {
  const feed = await loadFeed(context.services().database.pool, id)
  if (feed === undefined) throw noFeed()
  return feed
}

function noFeed(): AppError {
  return new AppError('not-found', 'There is no feed with this id.')
}

/** Files are for the machine's owner, who comes through the door. */
function requireFeedAddress(url: string, { isDoor }: HttpContext): string {
  if (isDoor && isAbsolute(url)) return url
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url
  const wanted = isDoor
    ? 'an http or https address or an absolute path'
    : 'an http or https address'
  throw new AppError('invalid-request', `/url: must be ${wanted}.`, {
    errors: [{ path: '/url', message: `must be ${wanted}` }],
  })
}

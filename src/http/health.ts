import { Router } from 'express'
import { loadCorpusProgress } from '../store/corpus.ts'
import type { HttpContext } from './context.ts'

/** Longer than any statement of the service should take; a probe that waits longer tells nothing. */
const PROBE_TIMEOUT_MS = 5_000

export function healthRoutes({ readiness, services }: HttpContext): Router {
  const router = Router()
  router.get('/healthz', (_request, response) => {
    response.json({ status: readiness.isStopping ? 'stopping' : 'ok', parts: readiness.parts })
  })
  router.get('/readyz', async (_request, response) => {
    const articles = readiness.isReady ? await countArticles(services) : null
    const isReady = articles !== null
    if (isReady) readiness.set('corpus', { status: 'ok', detail: `${articles} articles` })
    const status = readiness.isStopping ? 'stopping' : isReady ? 'ready' : 'starting'
    response.status(isReady ? 200 : 503).json({ status, parts: readiness.parts })
  })
  return router
}

/** Null where the database does not answer. */
async function countArticles(services: HttpContext['services']): Promise<number | null> {
  const timeout = new Promise<null>((resolve) => {
    setTimeout(() => resolve(null), PROBE_TIMEOUT_MS).unref()
  })
  const probe = loadCorpusProgress(services().database.pool).then(
    ({ articles }) => articles,
    () => null,
  )
  return Promise.race([probe, timeout])
}

import { Router } from 'express'
import type { HttpContext } from './context.ts'

/** Longer than any statement of the service should take; a probe that waits longer tells nothing. */
const PROBE_TIMEOUT_MS = 5_000

export function healthRoutes({ readiness, services }: HttpContext): Router {
  const router = Router()
  router.get('/healthz', (_request, response) => {
    response.json({ status: readiness.isStopping ? 'stopping' : 'ok', parts: readiness.parts })
  })
  router.get('/readyz', async (_request, response) => {
    const isReady = readiness.isReady && (await answers(services))
    const status = readiness.isStopping ? 'stopping' : isReady ? 'ready' : 'starting'
    response.status(isReady ? 200 : 503).json({ status, parts: readiness.parts })
  })
  return router
}

async function answers(services: HttpContext['services']): Promise<boolean> {
  const timeout = new Promise<boolean>((resolve) => {
    setTimeout(() => resolve(false), PROBE_TIMEOUT_MS).unref()
  })
  const probe = services()
    .database.pool.query('select 1')
    .then(
      () => true,
      () => false,
    )
  return Promise.race([probe, timeout])
}

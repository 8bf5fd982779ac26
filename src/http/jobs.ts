import { Router } from 'express'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import { loadEvaluationSummary, type EvaluationSummary } from '../store/evaluations.ts'
import { loadRefresh, type Refresh } from '../store/refreshes.ts'
import type { HttpContext } from './context.ts'

export function jobRoutes(context: HttpContext): Router {
  const router = Router()
  router.get('/v1/jobs/:id', async (request, response) => {
    const { id } = request.params
    const { pool } = context.services().database
    const run = await loadEvaluationSummary(pool, id)
    if (run !== undefined) return void response.json(presentRunJob(run))
    // The database fails on any other text.
    const refresh = z.guid().safeParse(id).success ? await loadRefresh(pool, id) : undefined
    if (refresh === undefined) throw new AppError('not-found', 'There is no job with this id.')
    response.json(presentRefreshJob(refresh))
  })
  return router
}

export function presentRefreshJob({ id, state, total, done, error, errorCode }: Refresh) {
  return { id, kind: 'refresh-feed', state, progress: { done, total }, error, code: errorCode }
}

/** A run's job is known by the run's id. */
export function presentRunJob({ id, state, total, done, error, errorCode }: EvaluationSummary) {
  const jobState = state === 'stopped' ? 'failed' : state
  const progress = { done, total }
  return { id, kind: 'run-evaluation', state: jobState, progress, error, code: errorCode }
}

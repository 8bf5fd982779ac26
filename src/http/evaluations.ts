import { Router } from 'express'
import { blessRun } from '../../eval/bless-run.ts'
import { evaluationRequest, type EvaluationRequest } from '../../eval/evaluation-request.ts'
import { prepareRun } from '../../eval/prepare-run.ts'
import { requestEvaluation } from '../jobs/run-evaluation.ts'
import { endEvaluation, listEvaluations } from '../store/evaluations.ts'
import { queryOf, requireDoor, type HttpContext } from './context.ts'
import { presentRunJob } from './jobs.ts'
import { DEFAULT_LIMIT, fromCursor, toPage } from './paging.ts'
import { parseRequest } from './parse-request.ts'
import { findRun, findSummary, presentRun } from './evaluation-reports.ts'
import { blessRequest, evaluationCursor, evaluationsQuery } from './evaluation-schemas.ts'

export function evaluationRoutes(context: HttpContext): Router {
  const router = Router()
  router.post('/v1/evaluations', async (request, response) => {
    const body = parseRequest(evaluationRequest, request.body)
    requireOwner(context, body)
    const { evaluation } = context.services()
    if (body.dryRun === true) {
      const { setName, plan, total, fingerprints } = await prepareRun(body, evaluation)
      const { arms, heldOut, missing } = plan
      const cases = plan.cases.length
      response.json({ set: setName, arms, cases, total, heldOut, missing, fingerprints })
      return
    }
    const id = await requestEvaluation(evaluation, body)
    const run = await findSummary(context, id)
    const started = { ...presentRun(run), job: presentRunJob(run) }
    response.status(202).location(`/v1/evaluations/${id}`).json(started)
  })
  router.get('/v1/evaluations', async (request, response) => {
    const { set, limit = DEFAULT_LIMIT, cursor } = parseRequest(evaluationsQuery, queryOf(request))
    const after = fromCursor(evaluationCursor, cursor)?.[0]
    const found = await listEvaluations(context.services().database.pool, {
      ...(set === undefined ? {} : { setName: set }),
      ...(after === undefined ? {} : { after }),
      limit: limit + 1,
    })
    const { items, next } = toPage(found, limit, ({ id }) => [id])
    response.json({ items: items.map(presentRun), next })
  })
  router.delete('/v1/evaluations/:id', async (request, response) => {
    const { id } = await findSummary(context, request.params.id)
    await endEvaluation(context.services().database.pool, id, { state: 'stopped' })
    response.status(204).end()
  })
  router.post('/v1/evaluations/:id/bless', async (request, response) => {
    const { why } = parseRequest(blessRequest, request.body)
    const run = await findRun(context, request.params.id)
    requireDoor(context, 'blessing a run')
    const { set, blessed, arms } = await blessRun(context.services().database.pool, run, why)
    response.json({ set, ...blessed, arms: Object.keys(arms) })
  })
  return router
}

function requireOwner(context: HttpContext, { target, baseline }: EvaluationRequest): void {
  if (target !== undefined) requireDoor(context, 'evaluating another address')
  if (baseline !== undefined) requireDoor(context, 'naming a baseline file')
}

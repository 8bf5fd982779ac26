import { Router, type Request, type Response } from 'express'
import { blessRun, compareRuns } from '../../eval/bless-run.ts'
import { evaluationRequest, type EvaluationRequest } from '../../eval/evaluation-request.ts'
import { prepareRun } from '../../eval/prepare-run.ts'
import { renderReportHtml } from '../../eval/report-html.ts'
import { toReportJson } from '../../eval/report-json.ts'
import type { ReportInput } from '../../eval/report-view.ts'
import { loadReportInput } from '../../eval/report-input.ts'
import { formatReport } from '../../eval/report-text.ts'
import type { Report } from '../../eval/report.ts'
import { AppError } from '../errors.ts'
import { requestEvaluation } from '../jobs/run-evaluation.ts'
import {
  endEvaluation,
  listEvaluations,
  listRowsWithAnswers,
  loadEvaluation,
  type EvaluationSummary,
  type StoredEvaluation,
} from '../store/evaluations.ts'
import { queryOf, type HttpContext } from './context.ts'
import { presentRunJob } from './jobs.ts'
import { DEFAULT_LIMIT, fromCursor, toPage } from './paging.ts'
import { parseRequest } from './parse-request.ts'
import {
  blessRequest,
  comparisonQuery,
  evaluationCursor,
  evaluationsQuery,
  reportQuery,
  rowCursor,
  rowsQuery,
} from './schemas.ts'

/** A report is one file without a script; its plots and its style stand in it. */
const REPORT_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'"

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
    const run = await findRun(context, id)
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
  router.get('/v1/evaluations/:id', async (request, response) => {
    const run = await findRun(context, request.params.id)
    const { pool } = context.services().database
    if (request.accepts(['json', 'html']) !== 'html') return void response.json(presentRun(run))
    sendHtml(response, await loadReportInput(pool, run))
  })
  router.get('/v1/evaluations/:id/report', async (request, response) => {
    const look = lookOf(request)
    const run = await findRun(context, request.params.id)
    const input = await loadReportInput(context.services().database.pool, run)
    const type = request.accepts(['json', 'html', 'text'])
    if (type === 'html') sendHtml(response, input)
    else if (type === 'text') response.type('text').send(formatReport(input, look))
    else response.json(toReportJson(input))
  })
  router.get('/v1/evaluations/:id/rows', async (request, response) => {
    const { limit = DEFAULT_LIMIT, cursor } = parseRequest(rowsQuery, queryOf(request))
    const { id } = await findRun(context, request.params.id)
    const key = fromCursor(rowCursor, cursor)
    const after = key === null ? null : { arm: key[0], caseId: key[1], repetition: key[2] }
    const { pool } = context.services().database
    const found = await listRowsWithAnswers(pool, id, { after, limit: limit + 1 })
    const { items, next } = toPage(found, limit, ({ arm, caseId, repetition }) => [
      arm,
      caseId,
      repetition,
    ])
    response.json({ items: items.map(({ body: _body, trace: _trace, ...row }) => row), next })
  })
  router.get('/v1/evaluations/:id/comparison', async (request, response) => {
    const query = parseRequest(comparisonQuery, queryOf(request))
    const run = await findRun(context, request.params.id)
    const other = await findRun(context, query.with)
    const compared = await compareRuns(context.services().database.pool, run, other)
    response.json({ run: run.id, with: other.id, ...compared })
  })
  router.delete('/v1/evaluations/:id', async (request, response) => {
    const { id } = await findRun(context, request.params.id)
    await endEvaluation(context.services().database.pool, id, { state: 'stopped' })
    response.status(204).end()
  })
  router.post('/v1/evaluations/:id/bless', async (request, response) => {
    requireDoor(context, 'blessing a run')
    const { why } = parseRequest(blessRequest, request.body)
    const run = await findRun(context, request.params.id)
    const { set, blessed, arms } = await blessRun(context.services().database.pool, run, why)
    response.json({ set, ...blessed, arms: Object.keys(arms) })
  })
  return router
}

function sendHtml(response: Response, input: ReportInput): void {
  response.set('Content-Security-Policy', REPORT_POLICY)
  response.type('html').send(renderReportHtml(input))
}

function requireOwner(context: HttpContext, { target, baseline }: EvaluationRequest): void {
  if (target !== undefined) requireDoor(context, 'evaluating another address')
  if (baseline !== undefined) requireDoor(context, 'naming a baseline file')
}

/** It reads files or asks addresses as the machine's owner. */
function requireDoor({ isDoor }: HttpContext, what: string): void {
  if (isDoor) return
  throw new AppError('forbidden', `Only the command line on the machine itself allows ${what}.`)
}

async function findRun(context: HttpContext, id: string): Promise<StoredEvaluation> {
  const run = await loadEvaluation(context.services().database.pool, id)
  if (run === undefined) throw new AppError('not-found', 'There is no run with this id.')
  return run
}

function lookOf(request: Request) {
  const { width, colour } = parseRequest(reportQuery, queryOf(request))
  return { ...(width === undefined ? {} : { width }), isColour: colour === 'true' }
}

function presentRun(run: EvaluationSummary) {
  const report = run.report as Report | null
  const { arms = ['system'] } = run.request as EvaluationRequest
  return {
    id: run.id,
    set: run.setName,
    arms: report === null ? arms : Object.keys(report.metrics),
    state: run.state,
    origin: run.origin,
    createdAt: run.createdAt,
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    done: run.done,
    total: run.total,
    corpusRevision: run.corpusRevision,
    fingerprints: run.fingerprints,
    error: run.error,
    code: run.errorCode,
    verdict: report?.verdict ?? null,
    reasons: report?.reasons ?? [],
    metrics: report?.metrics ?? {},
    flips: report?.flips ?? [],
    heldOut: report?.heldOut ?? [],
    notes: report?.notes ?? [],
    judge: report?.judge ?? null,
  }
}

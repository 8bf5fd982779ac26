import { Router, type Request, type Response } from 'express'
import { compareRuns } from '../../eval/bless-run.ts'
import type { EvaluationRequest } from '../../eval/evaluation-request.ts'
import { loadReportInput } from '../../eval/report-input.ts'
import { toReportJson } from '../../eval/report-json.ts'
import { formatReport } from '../../eval/report-text.ts'
import type { ReportInput } from '../../eval/report-view.ts'
import type { Report } from '../../eval/report.ts'
import { AppError } from '../errors.ts'
import {
  listRowPage,
  loadEvaluation,
  loadEvaluationSummary,
  type EvaluationSummary,
  type StoredEvaluation,
} from '../store/evaluations.ts'
import { queryOf, type HttpContext } from './context.ts'
import { comparisonQuery, reportQuery, rowCursor, rowsQuery } from './evaluation-schemas.ts'
import { DEFAULT_LIMIT, fromCursor, toPage } from './paging.ts'
import { parseRequest } from './parse-request.ts'

/** A report is one file without a script; its plots and its style stand in it. */
const REPORT_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'"

/** What a run came to, in every form. */
export function evaluationReportRoutes(context: HttpContext): Router {
  const router = Router()
  router.get('/v1/evaluations/:id', async (request, response) => {
    const { id } = request.params
    if (request.accepts(['json', 'html']) !== 'html') {
      return void response.json(presentRun(await findSummary(context, id)))
    }
    const { pool } = context.services().database
    await sendHtml(response, await loadReportInput(pool, await findRun(context, id)))
  })
  router.get('/v1/evaluations/:id/report', async (request, response) => {
    const { split, ...look } = lookOf(request)
    const run = await findRun(context, request.params.id)
    const { pool } = context.services().database
    const input = await loadReportInput(pool, run, split === undefined ? {} : { split })
    const type = request.accepts(['json', 'html', 'text'])
    if (type === 'html') await sendHtml(response, input)
    else if (type === 'text') response.type('text').send(formatReport(input, look))
    else response.json(toReportJson(input))
  })
  router.get('/v1/evaluations/:id/rows', async (request, response) => {
    const { limit = DEFAULT_LIMIT, cursor } = parseRequest(rowsQuery, queryOf(request))
    const { id } = await findSummary(context, request.params.id)
    const key = fromCursor(rowCursor, cursor)
    const after = key === null ? null : { arm: key[0], caseId: key[1], repetition: key[2] }
    const { pool } = context.services().database
    const found = await listRowPage(pool, id, { after, limit: limit + 1 })
    const { items, next } = toPage(found, limit, ({ arm, caseId, repetition }) => [
      arm,
      caseId,
      repetition,
    ])
    response.json({ items, next })
  })
  router.get('/v1/evaluations/:id/comparison', async (request, response) => {
    const run = await findRun(context, request.params.id)
    const query = parseRequest(comparisonQuery, queryOf(request))
    const other = await findRun(context, query.with)
    const compared = await compareRuns(context.services().database.pool, run, other)
    response.json({ run: run.id, with: other.id, ...compared })
  })
  return router
}

/** The plots' library takes a third of a second to load, which no start should wait for. */
async function sendHtml(response: Response, input: ReportInput): Promise<void> {
  const { renderReportHtml } = await import('../../eval/report-html.ts')
  response.set('Content-Security-Policy', REPORT_POLICY)
  response.type('html').send(renderReportHtml(input))
}

/** With its plan, which grows with the set: for what cannot do without it. */
export async function findRun(context: HttpContext, id: string): Promise<StoredEvaluation> {
  return requireFound(await loadEvaluation(context.services().database.pool, id))
}

export async function findSummary(context: HttpContext, id: string): Promise<EvaluationSummary> {
  return requireFound(await loadEvaluationSummary(context.services().database.pool, id))
}

function requireFound<Run extends EvaluationSummary>(run: Run | undefined): Run {
  if (run === undefined) throw new AppError('not-found', 'There is no run with this id.')
  return run
}

function lookOf(request: Request) {
  const { width, colour, split } = parseRequest(reportQuery, queryOf(request))
  return { ...(width === undefined ? {} : { width }), split, isColour: colour === 'true' }
}

/** Of a run that has not come to its end. */
const NO_REPORT = {
  verdict: null,
  reasons: [],
  baseline: null,
  metrics: {},
  flips: [],
  heldOut: [],
  notes: [],
  judge: null,
}

export function presentRun(run: EvaluationSummary) {
  const request = run.request as EvaluationRequest
  return {
    id: run.id,
    set: run.setName,
    arms: request.arms ?? [],
    request,
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
    ...((run.report as Report | null) ?? NO_REPORT),
  }
}

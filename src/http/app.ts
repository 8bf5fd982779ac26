import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import { AppError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { articleRoutes } from './articles.ts'
import { calibrationRoutes } from './calibrations.ts'
import { chatCompletionRoutes } from './chat-completions.ts'
import { chatRoutes } from './chat.ts'
import { isCompletionPath, toCompletionError } from './completion-error.ts'
import { requestId, type HttpContext } from './context.ts'
import { docsRoutes } from './docs.ts'
import { evaluationReportRoutes } from './evaluation-reports.ts'
import { evaluationRoutes } from './evaluations.ts'
import { feedRoutes } from './feeds.ts'
import { createKeyGuard, createOriginGuard } from './guard.ts'
import { healthRoutes } from './health.ts'
import { jobRoutes } from './jobs.ts'
import { metricsRoutes, type Metrics } from './metrics.ts'
import { openApi } from './openapi.ts'
import { toAppError, toProblem } from './problem.ts'
import { reviewRoutes } from './reviews.ts'
import { routeTemplate } from './route-template.ts'
import { searchRoutes } from './search.ts'

interface AppOptions {
  readonly apiKey: string | undefined
  readonly allowedOrigins: readonly string[]
  readonly logger: Logger
}

const webDir = fileURLToPath(new URL('../../web', import.meta.url))

const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
    "img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " +
    "require-trusted-types-for 'script'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
}

export function createApp(context: HttpContext, options: AppOptions): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.use(begin(options.logger, context.metrics))
  if (!context.isDoor) app.use(createOriginGuard(options), createKeyGuard(options))
  app.use(healthRoutes(context))
  app.get('/openapi.json', (_request, response) => void response.json(openApi()))
  app.use(docsRoutes())
  app.use(metricsRoutes(context))
  app.use(express.json({ limit: '64kb', inflate: false, strict: true }), requireJson)
  app.use(chatRoutes(context))
  app.use(chatCompletionRoutes(context))
  app.use(searchRoutes(context))
  app.use(articleRoutes(context))
  app.use(feedRoutes(context))
  app.use(evaluationRoutes(context))
  app.use(evaluationReportRoutes(context))
  app.use(calibrationRoutes(context))
  app.use(jobRoutes(context))
  app.use(reviewRoutes(context))
  app.use(express.static(webDir, { index: 'index.html', dotfiles: 'ignore', redirect: false }))
  app.use(refuseOther)
  app.use(answerError(options.logger))
  return app
}

function begin(logger: Logger, metrics: Metrics): RequestHandler {
  return (request, response, next) => {
    const startedAt = performance.now()
    response.locals['requestId'] = randomUUID()
    response.set({ ...HEADERS, 'X-Request-Id': requestId(response) })
    response.on('close', () => {
      const { method, path } = request
      const { statusCode: status } = response
      const ms = Math.round(performance.now() - startedAt)
      const isCutOff = !response.writableFinished
      metrics.countRequest({ route: routeTemplate(path), method, status, isCutOff, ms })
      const entry = {
        id: requestId(response),
        method,
        path,
        status,
        ms,
        ...(response.locals['error'] === undefined
          ? {}
          : { err: response.locals['error'] as unknown }),
      }
      // "Not ready yet" is an answer to a probe, and no fault.
      if (status >= 500 && path !== '/readyz') logger.error(entry, 'request')
      else logger.info(entry, 'request')
    })
    next()
  }
}

/** Express leaves a body of another type unread, which would look like a missing one. */
const requireJson: RequestHandler = (request, _response, next) => {
  const hasBody = Number(request.get('content-length') ?? 0) > 0 || request.get('transfer-encoding')
  if (hasBody && request.is('application/json') === false) {
    throw new AppError('unsupported-media-type', 'Send JSON, with Content-Type: application/json.')
  }
  next()
}

/** Nothing matched: another method of a known path is 405, anything else 404. */
const refuseOther: RequestHandler = (request, response) => {
  const methods = methodsAt(request.path)
  if (methods.length === 0) throw new AppError('not-found', `There is nothing at ${request.path}.`)
  response.set('Allow', methods.join(', '))
  throw new AppError('method-not-allowed', `${request.path} takes ${methods.join(', ')}.`)
}

/** From the contract, which names every path but the page's with its methods. */
function methodsAt(path: string): readonly string[] {
  const described = openApi().paths[routeTemplate(path) ?? '']
  const methods = path === '/' ? ['get'] : Object.keys(described ?? {})
  // Whatever can be read can be asked for its head.
  const taken = methods.includes('get') ? ['head', ...methods] : methods
  return taken.map((method) => method.toUpperCase())
}

/** Four parameters make it the error handler; a stream that has begun is ended by its own route. */
function answerError(logger: Logger): ErrorRequestHandler {
  // eslint-disable-next-line max-params -- Express tells an error handler by its four parameters.
  return (error: unknown, request, response, _next) => {
    const known = toAppError(error)
    response.locals['error'] = error
    if (response.headersSent) {
      logger.error({ err: error, id: requestId(response) }, 'an answer broke off')
      response.destroy()
      return
    }
    if (known.retryAfter !== undefined) response.set('Retry-After', String(known.retryAfter))
    if (known.code === 'unauthorized') response.set('WWW-Authenticate', 'Bearer')
    const problem = toProblem(known, requestId(response))
    response.status(problem.status)
    if (isCompletionPath(request.path)) response.json(toCompletionError(problem))
    else response.type('application/problem+json').send(JSON.stringify(problem))
  }
}

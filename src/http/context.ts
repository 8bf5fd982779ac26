import type { Request, Response } from 'express'
import { AppError } from '../errors.ts'
import type { Readiness } from '../readiness.ts'
import type { Services } from '../services.ts'
import type { Metrics } from './metrics.ts'

/** What a route is given. */
export interface HttpContext {
  /** Throws `database-unavailable` until the database is open. */
  readonly services: () => Services
  readonly readiness: Readiness
  /** One for the whole service, however it is reached. */
  readonly metrics: Metrics
  /** The door is the machine owner's: files may be feeds there. */
  readonly isDoor: boolean
  /** Fires when the service stops and the time for what is under way is over. */
  readonly stopping: AbortSignal
}

/** What reads or writes files, or asks addresses, as the machine's owner. */
export function requireDoor({ isDoor }: HttpContext, what: string): void {
  if (isDoor) return
  throw new AppError('forbidden', `Only the command line on the machine itself allows ${what}.`)
}

/** Ends what is done for a request when its client goes or the service stops. */
export function requestSignal(response: Response, { stopping }: HttpContext): AbortSignal {
  const gone = new AbortController()
  response.on('close', () => {
    if (!response.writableFinished) gone.abort(new Error('The client has gone.'))
  })
  return AbortSignal.any([gone.signal, stopping])
}

export function requestId(response: Response): string {
  return String(response.locals['requestId'])
}

/** `a=1&a=2` as a list, and everything as text: what the schemas expect of a query. */
export function queryOf(request: Request): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = {}
  const { searchParams } = new URL(request.url, 'http://localhost')
  for (const name of new Set(searchParams.keys())) {
    const values = searchParams.getAll(name)
    query[name] = values.length === 1 ? (values[0] ?? '') : values
  }
  return query
}

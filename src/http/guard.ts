import { createHash, timingSafeEqual } from 'node:crypto'
import type { RequestHandler } from 'express'
import { isLoopback } from '../config.ts'
import { AppError } from '../errors.ts'

interface GuardOptions {
  readonly apiKey: string | undefined
  readonly allowedOrigins: readonly string[]
}

/** Open without a key: what a prober needs, and the pages, which ask their reader for the key. */
const OPEN_PATHS =
  /^\/(healthz|readyz|favicon\.ico|docs|docs\/[a-z-]+\.(js|css)|[a-z-]+\.(js|css)|)$/

const CORS_HEADERS = {
  'Access-Control-Allow-Headers': 'authorization, content-type',
  'Access-Control-Allow-Methods': 'GET, POST, PATCH, DELETE',
  Vary: 'Origin',
}

/**
 * A page of another site must not reach the service through its reader's browser: its Origin is foreign
 * always, and after a DNS rebinding, where no key would stop it, its Host.
 */
export function createOriginGuard({ apiKey, allowedOrigins }: GuardOptions): RequestHandler {
  return (request, response, next) => {
    const origin = request.get('origin')
    const host = request.get('host') ?? ''
    if (apiKey === undefined && !isLoopback(hostName(host))) throw foreign('Host', host)
    if (origin === undefined) return next()
    if (!isAllowed(origin, { host, allowedOrigins })) throw foreign('Origin', origin)
    if (!allowedOrigins.includes(origin)) return next()
    response.set({ ...CORS_HEADERS, 'Access-Control-Allow-Origin': origin })
    if (request.method === 'OPTIONS') response.status(204).end()
    else next()
  }
}

/** With a key, every call but the open ones must bring it; without one, only loopback is listened on. */
export function createKeyGuard({ apiKey }: GuardOptions): RequestHandler {
  return (request, _response, next) => {
    const isOpen = apiKey === undefined || OPEN_PATHS.test(request.path)
    if (!isOpen && !hasKey(request.get('authorization'), apiKey)) {
      throw new AppError('unauthorized', 'Send the API key as "Authorization: Bearer KEY".')
    }
    next()
  }
}

function hostName(host: string): string {
  return host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
}

function isAllowed(
  origin: string,
  { host, allowedOrigins }: { readonly host: string; readonly allowedOrigins: readonly string[] },
): boolean {
  return allowedOrigins.includes(origin) || (URL.canParse(origin) && new URL(origin).host === host)
}

function foreign(header: string, value: string): AppError {
  return new AppError('forbidden', `Requests with ${header} "${value}" are not answered here.`)
}

/** Hashes have one length, so that the comparison takes one time. */
function hasKey(authorization: string | undefined, apiKey: string): boolean {
  const given = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1] ?? ''
  return timingSafeEqual(sha256(given), sha256(apiKey))
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

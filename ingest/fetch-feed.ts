import { createHash } from 'node:crypto'
import { Agent, request, type Dispatcher } from 'undici'
import { AppError } from '../src/errors.ts'
import { decodeText, decompressBody } from './decode-body.ts'
import { createGuardedConnector, type AddressLookup } from './guarded-connector.ts'
import { isFeedFile, readFeedFile } from './read-feed-file.ts'
import { createPrivateAllow, isFetchableUrl, type PrivateAllow } from './public-address.ts'

export interface FetchedFeed {
  readonly status: 'fetched'
  readonly body: string
  readonly etag: string | null
  readonly lastModified: string | null
  /** SHA-256 of the decompressed bytes. */
  readonly bodyHash: string
  /** Where the redirects ended. */
  readonly finalUrl: string
}

/** `gone` is HTTP 410: the feed says itself that it will not come back. */
export type FetchResult =
  FetchedFeed | { readonly status: 'not-modified' } | { readonly status: 'gone' }

/** What the last fetch brought. */
export interface KnownFeed {
  readonly etag: string | null
  readonly lastModified: string | null
  readonly bodyHash: string | null
}

export interface FeedFetcher {
  /** `url` is an http(s) address, an absolute path or a `file:` address. */
  fetch(
    url: string,
    known: KnownFeed,
    options: { readonly signal?: AbortSignal | undefined },
  ): Promise<FetchResult>
  close(): Promise<void>
}

export interface FetchLimits {
  readonly connectMs: number
  readonly headersMs: number
  /** From the first connection to the last byte, redirects included. */
  readonly totalMs: number
  /** Of the body, decompressed. */
  readonly maxBytes: number
  readonly maxRedirects: number
}

const DEFAULT_LIMITS: FetchLimits = {
  connectMs: 10_000,
  headersMs: 15_000,
  totalMs: 30_000,
  maxBytes: 5 * 1024 * 1024,
  maxRedirects: 5,
}

export interface FeedFetcherOptions {
  /** Hosts that may be on private addresses and on any port: `host:port` or `host`. */
  readonly privateAllow: readonly string[]
  readonly lookup?: AddressLookup | undefined
  readonly limits?: Partial<FetchLimits> | undefined
}

interface FetchContext {
  readonly agent: Agent
  readonly allow: PrivateAllow
  readonly limits: FetchLimits
}

export function createFeedFetcher(options: FeedFetcherOptions): FeedFetcher {
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const allow = createPrivateAllow(options.privateAllow)
  const { connectMs: timeoutMs, headersMs: headersTimeout, totalMs: bodyTimeout } = limits
  const connect = createGuardedConnector({ allow, timeoutMs, lookup: options.lookup })
  // An agent of its own ignores HTTP_PROXY, which would resolve names out of sight of the rules;
  // feeds are polled too seldom for a connection to be kept (pipelining 0).
  const agent = new Agent({ connect, headersTimeout, bodyTimeout, pipelining: 0 })
  return {
    async fetch(url, known, { signal }) {
      if (isFeedFile(url)) {
        const bytes = await readFeedFile(url, { maxBytes: limits.maxBytes, signal })
        return toResult(bytes, known, { ...NO_HEADERS, finalUrl: url })
      }
      // Not AbortSignal.timeout: nothing but a weak reference would hold it inside AbortSignal.any.
      const deadline = new AbortController()
      const timer = setTimeout(() => {
        deadline.abort(new DOMException('The total time has passed.', 'TimeoutError'))
      }, limits.totalMs)
      const signals = signal === undefined ? [deadline.signal] : [deadline.signal, signal]
      const context = { agent, allow, limits, signal: AbortSignal.any(signals) }
      try {
        return await fetchOverHttp(url, known, context)
      } catch (error) {
        signal?.throwIfAborted()
        throw error
      } finally {
        clearTimeout(timer)
      }
    },
    close: () => agent.destroy(),
  }
}

type HttpContext = FetchContext & { readonly signal: AbortSignal }

async function fetchOverHttp(
  address: string,
  known: KnownFeed,
  context: HttpContext,
): Promise<FetchResult> {
  if (!URL.canParse(address)) {
    throw unavailable('The address of the feed is not one: give http://…, https://… or a path.')
  }
  const { url, response } = await followRedirects(new URL(address), known, context)
  const { statusCode } = response
  const isSuccess = statusCode >= 200 && statusCode < 300
  if (isSuccess) return readResponse(response, known, { ...context, url })
  discardBody(response)
  if (statusCode === 410) return { status: 'gone' }
  const isConditional = known.etag !== null || known.lastModified !== null
  if (statusCode === 304 && isConditional) return { status: 'not-modified' }
  throw toStatusError(response, url)
}

async function followRedirects(start: URL, known: KnownFeed, context: HttpContext) {
  const { maxRedirects } = context.limits
  const visited = new Set<string>()
  let url = start
  for (;;) {
    url.hash = ''
    if (visited.has(url.href)) throw unavailable(`${feedAt(url)} redirects in a loop.`)
    if (visited.size > maxRedirects) {
      throw unavailable(`${feedAt(start)} redirects more than ${maxRedirects} times.`)
    }
    visited.add(url.href)
    const response = await requestOnce(url, known, context)
    if (!REDIRECTS.has(response.statusCode)) return { url, response }
    discardBody(response)
    const location = headerOf(response, 'location')
    const isAddress = location !== '' && URL.canParse(location, url.href)
    if (!isAddress) throw unavailable(`${feedAt(url)} redirects to no address.`)
    url = new URL(location, url)
  }
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

async function requestOnce(url: URL, known: KnownFeed, context: HttpContext): Promise<Response> {
  if (!isFetchableUrl(url, context.allow)) throw unreachable(url)
  try {
    const { agent: dispatcher, signal } = context
    const response = await request(url, { dispatcher, signal, headers: headersFor(known) })
    // A body that is dropped half-way says so with an `error`, which nobody may be waiting for.
    response.body.on('error', () => undefined)
    return response
  } catch (cause) {
    throw toFetchError(cause, url, unreachable(url, cause))
  }
}

type Response = Dispatcher.ResponseData

function headersFor({ etag, lastModified }: KnownFeed): Record<string, string> {
  return {
    'user-agent': 'Footnote/0.1 (+feed reader)',
    accept:
      'application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1',
    'accept-encoding': 'gzip, deflate, br',
    ...(etag === null ? {} : { 'if-none-match': etag }),
    ...(lastModified === null ? {} : { 'if-modified-since': lastModified }),
  }
}

async function readResponse(
  response: Response,
  known: KnownFeed,
  { url, limits: { maxBytes } }: HttpContext & { readonly url: URL },
): Promise<FetchResult> {
  const compressed = await readBody(response, { url, maxBytes })
  const bytes = await decompress(compressed, response, { url, maxBytes })
  return toResult(bytes, known, {
    contentType: headerOf(response, 'content-type'),
    etag: validatorOf(response, 'etag'),
    lastModified: validatorOf(response, 'last-modified'),
    finalUrl: url.href,
  })
}

type Received = Pick<FetchedFeed, 'etag' | 'lastModified' | 'finalUrl'> & {
  readonly contentType: string
}

const NO_HEADERS = { contentType: '', etag: null, lastModified: null }

/** Servers change the ETag of the same bytes and keep that of others: the hash decides. */
function toResult(bytes: Buffer, known: KnownFeed, received: Received): FetchResult {
  const bodyHash = createHash('sha256').update(bytes).digest('hex')
  if (bodyHash === known.bodyHash) return { status: 'not-modified' }
  const { contentType, ...rest } = received
  return { status: 'fetched', body: decodeText(bytes, contentType), bodyHash, ...rest }
}

interface BodyOptions {
  readonly url: URL
  readonly maxBytes: number
}

async function readBody(response: Response, { url, maxBytes }: BodyOptions): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > maxBytes) throw tooLarge(feedAt(url), maxBytes)
      chunks.push(chunk)
    }
  } catch (cause) {
    const brokenOff = unavailable(`${feedAt(url)} broke off before its end.`, { cause })
    throw toFetchError(cause, url, brokenOff)
  }
  return Buffer.concat(chunks)
}

async function decompress(
  body: Buffer,
  response: Response,
  { url, maxBytes }: BodyOptions,
): Promise<Buffer> {
  try {
    return await decompressBody(body, {
      encoding: headerOf(response, 'content-encoding'),
      maxBytes,
    })
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLarge(feedAt(url), maxBytes, cause)
    throw unavailable(`${feedAt(url)} cannot be decompressed.`, { cause })
  }
}

function discardBody(response: Response): void {
  response.body.destroy()
}

function headerOf(response: Response, name: string): string {
  const value = response.headers[name]
  return (Array.isArray(value) ? value[0] : value) ?? ''
}

/** Only what may be sent back as it is: a header with other characters would fail every later fetch. */
function validatorOf(response: Response, name: 'etag' | 'last-modified'): string | null {
  const value = headerOf(response, name)
  return /^[\x20-\x7e]{1,1000}$/.test(value) ? value : null
}

function toStatusError(response: Response, url: URL): AppError {
  const { statusCode } = response
  const isBusy = statusCode === 429 || statusCode === 503
  const retryAfter = isBusy ? parseRetryAfter(headerOf(response, 'retry-after')) : undefined
  const message = `${feedAt(url)} answered with HTTP status ${statusCode}.`
  return unavailable(message, retryAfter === undefined ? {} : { retryAfter })
}

const MIN_RETRY_SECONDS = 60
const MAX_RETRY_SECONDS = 86_400

function parseRetryAfter(value: string): number | undefined {
  const isDate = /^[a-z]+, /i.test(value)
  if (!isDate && !/^-?\d+$/.test(value)) return undefined
  const seconds = isDate ? (Date.parse(value) - Date.now()) / 1000 : Number(value)
  if (Number.isNaN(seconds)) return undefined
  return Math.ceil(Math.min(Math.max(seconds, MIN_RETRY_SECONDS), MAX_RETRY_SECONDS))
}

const TIMEOUTS: ReadonlySet<string> = new Set([
  'TimeoutError',
  'HeadersTimeoutError',
  'BodyTimeoutError',
])

function toFetchError(cause: unknown, url: URL, otherwise: AppError): AppError {
  if (cause instanceof AppError) return cause
  if (!(cause instanceof Error)) return otherwise
  if (TIMEOUTS.has(cause.name))
    return unavailable(`${feedAt(url)} did not answer in time.`, { cause })
  const code = 'code' in cause ? String(cause.code) : ''
  if (/CERT|UNABLE_TO_VERIFY/.test(code)) {
    return unavailable(`${feedAt(url)} shows a TLS certificate that is not valid.`, { cause })
  }
  return otherwise
}

/**
 * One text for every address that the rules refuse and for one where nothing listens: whoever may
 * add a feed must not be able to find out what there is inside the network.
 */
function unreachable(url: URL, cause?: unknown): AppError {
  return unavailable(
    `${feedAt(url)} could not be reached. A feed has an http or https address without a user name, ` +
      'on port 80, 443, 8080 or 8443 and not on a private network, unless FEED_PRIVATE_ALLOW names it.',
    { cause },
  )
}

function tooLarge(feed: string, maxBytes: number, cause?: unknown): AppError {
  return unavailable(`${feed} is larger than ${maxBytes / 1024 / 1024} MB.`, { cause })
}

function feedAt(url: URL): string {
  return `The feed at ${url.host || url.href}`
}

function unavailable(
  message: string,
  options: { readonly cause?: unknown; readonly retryAfter?: number } = {},
): AppError {
  return new AppError('feed-unavailable', message, options)
}

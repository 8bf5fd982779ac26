import { once } from 'node:events'
import {
  createServer,
  request as sendRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { createApp } from '../src/http/app.ts'
import { createMetrics } from '../src/http/metrics.ts'
import { Readiness } from '../src/readiness.ts'
import type { Services } from '../src/services.ts'
import { createSseParser, type SseEvent } from '../web/sse-parser.ts'

interface AppOptions {
  readonly services: () => Services
  readonly isDoor?: boolean
  readonly apiKey?: string
  readonly allowedOrigins?: readonly string[]
}

interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** An object goes as JSON; text and bytes go as they are. */
  readonly body?: object | string | Buffer
}

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** Of the body; undefined where it is no JSON. */
  readonly json: unknown
}

export interface TestApp extends AsyncDisposable {
  readonly port: number
  readonly readiness: Readiness
  /** Fires as when the service stops and the time for what is under way is over. */
  readonly stopping: AbortController
  /** What was logged, a line each. */
  readonly log: readonly string[]
  /** `what` is a method and a path: `GET /v1/feeds`. */
  call(what: string, options?: CallOptions): Promise<Reply>
  stream(body: object, headers?: Readonly<Record<string, string>>): Promise<EventReader>
  /** Cuts every connection, as clients that go before they are answered. */
  hangUp(): void
}

export interface EventReader {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** The next one; undefined at the end. A stream that breaks off throws. */
  next(): Promise<{ readonly event: string; readonly data: unknown } | undefined>
  /** All that come until the end. */
  rest(): Promise<readonly { readonly event: string; readonly data: unknown }[]>
  /** As a browser that is closed. */
  leave(): void
}

/** The HTTP service on a port of its own. */
export async function openTestApp(options: AppOptions): Promise<TestApp> {
  const readiness = new Readiness()
  const stopping = new AbortController()
  const log: string[] = []
  const app = createApp(
    {
      services: options.services,
      readiness,
      metrics: createMetrics(),
      isDoor: options.isDoor ?? false,
      stopping: stopping.signal,
    },
    {
      apiKey: options.apiKey,
      allowedOrigins: options.allowedOrigins ?? [],
      logger: pino({ level: 'info' }, { write: (line: string) => void log.push(line) }),
    },
  )
  const server = createServer(app)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    readiness,
    stopping,
    log,
    call: async (what, callOptions = {}) => readReply(await send(port, what, callOptions)),
    stream: async (body, headers = {}) =>
      openReader(await send(port, 'POST /v1/chat', { body, headers })),
    hangUp: () => server.closeAllConnections(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

type Sent = Awaited<ReturnType<typeof send>>

async function send(port: number, what: string, { headers = {}, body }: CallOptions) {
  const [method = '', path = ''] = what.split(' ')
  const isRaw = body === undefined || typeof body === 'string' || Buffer.isBuffer(body)
  const request = sendRequest({
    port,
    host: '127.0.0.1',
    method,
    path,
    agent: false,
    headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
  })
  request.end(isRaw ? body : JSON.stringify(body))
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  return { request, response }
}

async function readReply({ response }: Sent): Promise<Reply> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  return { status: response.statusCode ?? 0, headers: response.headers, text, json: parse(text) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function openReader({ request, response }: Sent): EventReader {
  const events = readEvents(response)
  const next = async () => {
    const { value } = (await events.next()) as IteratorResult<SseEvent, undefined>
    return value === undefined
      ? undefined
      : { event: value.event, data: JSON.parse(value.data) as unknown }
  }
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    next,
    async rest() {
      const all = []
      for (let event = await next(); event !== undefined; event = await next()) all.push(event)
      return all
    },
    leave: () => void request.destroy(),
  }
}

async function* readEvents(response: AsyncIterable<unknown>): AsyncGenerator<SseEvent> {
  const parser = createSseParser()
  for await (const bytes of response) yield* parser.push(String(bytes))
}

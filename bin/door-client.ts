import { Agent, fetch, type Response } from 'undici'
import { doorPath } from '../src/door.ts'
import { AppError, type ErrorCode } from '../src/errors.ts'
import { problemSchema } from '../src/http/schemas.ts'
import { createSseParser, type SseEvent } from '../web/sse-parser.ts'

interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly body?: object
  readonly signal: AbortSignal
}

interface SendOptions extends RequestOptions {
  readonly accept?: string
}

/** The command line's way to the service: HTTP over the data folder's socket. */
export interface DoorClient {
  /** The answer's JSON, or the problem as the error it was. */
  request(path: string, options: RequestOptions): Promise<unknown>
  /** The answer's text, of the type asked for. */
  text(path: string, options: RequestOptions & { readonly accept: string }): Promise<string>
  stream(path: string, options: RequestOptions): AsyncGenerator<SseEvent>
  close(): Promise<void>
}

export function createDoorClient(dataDir: string): DoorClient {
  // An answer may wait its turn and a stream is kept open by comments: no time limit of our own.
  const dispatcher = new Agent({
    connect: { socketPath: doorPath(dataDir) },
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  const send = async (path: string, { method = 'GET', body, accept, signal }: SendOptions) => {
    const response = await fetch(`http://localhost${path}`, {
      dispatcher,
      method,
      signal,
      headers: {
        ...(accept === undefined ? {} : { Accept: accept }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (!response.ok && response.status !== 503) throw toError(await readJson(response))
    return response
  }
  return {
    async request(path, options) {
      try {
        const response = await send(path, options)
        if (response.status === 204) return null
        const json = await readJson(response)
        // `/readyz` answers 503 with its parts; everything else that is 503 is a problem.
        if (response.status === 503 && !path.startsWith('/readyz')) throw toError(json)
        return json
      } catch (error) {
        throw toDoorError(error)
      }
    },
    async text(path, options) {
      try {
        const response = await send(path, options)
        if (response.status === 503) throw toError(await readJson(response))
        return await response.text()
      } catch (error) {
        throw toDoorError(error)
      }
    },
    async *stream(path, options) {
      try {
        const response = await send(path, options)
        if (response.status === 503) throw toError(await readJson(response))
        const parser = createSseParser()
        const decoder = new TextDecoder()
        for await (const bytes of response.body ?? []) {
          yield* parser.push(decoder.decode(bytes as Uint8Array, { stream: true }))
        }
      } catch (error) {
        throw toDoorError(error)
      }
    },
    close: () => dispatcher.close(),
  }
}

/** A problem came from an `AppError` and is one again, so that its exit code is the same. */
export function toError(problem: unknown): AppError {
  const { success, data } = sentProblem.safeParse(problem)
  if (!success) return new AppError('internal', 'The service failed and did not say why.')
  return new AppError(data.code as ErrorCode, data.detail, { errors: data.errors })
}

const sentProblem = problemSchema.pick({ code: true, detail: true, errors: true })

async function readJson(response: Response): Promise<unknown> {
  const text = await response.text()
  try {
    return JSON.parse(text)
  } catch (cause) {
    const message = `The service answered ${response.status} without JSON; its log says why.`
    throw new AppError('internal', message, { cause })
  }
}

/** A service that is killed or stops meanwhile is met as a fault of the connection. */
function toDoorError(error: unknown): unknown {
  if (!isConnectionError(error)) return error
  return new AppError('shutting-down', 'The service went away. Ask again.', { cause: error })
}

function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('code' in error && String(error.code).startsWith('UND_ERR_')) return true
  return error instanceof TypeError && /^(fetch failed|terminated)$/.test(error.message)
}

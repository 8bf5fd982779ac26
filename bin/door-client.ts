import { Agent, fetch } from 'undici'
import { doorPath } from '../src/door.ts'
import { AppError, type ErrorCode, type Fault } from '../src/errors.ts'
import { createSseParser, type SseEvent } from '../web/sse-parser.ts'

interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly body?: object
  readonly signal: AbortSignal
}

/** The command line's way to the service: HTTP over the data folder's socket. */
export interface DoorClient {
  /** The answer's JSON, or the problem as the error it was. */
  request(path: string, options: RequestOptions): Promise<unknown>
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
  const send = async (path: string, { method = 'GET', body, signal }: RequestOptions) => {
    const response = await fetch(`http://localhost${path}`, {
      dispatcher,
      method,
      signal,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
    })
    if (!response.ok && response.status !== 503) throw toError(await response.json())
    return response
  }
  return {
    async request(path, options) {
      const response = await send(path, options)
      if (response.status === 204) return null
      const json: unknown = await response.json()
      // `/readyz` answers 503 with its parts; everything else that is 503 is a problem.
      if (response.status === 503 && !path.startsWith('/readyz')) throw toError(json)
      return json
    },
    async *stream(path, options) {
      const response = await send(path, options)
      if (response.status === 503) throw toError(await response.json())
      const parser = createSseParser()
      const decoder = new TextDecoder()
      for await (const bytes of response.body ?? []) {
        yield* parser.push(decoder.decode(bytes as Uint8Array, { stream: true }))
      }
    },
    close: () => dispatcher.close(),
  }
}

/** A problem came from an `AppError` and is one again, so that its exit code is the same. */
export function toError(problem: unknown): AppError {
  const { code, detail, errors } = problem as { code: ErrorCode; detail: string; errors: Fault[] }
  return new AppError(code, detail, { errors })
}

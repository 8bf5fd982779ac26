import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../errors.ts'
import {
  brokeOff,
  serverAway,
  toStatusError,
  type ChatServer,
  type TokenChance,
} from './chat-server.ts'
import { createLineSplitter } from './split-lines.ts'

// The clients behind LangChain's chat models keep no promise of ours: one goes on reading after its
// caller has left, skips lines that it cannot read, and takes a reply for whole that was cut. So each
// request goes through a fetch of our own, which ends it by the signal and reads along.

export interface Exchange {
  readonly fetch: typeof fetch
  /** What has been read along so far. */
  readonly reply: Reply
  /** Ends the request if it still goes on. */
  readonly close: () => void
}

interface Reply {
  readonly isWhole: boolean
  /** What the server did wrong, whatever its client made of it. */
  readonly fault: AppError | undefined
  /** Of the first token. */
  readonly chances: readonly TokenChance[] | undefined
}

type ReplySoFar = { -readonly [Key in keyof Reply]: Reply[Key] }

/** One request to a server and its reply. */
export function openExchange(server: ChatServer, signal: AbortSignal): Exchange {
  const closed = new AbortController()
  const reply: ReplySoFar = { isWhole: false, fault: undefined, chances: undefined }
  return {
    reply,
    async fetch(input, init = {}) {
      const signals = [signal, closed.signal, ...(init.signal == null ? [] : [init.signal])]
      const limit = AbortSignal.any(signals)
      try {
        const response = await send(server, () => fetch(input, { ...init, signal: limit }), limit)
        return readAlong(response, server, reply)
      } catch (error) {
        if (error instanceof AppError && !limit.aborted) reply.fault = error
        throw error
      }
    },
    close: () => closed.abort(),
  }
}

const BUSY_STATUSES = [429, 503]
const BUSY_WAIT_MS = 500
/** A longer wait than this is the asker's own to decide. */
const MAX_BUSY_WAIT_MS = 2_000

/** A server that is busy is asked once more: nothing has been sent of the answer. */
async function send(
  server: ChatServer,
  request: () => Promise<Response>,
  signal: AbortSignal,
): Promise<Response> {
  const ask = () =>
    request().catch((cause: unknown) => {
      signal.throwIfAborted()
      throw serverAway(server, cause)
    })
  const response = await ask()
  if (response.ok) return response
  const waitMs = busyWaitMs(response)
  if (waitMs === null) throw await toStatusError(server, response)
  await response.body?.cancel()
  await sleep(waitMs, undefined, { signal })
  const second = await ask()
  if (!second.ok) throw await toStatusError(server, second)
  return second
}

function busyWaitMs({ status, headers }: Response): number | null {
  if (!BUSY_STATUSES.includes(status)) return null
  const seconds = headers.get('retry-after')
  if (seconds === null || !/^\d+$/.test(seconds)) return BUSY_WAIT_MS
  return Number(seconds) * 1_000 > MAX_BUSY_WAIT_MS ? null : Number(seconds) * 1_000
}

/** The same response, whose body ends with the fault that a line of it shows. */
function readAlong(response: Response, server: ChatServer, reply: ReplySoFar): Response {
  if (response.body === null) return response
  const split = createLineSplitter()
  const read = (bytes?: Uint8Array) => {
    try {
      for (const line of split(bytes)) readLine(line, server, reply)
    } catch (error) {
      reply.fault = error instanceof AppError ? error : brokeOff(server, error)
      throw reply.fault
    }
  }
  const along = new TransformStream<Uint8Array, Uint8Array>({
    transform(bytes, controller) {
      read(bytes)
      controller.enqueue(bytes)
    },
    flush: () => read(),
  })
  const { status, statusText, headers } = response
  return new Response(response.body.pipeThrough(along), { status, statusText, headers })
}

function readLine(line: string, server: ChatServer, reply: ReplySoFar): void {
  const said = server.parseLine(line)
  if (said === null) return
  if (said.error !== null) throw brokeOff(server, new Error(said.error))
  if (said.isEnd) reply.isWhole = true
  if (said.chances !== null) reply.chances ??= said.chances
}

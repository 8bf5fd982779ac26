import type { Response } from 'express'

/** A comment line this often keeps proxies from closing a stream that waits its turn. */
const KEEP_OPEN_MS = 10_000
/** A reader that takes nothing for this long, or leaves this much behind, has gone. */
const MAX_BUFFERED_BYTES = 256 * 1024

export interface EventStream {
  send(event: string, data: object): void
  end(event: string, data: object): void
}

/** Begins server-sent events; nothing can be answered as plain JSON after. */
export function openEventStream(response: Response): EventStream {
  response.status(200).set({
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  })
  response.flushHeaders()
  const keepOpen = setInterval(() => response.write(': waiting\n\n'), KEEP_OPEN_MS)
  response.on('close', () => clearInterval(keepOpen))
  const send = (event: string, data: object) => {
    if (response.writableEnded || response.destroyed) return
    response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
    if (response.writableLength > MAX_BUFFERED_BYTES) response.destroy()
  }
  return {
    send,
    end(event, data) {
      clearInterval(keepOpen)
      send(event, data)
      response.end()
    },
  }
}

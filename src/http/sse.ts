import type { Response } from 'express'

/** A comment line this often keeps proxies from closing a stream that waits its turn. */
const KEEP_OPEN_MS = 10_000
/** A reader that leaves this much behind, or takes nothing for this long, has gone. */
const MAX_BUFFERED_BYTES = 256 * 1024
const WRITE_TIMEOUT_MS = 30_000

export interface EventStream {
  send(event: string, data: object): void
  /** Without the name of an event. */
  sendData(data: string): void
  end(event: string, data: object): void
  close(): void
}

interface StreamOptions {
  readonly writeTimeoutMs?: number
}

/** Begins server-sent events; nothing can be answered as plain JSON after. */
export function openEventStream(
  response: Response,
  { writeTimeoutMs = WRITE_TIMEOUT_MS }: StreamOptions = {},
): EventStream {
  response.status(200).set({
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  })
  response.flushHeaders()
  const reader = watchReader(response, writeTimeoutMs)
  const write = (text: string) => {
    if (response.writableEnded || response.destroyed) return
    response.write(text, reader.expect())
    if (response.writableLength > MAX_BUFFERED_BYTES) response.destroy()
  }
  const keepOpen = setInterval(() => write(': waiting\n\n'), KEEP_OPEN_MS)
  response.on('close', () => {
    clearInterval(keepOpen)
    reader.stop()
  })
  const send = (event: string, data: object) =>
    write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
  const close = () => {
    clearInterval(keepOpen)
    response.end()
  }
  return {
    send,
    sendData: (data) => write(`data: ${data}\n\n`),
    end(event, data) {
      send(event, data)
      close()
    },
    close,
  }
}

/** Cuts the connection where nothing more of what was written is taken. */
function watchReader(response: Response, timeoutMs: number) {
  let unread = 0
  let timer: NodeJS.Timeout | undefined
  const restart = () => {
    clearTimeout(timer)
    timer = unread === 0 ? undefined : setTimeout(() => response.destroy(), timeoutMs)
  }
  return {
    /** Gives what is to be called when a piece has been taken. */
    expect(): () => void {
      unread += 1
      if (timer === undefined) restart()
      return () => {
        unread -= 1
        restart()
      }
    },
    stop: () => clearTimeout(timer),
  }
}

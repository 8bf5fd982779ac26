import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** What a fake model server says, and what it does wrong. */
export interface ReplyScript {
  readonly pieces: readonly string[]
  /** Before each piece. */
  readonly delayMs?: number
  readonly fault?: ReplyFault
  /** Of the first piece, as servers give them that are asked for them. */
  readonly chances?: readonly { readonly token: string; readonly logprob: number }[]
  /** It writes on, however many tokens it was to write. */
  readonly ignoresLimit?: boolean
}

export type ReplyFault =
  | { readonly kind: 'hang' | 'hang-after-headers' }
  /** `after`: that many pieces. `end` is a reply that stops as if it were whole, without its last line. */
  | {
      readonly kind: 'stall' | 'cut' | 'end' | 'error-line' | 'invalid-line'
      readonly after: number
    }
  /** Bytes at a time. */
  | { readonly kind: 'split'; readonly bytes: number }
  /** Unset `times`: for ever. */
  | { readonly kind: 'status'; readonly status: number; readonly times?: number }

/** How a protocol writes its lines. */
export interface Wire {
  readonly contentType: string
  piece(text: string, chances: ReplyScript['chances']): string
  /** Behind the last piece. */
  readonly end: string
  readonly errorLine: string
  readonly invalidLine: string
}

export interface SendOptions {
  readonly wire: Wire
  readonly maxTokens: number
  /** How many requests came before this one, under the same script. */
  readonly earlier: number
}

export async function sendScripted(
  response: ServerResponse,
  script: ReplyScript,
  options: SendOptions,
): Promise<void> {
  const { fault } = script
  if (fault?.kind === 'hang') return
  if (fault?.kind === 'status' && options.earlier < (fault.times ?? Infinity)) {
    response.writeHead(fault.status, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify({ error: 'the fake server was told to fail' }))
    return
  }
  response.writeHead(200, { 'Content-Type': options.wire.contentType })
  response.flushHeaders()
  if (fault?.kind === 'hang-after-headers') return
  await sendPieces(response, script, options)
  if (!response.destroyed) await finish(response, { fault, wire: options.wire })
}

async function sendPieces(
  response: ServerResponse,
  { pieces, delayMs = 0, fault, chances, ignoresLimit = false }: ReplyScript,
  { wire, maxTokens }: SendOptions,
): Promise<void> {
  const count = fault !== undefined && 'after' in fault ? fault.after : pieces.length
  const limit = ignoresLimit ? Infinity : maxTokens
  for (const [at, piece] of pieces.slice(0, Math.min(count, limit)).entries()) {
    await sleep(delayMs)
    if (response.destroyed) return
    await write(response, wire.piece(piece, at === 0 ? chances : undefined), fault)
  }
}

interface Ending {
  readonly fault: ReplyFault | undefined
  readonly wire: Wire
}

async function finish(response: ServerResponse, { fault, wire }: Ending): Promise<void> {
  if (fault === undefined || !('after' in fault)) {
    await write(response, wire.end, fault)
    response.end()
    return
  }
  switch (fault.kind) {
    case 'stall':
      return
    case 'cut':
      // The words before it are on their way.
      await sleep(20)
      response.destroy()
      return
    case 'end':
      response.end()
      return
    case 'error-line':
      response.end(wire.errorLine)
      return
    case 'invalid-line':
      response.end(wire.invalidLine + wire.end)
  }
}

async function write(
  response: ServerResponse,
  text: string,
  fault: ReplyFault | undefined,
): Promise<void> {
  const buffer = Buffer.from(text)
  if (fault?.kind !== 'split') {
    response.write(buffer)
    return
  }
  for (let from = 0; from < buffer.length; from += fault.bytes) {
    response.write(buffer.subarray(from, from + fault.bytes))
    await new Promise((resolve) => setImmediate(resolve))
  }
}

export async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const bytes of request) text += String(bytes)
  return text === '' ? undefined : JSON.parse(text)
}

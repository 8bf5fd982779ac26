import { parseAnswer, parseSources } from './answer.ts'
import type { Answer, Source } from './answer.ts'
import type { Send } from './api-key.ts'
import type { ChatRequest } from './chat-request.ts'
import { brokenOff, parseProblem, problemOfResponse } from './problem.ts'
import type { Problem } from './problem.ts'
import { fieldsOf, numberAt, textAt } from './read-json.ts'
import { createSseParser } from './sse-parser.ts'
import type { SseEvent } from './sse-parser.ts'

export type AskEvent =
  | { readonly kind: 'sources-available'; readonly sources: readonly Source[] }
  | { readonly kind: 'answer-queued'; readonly position: number }
  | { readonly kind: 'answer-delta'; readonly text: string }
  | { readonly kind: 'answer-end'; readonly answer: Answer }
  | { readonly kind: 'answer-error'; readonly problem: Problem }

/** Asks, and gives what comes; the last event is always `answer-end` or `answer-error`. */
export async function* ask(
  request: ChatRequest,
  { send, signal }: { readonly send: Send; readonly signal: AbortSignal },
): AsyncGenerator<AskEvent, void> {
  const response = await send('/v1/chat', {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify(request),
    signal,
  })
  if (!response.ok || response.body === null) {
    yield { kind: 'answer-error', problem: await problemOfResponse(response) }
    return
  }
  for await (const sseEvent of eventsOf(response.body)) {
    const event = toAskEvent(sseEvent)
    if (event !== null) yield event
    if (event?.kind === 'answer-end' || event?.kind === 'answer-error') return
  }
  yield { kind: 'answer-error', problem: brokenOff }
}

async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<SseEvent, void> {
  const parser = createSseParser()
  const decoder = new TextDecoder()
  const reader = body.getReader()
  try {
    for (;;) {
      const bytes = await nextBytes(reader)
      if (bytes === null) return
      yield* parser.push(decoder.decode(bytes, { stream: true }))
    }
  } finally {
    // A stream that failed rejects its cancelling too, with the error that was already thrown.
    await reader.cancel().catch(() => undefined)
  }
}

/** Null at the end, and where the connection is cut: both leave an answer without its end. */
async function nextBytes(reader: ReadableStreamDefaultReader<Uint8Array>) {
  try {
    const { done, value } = await reader.read()
    return done ? null : value
  } catch (error) {
    if (error instanceof TypeError) return null
    throw error
  }
}

/** Null for an event this page does not know: more may be added. */
function toAskEvent({ event, data }: SseEvent): AskEvent | null {
  switch (event) {
    case 'sources-available':
      return { kind: event, sources: parseSources(readData(data)) }
    case 'answer-queued':
      return { kind: event, position: numberAt(readData(data), 'position') }
    case 'answer-delta':
      return { kind: event, text: textAt(readData(data), 'text') }
    case 'answer-end':
      return { kind: event, answer: parseAnswer(readData(data)) }
    case 'answer-error':
      return { kind: event, problem: parseProblem(readData(data)) }
    default:
      return null
  }
}

function readData(data: string) {
  const value: unknown = JSON.parse(data)
  return fieldsOf(value)
}

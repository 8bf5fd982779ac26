import { Router, type Request, type Response } from 'express'
import type { z } from 'zod'
import type { AnswerEvent, AnswerRequest } from '../answering/answer-steps.ts'
import { condense } from '../answering/condense.ts'
import { presentAnswer, presentPassage } from '../answering/present-answer.ts'
import { AppError } from '../errors.ts'
import { loadAnswer } from '../store/answers.ts'
import { requestId, requestSignal, type HttpContext } from './context.ts'
import { giveAnswer } from './give-answer.ts'
import { parseRequest, toFilters } from './parse-request.ts'
import { toAppError, toProblem } from './problem.ts'
import { chatRequest } from './schemas.ts'
import { openEventStream, type EventStream } from './sse.ts'

export function chatRoutes(context: HttpContext): Router {
  const router = Router()
  router.post('/v1/chat', async (request, response) => {
    const body = parseRequest(chatRequest, request.body)
    const answerRequest = toAnswerRequest(body, requestSignal(response, context))
    if (wantsStream(request, body)) return streamAnswer(context, answerRequest, response)
    response.json(presentAnswer(await giveAnswer(context, answerRequest)))
  })
  router.get('/v1/answers/:id', async (request, response) => {
    const kept = await loadAnswer(context.services().database.pool, request.params.id)
    if (kept === undefined) throw new AppError('not-found', 'There is no answer with this id.')
    response.json({ ...kept.body, trace: kept.trace })
  })
  return router
}

function wantsStream(request: Request, { stream }: z.output<typeof chatRequest>): boolean {
  return stream ?? request.get('accept')?.includes('text/event-stream') === true
}

function toAnswerRequest(
  { question, messages, filters, maxPassages, fresh }: z.output<typeof chatRequest>,
  signal: AbortSignal,
): AnswerRequest {
  return {
    understood: condense(messages ?? [{ role: 'user', content: question ?? '' }]),
    filters: toFilters(filters),
    ...(maxPassages === undefined ? {} : { maxPassages }),
    fresh: fresh === true,
    signal,
  }
}

async function streamAnswer(
  context: HttpContext,
  request: AnswerRequest,
  response: Response,
): Promise<void> {
  const events = createAnswerEvents(response)
  try {
    const answer = await giveAnswer(context, request, (event) => events.send(event))
    events.open().end('answer-end', presentAnswer(answer))
  } catch (error) {
    // Nothing has been sent: it may still be the plain problem, as where the queue is full.
    if (!events.isOpen) throw error
    response.locals['error'] = error
    events.open().end('answer-error', toProblem(toAppError(error), requestId(response)))
  }
}

/** The first event opens the stream. */
function createAnswerEvents(response: Response) {
  let stream: EventStream | undefined
  const open = () => (stream ??= openEventStream(response))
  return {
    get isOpen() {
      return stream !== undefined
    },
    send: (event: AnswerEvent) => sendEvent(open(), event),
    open,
  }
}

function sendEvent(stream: EventStream, event: AnswerEvent): void {
  switch (event.type) {
    case 'sources-available':
      return stream.send(event.type, { sources: event.sources.map(presentPassage) })
    case 'answer-queued':
      return stream.send(event.type, { position: event.position })
    case 'answer-delta':
      return stream.send(event.type, { text: event.text })
  }
}

import { Router, type Request, type Response } from 'express'
import type { z } from 'zod'
import { queueUnsureAnswer } from '../../eval/reviews.ts'
import {
  answerQuestion,
  type Answered,
  type AnswerEvent,
  type AnswerRequest,
} from '../answering/answer-question.ts'
import { condense } from '../answering/condense.ts'
import { keepAnswer } from '../answering/keep-answer.ts'
import { presentAnswer, presentPassage } from '../answering/present-answer.ts'
import { transaction } from '../db/database.ts'
import { AppError } from '../errors.ts'
import type { Services } from '../services.ts'
import { loadAnswer } from '../store/answers.ts'
import { requestId, requestSignal, type HttpContext } from './context.ts'
import { parseRequest, toFilters } from './parse-request.ts'
import { toAppError, toProblem } from './problem.ts'
import { chatRequest } from './schemas.ts'
import { openEventStream, type EventStream } from './sse.ts'

export function chatRoutes(context: HttpContext): Router {
  const router = Router()
  router.post('/v1/chat', async (request, response) => {
    const body = parseRequest(chatRequest, request.body)
    const answerRequest = toAnswerRequest(body, requestSignal(response, context))
    const services = context.services()
    if (wantsStream(request, body)) return streamAnswer(services, answerRequest, response)
    const answered = await answerQuestion(answerRequest, services.answerSteps)
    await keep(services, answered)
    response.json(presentAnswer(answered.answer))
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
  { question, messages, filters, maxPassages }: z.output<typeof chatRequest>,
  signal: AbortSignal,
): AnswerRequest {
  return {
    understood: condense(messages ?? [{ role: 'user', content: question ?? '' }]),
    filters: toFilters(filters),
    ...(maxPassages === undefined ? {} : { maxPassages }),
    signal,
  }
}

async function streamAnswer(
  services: Services,
  request: AnswerRequest,
  response: Response,
): Promise<void> {
  const events = createAnswerEvents(response)
  try {
    const answered = await answerQuestion(request, services.answerSteps, (event) =>
      events.send(event),
    )
    await keep(services, answered)
    events.open().end('answer-end', presentAnswer(answered.answer))
  } catch (error) {
    if (!events.isOpen) {
      events.drop()
      throw error
    }
    response.locals['error'] = error
    events.open().end('answer-error', toProblem(toAppError(error), requestId(response)))
  }
}

/**
 * The sources are held back for one turn of the event loop, which opens the stream: by then it is known
 * whether the queue has a place, and a full one is still a plain 503.
 */
function createAnswerEvents(response: Response) {
  let stream: EventStream | undefined
  let opening: NodeJS.Immediate | undefined
  const held: AnswerEvent[] = []
  const open = () => {
    clearImmediate(opening)
    const opened = (stream ??= openEventStream(response))
    for (const event of held.splice(0)) sendEvent(opened, event)
    return opened
  }
  return {
    get isOpen() {
      return stream !== undefined
    },
    send(event: AnswerEvent): void {
      held.push(event)
      if (event.type === 'sources-available') opening = setImmediate(open)
      else open()
    },
    open,
    drop: () => clearImmediate(opening),
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

/** Kept before it is sent whole: what a reader saw end can always be looked up again. */
async function keep({ database }: Services, answered: Answered): Promise<void> {
  await transaction(database, async (client) => {
    await keepAnswer(client, answered)
    await queueUnsureAnswer(client, answered)
  })
}

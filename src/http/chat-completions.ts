// OpenAI's chat completions as a translation of the service's own answer, so that any client of theirs
// can ask.
import { Router, type Response } from 'express'
import type { z } from 'zod'
import type { AnswerRequest } from '../answering/answer-steps.ts'
import { condense } from '../answering/condense.ts'
import { presentAnswer } from '../answering/present-answer.ts'
import type { Answer } from '../domain.ts'
import { toCompletionError } from './completion-error.ts'
import { completionRequest, toConversation } from './completion-schemas.ts'
import { requestId, requestSignal, type HttpContext } from './context.ts'
import { giveAnswer } from './give-answer.ts'
import { parseRequest } from './parse-request.ts'
import { toAppError, toProblem } from './problem.ts'
import { openEventStream, type EventStream } from './sse.ts'

/** Whatever model a client names, this one answers, and says so. */
const MODEL = 'footnote'

export function chatCompletionRoutes(context: HttpContext): Router {
  const router = Router()
  const models = [{ id: MODEL, object: 'model', created: nowSeconds(), owned_by: MODEL }]
  router.get('/v1/models', (_request, response) => {
    response.json({ object: 'list', data: models })
  })
  router.post('/v1/chat/completions', async (request, response) => {
    const body = parseRequest(completionRequest, request.body)
    const answerRequest = {
      understood: condense(toConversation(body.messages)),
      filters: {},
      fresh: body.fresh === true,
      signal: requestSignal(response, context),
    }
    const head = {
      id: `chatcmpl-${requestId(response)}`,
      created: nowSeconds(),
      model: MODEL,
    }
    if (body.stream === true) {
      return streamCompletion(context, answerRequest, { response, head, ...streamOptions(body) })
    }
    response.json(toCompletion(await giveAnswer(context, answerRequest), head))
  })
  return router
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1_000)
}

function streamOptions({ stream_options }: z.output<typeof completionRequest>) {
  return { hasUsage: stream_options?.include_usage === true }
}

interface Head {
  readonly id: string
  readonly created: number
  readonly model: string
}

interface StreamOptions {
  readonly response: Response
  readonly head: Head
  readonly hasUsage: boolean
}

/**
 * A client of OpenAI's joins the words it is sent, and nothing can take one back. Here the model's words
 * are a draft until they are checked: sentences are dropped, marks are added, all of it may become a
 * refusal. So until then the stream is held open without words, and those that come are the answer.
 */
async function streamCompletion(
  context: HttpContext,
  request: AnswerRequest,
  { response, ...options }: StreamOptions,
): Promise<void> {
  let stream: EventStream | undefined
  const open = () => (stream ??= openCompletion(response, options))
  try {
    const answer = await giveAnswer(context, request, open)
    const opened = open()
    for (const chunk of toChunks(answer, options)) opened.sendData(JSON.stringify(chunk))
    opened.sendData('[DONE]')
    opened.close()
  } catch (error) {
    if (stream === undefined) throw error
    response.locals['error'] = error
    const problem = toProblem(toAppError(error), requestId(response))
    stream.sendData(JSON.stringify(toCompletionError(problem)))
    stream.close()
  }
}

type ChunkOptions = Omit<StreamOptions, 'response'>

function openCompletion(response: Response, options: ChunkOptions): EventStream {
  const stream = openEventStream(response)
  stream.sendData(JSON.stringify(toChunk({ role: 'assistant', content: '' }, options)))
  return stream
}

function toChunks(answer: Answer, options: ChunkOptions): readonly object[] {
  const { annotations, footnote } = toMessage(answer)
  const end = { annotations, footnote }
  return [
    ...toPieces(answer).map((content) => toChunk({ content }, options)),
    toChunk(end, { ...options, finishReason: 'stop' }),
    ...(options.hasUsage ? [{ ...toChunk({}, options), choices: [], usage: toUsage(answer) }] : []),
  ]
}

/** A sentence with the marks behind it at a time; together they are the answer. */
function toPieces({ answer, sentences }: Answer): readonly string[] {
  const starts = [0, ...sentences.slice(1).map(({ start }) => start)]
  return starts.map((start, at) => answer.slice(start, starts[at + 1]))
}

function toChunk(
  delta: object,
  { head, hasUsage, finishReason }: ChunkOptions & { readonly finishReason?: 'stop' },
): object {
  return {
    ...head,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason ?? null }],
    // With them asked for, OpenAI's chunks say that theirs is not the one that has them.
    ...(hasUsage ? { usage: null } : {}),
  }
}

function toCompletion(answer: Answer, head: Head): object {
  return {
    ...head,
    object: 'chat.completion',
    choices: [{ index: 0, message: toMessage(answer), logprobs: null, finish_reason: 'stop' }],
    usage: toUsage(answer),
  }
}

function toMessage(answer: Answer) {
  return {
    role: 'assistant',
    content: answer.answer,
    refusal: null,
    annotations: toAnnotations(answer),
    footnote: presentAnswer(answer),
  }
}

/** One for each citation of each sentence; a citation without an address cannot be one. */
function toAnnotations({ sentences, citations }: Answer): readonly object[] {
  return sentences.flatMap(({ start, end, citations: numbers }) =>
    citations.flatMap(({ number, url, title }) =>
      url === null || !numbers.includes(number)
        ? []
        : [
            {
              type: 'url_citation',
              url_citation: { url, title, start_index: start, end_index: end },
            },
          ],
    ),
  )
}

function toUsage({ tokens: { prompt, completion } }: Answer) {
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
  }
}

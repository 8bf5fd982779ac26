import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readJson, sendScripted, type ReplyScript, type Wire } from './scripted-reply.ts'

export interface FakeOpenAi extends AsyncDisposable {
  /** As OPENAI_BASE_URL names it. */
  readonly baseUrl: string
  script: ReplyScript
  /** Answers whose client went before their end. */
  readonly aborts: number
  readonly requests: readonly OpenAiRequest[]
  /** What the last client sent as its key. */
  readonly authorization: string | undefined
}

export interface OpenAiRequest {
  readonly model: string
  readonly messages: readonly { readonly role: string; readonly content: string }[]
  readonly max_tokens?: number
}

/** A model server that speaks OpenAI's chat completions: `openai:chat` says what it is told to. */
export async function openFakeOpenAi(): Promise<FakeOpenAi> {
  let aborts = 0
  let authorization: string | undefined
  const requests: OpenAiRequest[] = []
  const asked = new WeakMap<ReplyScript, number>()
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = (await readJson(request)) as OpenAiRequest
    authorization = request.headers.authorization
    if (request.url !== '/v1/chat/completions' || body.model !== 'chat') {
      return response.writeHead(404).end(JSON.stringify({ error: { message: 'not found' } }))
    }
    requests.push(body)
    const { script } = fake
    response.on('close', () => {
      if (!response.writableFinished && script.fault?.kind !== 'cut') aborts += 1
    })
    const earlier = asked.get(script) ?? 0
    asked.set(script, earlier + 1)
    const maxTokens = body.max_tokens ?? Infinity
    return sendScripted(response, script, { wire: WIRE, maxTokens, earlier })
  }
  const server = createServer((request, response) => void answer(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const fake: FakeOpenAi = {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    script: { pieces: [] },
    requests,
    get aborts() {
      return aborts
    },
    get authorization() {
      return authorization
    },
    async [Symbol.asyncDispose]() {
      if (!server.listening) return
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return fake
}

const WIRE: Wire = {
  contentType: 'text/event-stream',
  piece: (content, chances) => {
    const logprobs = chances && { content: [{ ...chances[0], top_logprobs: chances }] }
    return toEvent({ choices: [{ index: 0, delta: { content }, logprobs, finish_reason: null }] })
  },
  end: `${toEvent({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}data: [DONE]\n\n`,
  errorLine: toEvent({ error: { message: 'the engine has died', code: 500 } }),
  invalidLine: 'data: {"choices":[{"index":0,"del\n\n',
}

function toEvent(fields: object): string {
  const chunk = { id: 'chatcmpl-1', object: 'chat.completion.chunk', model: 'chat', created: 1 }
  return `data: ${JSON.stringify({ ...chunk, ...fields })}\n\n`
}

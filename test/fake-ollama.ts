import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createFakeEmbedding } from './fake-embedding.ts'
import { readJson, sendScripted, type ReplyScript, type Wire } from './scripted-reply.ts'

export interface FakeOllama extends AsyncDisposable {
  /** As OLLAMA_HOST names it. */
  readonly host: string
  /** What it answers, a piece at a time. */
  script: ReplyScript
  /** What a pull tells, a line each. */
  pullLines: readonly object[]
  /** Answers whose client went before their end. */
  readonly aborts: number
  /** Bodies of the questions it was asked. */
  readonly requests: readonly OllamaRequest[]
}

export interface OllamaRequest {
  readonly model: string
  readonly messages: readonly { readonly role: string; readonly content: string }[]
  readonly options: Readonly<Record<string, unknown>>
}

const MODELS = [{ name: 'chat:latest' }, { name: 'embed:latest' }]

/** A model server that speaks Ollama's protocol: `ollama:chat` says what it is told to, `ollama:embed` is the fake embedder. */
export async function openFakeOllama(): Promise<FakeOllama> {
  let aborts = 0
  const requests: OllamaRequest[] = []
  const asked = new WeakMap<ReplyScript, number>()
  const embedding = createFakeEmbedding()
  const chat = async (body: OllamaRequest, response: ServerResponse) => {
    requests.push(body)
    response.on('close', () => {
      if (!response.writableFinished && !isOwnDoing(ollama.script)) aborts += 1
    })
    const { script } = ollama
    const earlier = asked.get(script) ?? 0
    asked.set(script, earlier + 1)
    const maxTokens = Number(body.options['num_predict'] ?? Infinity)
    await sendScripted(response, script, { wire: WIRE, maxTokens, earlier })
  }
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await readJson(request)
    switch (request.url ?? '') {
      case '/api/tags':
        return response.end(JSON.stringify({ models: MODELS }))
      case '/api/embed': {
        const texts = [(body as { input: string | string[] }).input].flat()
        const { signal } = new AbortController()
        const embeddings = await embedding.model.embedTexts(texts, { signal })
        return response.end(JSON.stringify({ model: 'embed', embeddings }))
      }
      case '/api/pull':
        return response.end(ollama.pullLines.map(toLine).join(''))
      case '/api/chat':
        return chat(body as OllamaRequest, response)
      default:
        return response.writeHead(404).end()
    }
  }
  const server = createServer((request, response) => void answer(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const ollama: FakeOllama = {
    host: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    script: { pieces: [] },
    pullLines: [],
    requests,
    get aborts() {
      return aborts
    },
    async [Symbol.asyncDispose]() {
      if (!server.listening) return
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return ollama
}

function isOwnDoing({ fault }: ReplyScript): boolean {
  return fault?.kind === 'cut'
}

const WIRE: Wire = {
  contentType: 'application/x-ndjson',
  piece: (content, chances) => {
    const logprobs = chances && [{ ...chances[0], top_logprobs: chances }]
    return chatLine({ message: { role: 'assistant', content }, done: false, logprobs })
  },
  end: chatLine({ message: { role: 'assistant', content: '' }, done: true, done_reason: 'stop' }),
  errorLine: toLine({ error: 'the runner has died' }),
  invalidLine: '{"message":{"role":"assistant","con\n',
}

function chatLine(fields: object): string {
  return toLine({ model: 'chat', created_at: '2026-03-02T09:00:00Z', ...fields })
}

function toLine(line: object): string {
  return `${JSON.stringify(line)}\n`
}

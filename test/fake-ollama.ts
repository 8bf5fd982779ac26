import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createFakeEmbedding } from './fake-embedding.ts'

export interface FakeOllama extends AsyncDisposable {
  /** As OLLAMA_HOST names it. */
  readonly host: string
  /** What it answers, a piece at a time; `delayMs` before each. */
  script: { readonly pieces: readonly string[]; readonly delayMs: number }
  /** Answers whose client went before their end. */
  readonly aborts: number
}

const MODELS = [{ name: 'chat:latest' }, { name: 'embed:latest' }]

/** A model server that speaks Ollama's protocol: `ollama:chat` says what it is told to, `ollama:embed` is the fake embedder. */
export async function openFakeOllama(): Promise<FakeOllama> {
  let aborts = 0
  const embedding = createFakeEmbedding()
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await readJson(request)
    if (request.url === '/api/tags') return response.end(JSON.stringify({ models: MODELS }))
    if (request.url === '/api/embed') {
      const texts = [(body as { input: string | string[] }).input].flat()
      const { signal } = new AbortController()
      const embeddings = await embedding.model.embedTexts(texts, { signal })
      return response.end(JSON.stringify({ model: 'embed', embeddings }))
    }
    for (const content of ollama.script.pieces) {
      await sleep(ollama.script.delayMs)
      if (response.destroyed) {
        aborts += 1
        return
      }
      response.write(line({ content, isDone: false }))
    }
    return response.end(line({ content: '', isDone: true }))
  }
  const server = createServer((request, response) => void answer(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const ollama: FakeOllama = {
    host: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    script: { pieces: [], delayMs: 0 },
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

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const bytes of request) text += String(bytes)
  return text === '' ? undefined : JSON.parse(text)
}

function line({ content, isDone }: { readonly content: string; readonly isDone: boolean }): string {
  const message = { role: 'assistant', content }
  return `${JSON.stringify({ model: 'chat', created_at: '2026-03-02T09:00:00Z', message, done: isDone })}\n`
}

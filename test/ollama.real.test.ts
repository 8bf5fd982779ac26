// A real Ollama behind the port: chat, embeddings, a model that is missing, a server that is not there.
import { homedir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createModelStore } from '../src/models/model-store.ts'
import { answerSchema } from '../src/http/schemas.ts'
import { startOllama } from './real-ollama.ts'
import { postJson, startRunningService } from './running-service.ts'

const modelsDir = process.env['MODELS_DIR'] ?? join(homedir(), '.cache/footnote/models')
let ollama: Awaited<ReturnType<typeof startOllama>>

beforeAll(async () => {
  const gguf = await createModelStore({ dir: modelsDir }).ensureChat('smollm2-135m-instruct-q4_1')
  ollama = await startOllama({ models: [{ name: 'tiny', gguf }] })
}, 600_000)

afterAll(async () => {
  await ollama?.stop()
})

const start = (env: Record<string, string>) =>
  startRunningService({ env: { OLLAMA_HOST: ollama.url, FEEDS: '', ...env } })

it('answers or refuses through a model of its own server', async () => {
  await using service = start({ CHAT_MODEL: 'ollama:tiny' })
  const url = await service.untilReady()
  const body = { question: 'What is the default port?' }
  const answer = answerSchema.parse(await postJson(`${url}/v1/chat`, body))
  expect(answer.models.chat).toBe('ollama:tiny')
  expect(['answered', 'refused']).toContain(answer.status)
  expect(answer.tokens.completion).toBeGreaterThan(0)
})

it('says which command brings a model that is missing', async () => {
  await using service = start({ CHAT_MODEL: 'ollama:absent' })
  const url = await service.untilReady()
  const { parts } = (await (await fetch(`${url}/readyz`)).json()) as {
    parts: { chat: { status: string; detail: string } }
  }
  expect(parts.chat).toMatchObject({ status: 'unavailable' })
  expect(parts.chat.detail).toContain('ollama pull absent')
})

it('answers with extracts, at once, when the server has gone', async () => {
  await using service = start({ CHAT_MODEL: 'ollama:tiny', OLLAMA_HOST: 'http://127.0.0.1:9' })
  const url = await service.untilReady()
  const body = { question: 'How do I add a feed?' }
  const answer = answerSchema.parse(await postJson(`${url}/v1/chat`, body))
  expect(answer).toMatchObject({ status: 'extracted', reason: 'model-unavailable' })
  expect(answer.timings.totalMs).toBeLessThan(1_000)
})

it('embeds through the server, and embeds the library again when the model changes', async () => {
  const { mkdtempSync, rmSync } = await import('node:fs')
  const { tmpdir } = await import('node:os')
  const dataDir = mkdtempSync(join(tmpdir(), 'footnote-reembed-'))
  try {
    await using first = startRunningService({ dataDir, env: { CHAT_MODEL: 'none', FEEDS: '' } })
    await first.untilReady()
    expect(await first.stop()).toBe(0)
    await using second = startRunningService({
      dataDir,
      env: {
        CHAT_MODEL: 'none',
        FEEDS: '',
        OLLAMA_HOST: ollama.url,
        EMBEDDING_MODEL: 'ollama:tiny',
      },
    })
    const url = await second.untilReady()
    const degraded = async () => {
      const found = await fetch(`${url}/v1/search?q=feeds`)
      return ((await found.json()) as { degraded: string | null }).degraded
    }
    await expect.poll(degraded, { timeout: 240_000, interval: 500 }).toBeNull()
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
})

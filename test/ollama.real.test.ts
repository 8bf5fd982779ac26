// A real Ollama behind the port: chat, embeddings, a model that is missing, a server that is not there.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
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
  const dataDir = mkdtempSync(join(tmpdir(), 'footnote-reembed-'))
  const feed = join(dataDir, 'feed.xml')
  writeFileSync(
    feed,
    '<rss version="2.0"><channel><title>Towers</title><item><guid>1</guid><title>A tower</title>' +
      '<description>The lighthouse is 40 metres high.</description></item></channel></rss>',
  )
  try {
    await using first = startRunningService({ dataDir, env: { CHAT_MODEL: 'none', FEEDS: feed } })
    await first.untilReady()
    expect(await first.stop()).toBe(0)
    await using second = startRunningService({
      dataDir,
      env: {
        CHAT_MODEL: 'none',
        FEEDS: feed,
        OLLAMA_HOST: ollama.url,
        EMBEDDING_MODEL: 'ollama:tiny',
      },
    })
    const url = await second.untilReady()
    const search = async () =>
      (await (await fetch(`${url}/v1/search?q=lighthouse`)).json()) as {
        degraded: string | null
        passages: { scores: { vector: number | null } }[]
      }
    await expect
      .poll(async () => (await search()).degraded, { timeout: 120_000, interval: 500 })
      .toBeNull()
    expect((await search()).passages[0]?.scores.vector).not.toBeNull()
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
})

// The same suite as for the fakes, against a real Ollama: through its own API and through its `/v1`.
import { homedir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeServedModel } from '../../test/chat-model-contract.ts'
import { startOllama, type RealOllama } from '../../test/real-ollama.ts'
import { createModelStore } from './model-store.ts'
import { openOllamaChat } from './ollama.ts'
import { openOpenAiChat } from './openai.ts'
import { estimateTokens } from './served-chat.ts'

const modelsDir = process.env['MODELS_DIR'] ?? join(homedir(), '.cache/footnote/models')
let ollama: RealOllama

beforeAll(async () => {
  const gguf = await createModelStore({ dir: modelsDir }).ensureChat('smollm2-135m-instruct-q4_1')
  ollama = await startOllama({ models: [{ name: 'tiny', gguf }] })
}, 600_000)

afterAll(async () => {
  await ollama?.stop()
})

const model = 'tiny'
/** The server is the whole file's. */
const shared = { [Symbol.asyncDispose]: () => Promise.resolve() }

describeServedModel({
  kind: 'ollama',
  model,
  openServer: () =>
    Promise.resolve({
      ...shared,
      open: (name, options) => openOllamaChat({ name, host: ollama.url }, options),
    }),
})

describeServedModel({
  kind: 'openai',
  model,
  openServer: () =>
    Promise.resolve({
      ...shared,
      open: (name, options) =>
        openOpenAiChat({ name, baseUrl: `${ollama.url}/v1`, apiKey: undefined }, options),
    }),
})

/** What the template of a conversation adds: roles, marks and lines. */
const TEMPLATE_TOKENS = 24

it.each([
  ['prose', 'The lighthouse on the island is forty metres high and was built of granite. '],
  ['code', 'const { port = 3000 } = process.env["PORT"] ?? {}; await listen(port, "127.0.0.1")\n'],
  ['numbers', '8000 bytes, 127.0.0.1:11434, 2026-11-24T20:25:33Z, 3.14159; '],
  ['other scripts', 'Die Höhe beträgt 40 Meter. 灯塔高四十米。Маяк высотой 40 метров. \u{1f5fc} '],
])('counts no fewer tokens than the server of %s', async (_, text) => {
  const content = text.repeat(6)
  const response = await fetch(`${ollama.url}/api/chat`, {
    method: 'POST',
    body: JSON.stringify({
      model,
      messages: [{ role: 'user', content }],
      stream: false,
      options: { num_predict: 1, num_ctx: 2048 },
    }),
  })
  const { prompt_eval_count: counted } = (await response.json()) as { prompt_eval_count: number }
  expect(counted).toBeGreaterThan(TEMPLATE_TOKENS)
  expect(estimateTokens(content)).toBeGreaterThanOrEqual(counted - TEMPLATE_TOKENS)
})

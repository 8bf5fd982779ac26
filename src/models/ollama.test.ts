import { afterAll, beforeAll, expect, it } from 'vitest'
import { openFakeOllama, type FakeOllama } from '../../test/fake-ollama.ts'
import { openOllamaChat } from './ollama.ts'

const { signal } = new AbortController()
let ollama: FakeOllama

beforeAll(async () => {
  ollama = await openFakeOllama()
})

afterAll(() => ollama[Symbol.asyncDispose]())

it('asks for words that are the same each time, of the whole prompt, without a thought before them', async () => {
  ollama.script = { pieces: ['Yes'] }
  const chat = await openOllamaChat({ name: 'chat', host: ollama.host }, { signal })
  const input = { prefix: 'Rules.', prompt: 'Question?', maxTokens: 9, signal }
  for await (const piece of chat.generate(input)) expect(piece).toBe('Yes')
  expect(ollama.requests.at(-1)).toMatchObject({
    model: 'chat',
    messages: [
      { role: 'system', content: 'Rules.' },
      { role: 'user', content: 'Question?' },
    ],
    truncate: false,
    think: false,
    keep_alive: '30m',
    options: { temperature: 0, seed: 0, num_predict: 9, num_ctx: 2048 },
  })
  expect(ollama.requests.at(-1)).not.toHaveProperty('logprobs')
})

it('asks for probabilities at the opening, and has none where none come', async () => {
  ollama.script = { pieces: ['Yes'] }
  const before = ollama.requests.length
  const chat = await openOllamaChat({ name: 'chat', host: ollama.host }, { signal })
  expect('probability' in chat).toBe(false)
  expect(ollama.requests.slice(before)).toMatchObject([{ logprobs: true, top_logprobs: 20 }])
})

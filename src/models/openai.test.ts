import { afterAll, beforeAll, expect, it } from 'vitest'
import { openFakeOpenAi, type FakeOpenAi } from '../../test/fake-openai.ts'
import { openOpenAiChat } from './openai.ts'

const { signal } = new AbortController()
let fake: FakeOpenAi

beforeAll(async () => {
  fake = await openFakeOpenAi()
})

afterAll(() => fake[Symbol.asyncDispose]())

const open = (apiKey?: string) =>
  openOpenAiChat({ name: 'chat', baseUrl: fake.baseUrl, apiKey }, { signal })

it('asks with its key for words that are the same each time', async () => {
  fake.script = { pieces: ['Yes'] }
  const chat = await open('correct-horse')
  const input = { prefix: 'Rules.', prompt: 'Question?', maxTokens: 9, signal }
  for await (const piece of chat.generate(input)) expect(piece).toBe('Yes')
  expect(fake.authorization).toBe('Bearer correct-horse')
  expect(fake.requests.at(-1)).toMatchObject({
    model: 'chat',
    messages: [
      { role: 'system', content: 'Rules.' },
      { role: 'user', content: 'Question?' },
    ],
    stream: true,
    temperature: 0,
    seed: 0,
    max_tokens: 9,
  })
  expect(fake.requests.at(-1)).not.toHaveProperty('logprobs')
})

it('works without a key, and without probabilities where the server will not give any', async () => {
  // The request for probabilities is refused whole, and the one without them is not.
  fake.script = { pieces: ['Yes'], fault: { kind: 'status', status: 400, times: 1 } }
  const chat = await open()
  expect('probability' in chat).toBe(false)
  const input = { prefix: '', prompt: 'Question?', maxTokens: 9, signal }
  for await (const piece of chat.generate(input)) expect(piece).toBe('Yes')
})

it('says where it looked and found no server', async () => {
  const away = { name: 'chat', baseUrl: 'http://127.0.0.1:9/v1', apiKey: undefined }
  await expect(openOpenAiChat(away, { signal })).rejects.toMatchObject({
    code: 'model-unavailable',
  })
  await expect(openOpenAiChat(away, { signal })).rejects.toThrow('http://127.0.0.1:9/v1')
})

// By the official client, as the programs that ask a server of OpenAI's do.
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import OpenAI, { APIError } from 'openai'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { contractFaults } from '../../test/contract.ts'
import { openTestApp, type TestApp } from '../../test/open-test-app.ts'
import { openTestServices, type TestServices } from '../../test/open-test-services.ts'
import { createScriptedChat } from '../../test/scripted-chat.ts'
import { LIBRARY, LIMIT, MISSED, toRss } from '../../test/test-feed.ts'
import { AppError } from '../errors.ts'
import type { answerSchema } from './schemas.ts'

type Answer = z.infer<typeof answerSchema>
type Completion = OpenAI.Chat.Completions.ChatCompletion
type Chunk = OpenAI.Chat.Completions.ChatCompletionChunk
type Messages = OpenAI.Chat.Completions.ChatCompletionMessageParam[]

const KEY = 'correct-horse-battery'
const QUESTION = 'How large may a NOTIFY payload be?'
const MESSAGES: Messages = [{ role: 'user', content: QUESTION }]
const TO_COMPLETE = 'POST /v1/chat/completions'
/** What the model is made to say changes, and a kept answer would not. */
const FRESH = { fresh: true }
const ANSWERED = { pieces: [`${LIMIT} `, MISSED] }

const chat = createScriptedChat({ script: ANSWERED })
let test: TestServices
let app: TestApp
let openai: OpenAI

beforeAll(async () => {
  test = await openTestServices({ chat, maxWaiting: 1, remembers: true })
  const unlinked = {
    guid: 'unlinked',
    title: 'Without an address',
    html: '<p>Copper kettles must be descaled every four weeks.</p>',
  }
  await test.readFeed(test.writeFeed(toRss([...LIBRARY, unlinked])))
  app = await openTestApp({ services: () => test.services })
  openai = clientOf(app)
})

afterAll(async () => {
  await app[Symbol.asyncDispose]()
  await test[Symbol.asyncDispose]()
})

beforeEach(() => {
  chat.script = ANSWERED
  chat.statesAnswer = 0.9
  chat.aborts = 0
})

afterEach(async () => {
  await until(() => chat.active === 0)
  expect(test.errors.splice(0)).toEqual([])
})

function clientOf({ port }: TestApp, apiKey = 'any'): OpenAI {
  return new OpenAI({ apiKey, baseURL: `http://127.0.0.1:${port}/v1`, maxRetries: 0 })
}

async function until(isSo: () => boolean): Promise<void> {
  const since = performance.now()
  while (!isSo()) {
    if (performance.now() - since > 5_000) throw new Error('It did not come to be within 5 s.')
    await sleep(5)
  }
}

function complete(messages: Messages = MESSAGES): Promise<Completion> {
  return openai.chat.completions.create({ model: 'gpt-4o', messages, ...FRESH })
}

function footnoteOf(message: object | undefined): Answer {
  return (message as { footnote: Answer }).footnote
}

async function readChunks(messages: Messages = MESSAGES): Promise<readonly Chunk[]> {
  const stream = await openai.chat.completions.create({
    model: 'any',
    messages,
    stream: true,
    ...FRESH,
  })
  return gather(stream)
}

async function gather(stream: AsyncIterable<Chunk>): Promise<readonly Chunk[]> {
  const chunks: Chunk[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return chunks
}

function joined(chunks: readonly Chunk[]): string {
  return chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')
}

/** What the client throws. */
async function refusalOf(asked: Promise<unknown>): Promise<APIError> {
  const error = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof APIError)) throw new Error('It was answered, or failed otherwise.')
  return error
}

describe('a completion', () => {
  it('is the answer, with its citations as annotations and the whole of it as "footnote"', async () => {
    const completion = await complete()
    expect(contractFaults(TO_COMPLETE, { status: 200, json: completion })).toEqual([])
    const { message, finish_reason } = completion.choices[0]!
    const answer = footnoteOf(message)
    expect(message.content).toBe(`${LIMIT} [1] ${MISSED} [2]`)
    expect(message.content).toBe(answer.answer)
    expect([message.role, finish_reason, message.refusal]).toEqual(['assistant', 'stop', null])
    expect(message.annotations).toEqual(
      [LIMIT, MISSED].map((sentence) => {
        const start_index = answer.answer.indexOf(sentence)
        return {
          type: 'url_citation',
          url_citation: {
            url: 'https://blog.example/listening',
            title: 'Listening to a database',
            start_index,
            end_index: start_index + sentence.length,
          },
        }
      }),
    )
    const { json } = await app.call(`GET /v1/answers/${answer.id}`)
    expect(json).toMatchObject(answer)
  })

  it('is by the model that the list has, whichever was asked for', async () => {
    const models = await openai.models.list()
    expect(models.data.map(({ id }) => id)).toEqual(['footnote'])
    expect((await complete()).model).toBe('footnote')
    const reply = await app.call('GET /v1/models')
    expect(contractFaults('GET /v1/models', reply)).toEqual([])
  })

  it('counts the tokens', async () => {
    const completion = await complete()
    const { tokens } = footnoteOf(completion.choices[0]?.message)
    expect(completion.usage).toEqual({
      prompt_tokens: tokens.prompt,
      completion_tokens: tokens.completion,
      total_tokens: tokens.prompt + tokens.completion,
    })
    expect(tokens.completion).toBeGreaterThan(0)
  })

  it('may be a kept one, and says so, unless it is to be a fresh one', async () => {
    const ask = (extra: object) =>
      openai.chat.completions.create({ model: 'any', messages: MESSAGES, ...extra })
    const isCached = ({ choices }: Completion) => footnoteOf(choices[0]?.message).cached
    await ask({})
    expect([isCached(await ask({})), isCached(await ask({ fresh: true }))]).toEqual([true, false])
  })

  it('that refuses says so in plain words, with the reason in the answer', async () => {
    chat.statesAnswer = 0.1
    const { message, finish_reason } = (await complete()).choices[0]!
    expect(footnoteOf(message)).toMatchObject({ status: 'refused', reason: 'not-answered' })
    expect(message.content).toBe(footnoteOf(message).answer)
    expect(message.annotations).toEqual([])
    expect(finish_reason).toBe('stop')
  })

  it('cites an article without an address in the answer alone', async () => {
    const sentence = 'Copper kettles must be descaled every four weeks.'
    chat.script = { pieces: [sentence] }
    const completion = await complete([
      { role: 'user', content: 'How often must copper kettles be descaled?' },
    ])
    const { message } = completion.choices[0]!
    expect(footnoteOf(message).citations).toMatchObject([{ quote: sentence, url: null }])
    expect(message.annotations).toEqual([])
  })
})

describe('what a client sends along', () => {
  it('such as rules, tools and a temperature changes nothing', async () => {
    const messages: Messages = [
      { role: 'system', content: 'You are a pirate named Blackbeard.' },
      { role: 'developer', content: [{ type: 'text', text: 'Answer in rhymes.' }] },
      ...MESSAGES,
    ]
    const tool = { type: 'function' as const, function: { name: 'look_up', parameters: {} } }
    const completion = await openai.chat.completions.create({
      model: 'gpt-4o',
      messages,
      tools: [tool],
      temperature: 1.5,
      max_completion_tokens: 3,
      n: 1,
      stream: false,
      ...FRESH,
      user: 'someone',
    })
    expect(completion.choices[0]?.message.content).toContain(LIMIT)
    expect(chat.prompts.at(-1)).not.toMatch(/Blackbeard|rhymes/)
    expect(footnoteOf(completion.choices[0]?.message).question).toBe(QUESTION)
  })

  it('may be rules behind the question', async () => {
    const completion = await complete([...MESSAGES, { role: 'system', content: 'Be brief.' }])
    expect(footnoteOf(completion.choices[0]?.message).question).toBe(QUESTION)
  })

  it('of the conversation before helps to understand the question', async () => {
    const completion = await complete([
      { role: 'user', content: [{ type: 'text', text: 'What is a NOTIFY payload?' }] },
      { role: 'assistant', content: null },
      { role: 'assistant', content: 'A message.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'How large' },
          { type: 'text', text: 'may it be?' },
        ],
      },
    ])
    const { question } = footnoteOf(completion.choices[0]?.message)
    expect(question).toBe('How large\nmay it be? (about: a NOTIFY payload)')
  })

  const image = { type: 'image_url' as const, image_url: { url: 'https://blog.example/a.png' } }
  const cases: [name: string, messages: unknown, param: string, message: RegExp][] = [
    ['an image', [{ role: 'user', content: [image] }], 'messages[0].content', /images/],
    ['no message', [], 'messages', /at least|>=1/i],
    ['only rules', [{ role: 'system', content: 'Be brief.' }], 'messages', /last message/],
    [
      'an assistant’s message last',
      [...MESSAGES, { role: 'assistant', content: 'Large.' }],
      'messages',
      /last message/,
    ],
    [
      'a tool’s message last',
      [...MESSAGES, { role: 'tool', content: '7', tool_call_id: 'a' }],
      'messages',
      /last message/,
    ],
    ['a role that is none', [{ role: 'king', content: 'a' }], 'messages[0].role', /./],
    ['spaces', [{ role: 'user', content: ' \n' }], 'messages[0].content', /1 to 2000/],
    [
      'a question that is too long',
      [{ role: 'system' }, { role: 'user', content: 'a'.repeat(2_001) }],
      'messages[1].content',
      /1 to 2000/,
    ],
    [
      'an earlier message that is too long',
      [{ role: 'user', content: 'a'.repeat(20_001) }, ...MESSAGES],
      'messages[0].content',
      /20000/,
    ],
    [
      'a conversation that is too long',
      Array.from({ length: 101 }, () => MESSAGES[0]),
      'messages',
      /at most 100/,
    ],
    ['NUL', [{ role: 'user', content: 'a\0b' }], 'messages[0].content', /NUL/],
  ]

  it.each(cases)('and is %s is refused, and told why', async (...[, messages, param, message]) => {
    const error = await refusalOf(complete(messages as Messages))
    expect([error.status, error.type, error.code]).toEqual([
      400,
      'invalid_request_error',
      'invalid-request',
    ])
    expect(error.param).toBe(param)
    expect(error.message).toMatch(message)
  })

  it('that asks for several answers is refused', async () => {
    const error = await refusalOf(
      openai.chat.completions.create({ model: 'any', messages: MESSAGES, n: 2 }),
    )
    expect([error.status, error.param]).toEqual([400, 'n'])
    expect(error.message).toContain('one answer')
  })

  it('of any kind is never the service’s own fault', async () => {
    const part = fc.oneof(
      fc.record({ type: fc.constantFrom('text', 'refusal', 'image_url'), text: fc.string() }),
      fc.anything(),
    )
    const role = fc.constantFrom('user', 'assistant', 'system', 'tool', 'king')
    const message = fc.record({ role, content: fc.oneof(fc.string(), fc.array(part)) })
    const body = fc.record(
      { messages: fc.oneof(fc.array(message), fc.anything()), n: fc.anything() },
      { requiredKeys: [] },
    )
    await fc.assert(
      fc.asyncProperty(body, async (given) => {
        const reply = await app.call(TO_COMPLETE, { body: JSON.stringify(given) })
        expect([200, 400]).toContain(reply.status)
        expect(contractFaults(TO_COMPLETE, reply)).toEqual([])
      }),
      { numRuns: 100 },
    )
  })
})

describe('a stream', () => {
  it('gives the role at once, then the sentences of the checked answer, then all about them', async () => {
    const chunks = await readChunks()
    const answer = footnoteOf(chunks.at(-1)?.choices[0]?.delta)
    expect(chunks.map(({ choices }) => choices[0]?.delta.content)).toEqual([
      '',
      `${LIMIT} [1] `,
      `${MISSED} [2]`,
      undefined,
    ])
    expect(chunks[0]?.choices[0]?.delta.role).toBe('assistant')
    expect(chunks.map(({ choices }) => choices[0]?.finish_reason)).toEqual([
      null,
      null,
      null,
      'stop',
    ])
    expect(new Set(chunks.map(({ id, model }) => `${id} ${model}`)).size).toBe(1)
    expect(joined(chunks)).toBe(answer.answer)
    expect(chunks.at(-1)?.choices[0]?.delta).toMatchObject({
      annotations: [{ type: 'url_citation' }, { type: 'url_citation' }],
    })
  })

  it('is what the client’s own gathering makes the same completion of', async () => {
    const runner = openai.chat.completions.stream({
      model: 'any',
      messages: MESSAGES,
      ...FRESH,
      stream_options: { include_usage: true },
    })
    const { choices, usage } = await runner.finalChatCompletion()
    const [choice] = (await complete()).choices
    expect(choices[0]?.message.content).toBe(choice?.message.content)
    expect(choices[0]?.finish_reason).toBe('stop')
    expect(footnoteOf(choices[0]?.message).answer).toBe(choices[0]?.message.content)
    expect(usage?.total_tokens).toBeGreaterThan(0)
  })

  it('has the usage in a chunk of its own behind the last one, where it is asked for', async () => {
    const stream = await openai.chat.completions.create({
      model: 'any',
      messages: MESSAGES,
      stream: true,
      ...FRESH,
      stream_options: { include_usage: true },
    })
    const chunks = await gather(stream)
    const { tokens } = footnoteOf(chunks.at(-2)?.choices[0]?.delta)
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: tokens.prompt, completion_tokens: tokens.completion },
    })
    expect(chunks.slice(0, -1).map(({ usage }) => usage)).toEqual([null, null, null, null])
  })

  it('ends with [DONE], and has data alone', async () => {
    const body = { messages: MESSAGES, stream: true, ...FRESH }
    const { headers, text } = await app.call(TO_COMPLETE, { body })
    expect(headers['content-type']).toBe('text/event-stream; charset=utf-8')
    expect(text).toMatch(/\n\ndata: \[DONE\]\n\n$/)
    expect(text).not.toMatch(/^event:/m)
  })

  it('has the role before the model has said anything', async () => {
    chat.script = { ...ANSWERED, hangAt: 0 }
    const stream = await openai.chat.completions.create({
      model: 'any',
      messages: MESSAGES,
      stream: true,
      ...FRESH,
    })
    for await (const { choices } of stream) {
      expect(choices[0]?.delta).toEqual({ role: 'assistant', content: '' })
      break
    }
    await until(() => chat.aborts === 1)
  })

  it('never has words that are taken back, whatever the model says', async () => {
    const said = [LIMIT, MISSED, 'Elephants paint the fences of the moon.', 'See [7].', ' ', '\n\n']
    const piece = fc.oneof(fc.constantFrom(...said), fc.string({ minLength: 1 }))
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 6 }),
        fc.constantFrom(0.1, 0.9),
        async (pieces, statesAnswer) => {
          chat.script = { pieces }
          chat.statesAnswer = statesAnswer
          const chunks = await readChunks()
          const answer = footnoteOf(chunks.at(-1)?.choices[0]?.delta)
          expect(joined(chunks)).toBe(answer.answer)
        },
      ),
      { numRuns: 40 },
    )
  })
})

describe('an error', () => {
  it('for want of the key is one of authentication', async () => {
    await using locked = await openTestApp({ services: () => test.services, apiKey: KEY })
    const error = await refusalOf(clientOf(locked, 'wrong').models.list())
    expect(error).toBeInstanceOf(OpenAI.AuthenticationError)
    expect([error.status, error.code]).toEqual([401, 'unauthorized'])
    expect(error.message).toContain('API key')
    const models = await clientOf(locked, KEY).models.list()
    expect(models.data).toHaveLength(1)
    const reply = await locked.call(TO_COMPLETE, { body: {} })
    expect(contractFaults(TO_COMPLETE, reply)).toEqual([])
  })

  it('of a full queue says when to ask again, and is no stream', async () => {
    chat.script = { ...ANSWERED, hangAt: 0 }
    const body = { messages: MESSAGES, stream: true, ...FRESH }
    const waiting = [await app.stream({ question: QUESTION, stream: true, ...FRESH })]
    await until(() => chat.active === 1)
    waiting.push(await app.stream({ question: QUESTION, stream: true, ...FRESH }))
    const error = await refusalOf(readChunks())
    expect([error.status, error.code, error.type]).toEqual([503, 'model-busy', 'server_error'])
    expect(Number(error.headers?.get('retry-after'))).toBeGreaterThan(0)
    const { headers } = await app.call(TO_COMPLETE, { body })
    expect(headers['content-type']).toBe('application/json; charset=utf-8')
    for (const stream of waiting) stream.leave()
  })

  it('before the first event is one of its own', async () => {
    const error = new AppError('database-unavailable', 'It is away.', { retryAfter: 5 })
    const retrieve = () => Promise.reject(error)
    await using broken = await openTestApp({
      services: () => ({
        ...test.services,
        answerSteps: { ...test.services.answerSteps, retrieve },
      }),
    })
    const stream = clientOf(broken).chat.completions.create({
      model: 'any',
      messages: MESSAGES,
      stream: true,
      ...FRESH,
    })
    expect(await refusalOf(stream)).toMatchObject({ status: 503, code: 'database-unavailable' })
  })

  it('after the role ends the stream, and the client throws it', async () => {
    chat.script = { ...ANSWERED, throwAt: 1, error: new Error('The cause.') }
    const error = await refusalOf(readChunks())
    expect([error.code, error.type]).toEqual(['internal', 'server_error'])
    expect(error.message).not.toContain('The cause.')
    const { text } = await app.call(TO_COMPLETE, {
      body: { messages: MESSAGES, stream: true, ...FRESH },
    })
    expect(text).not.toContain('[DONE]')
  })

  it('of any other kind has that shape as well', async () => {
    const replies = [
      await app.call(TO_COMPLETE, { body: '{' }),
      await app.call(TO_COMPLETE, { body: 'a'.repeat(70_000) }),
      await app.call('PUT /v1/chat/completions'),
      await app.call('DELETE /v1/models'),
      await app.call('GET /v1/models', { headers: { host: 'evil.example' } }),
    ]
    expect(replies.map(({ status }) => status)).toEqual([400, 413, 405, 405, 403])
    for (const reply of replies) {
      expect(reply.headers['content-type']).toBe('application/json; charset=utf-8')
      expect(contractFaults(TO_COMPLETE, reply)).toEqual([])
    }
  })
})

describe('a client that goes', () => {
  it.each([true, false])('stops the model, with stream: %s', async (stream) => {
    chat.script = { ...ANSWERED, hangAt: 1 }
    const leaving = new AbortController()
    const asked = openai.chat.completions
      .create({ model: 'any', messages: MESSAGES, stream, ...FRESH }, { signal: leaving.signal })
      .then(async (given) => {
        if (Symbol.asyncIterator in given) await gather(given)
      })
    asked.catch(() => undefined)
    await until(() => chat.active === 1)
    leaving.abort()
    await until(() => chat.aborts === 1)
    expect(chat.active).toBe(0)
  })
})

import { RecursiveCharacterTextSplitter } from '@langchain/textsplitters'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NEVER_RECALL } from '../src/answering/answer-cache.ts'
import { answerQuestion } from '../src/answering/answer-question.ts'
import { CALIBRATION, thresholdsOf } from '../src/answering/calibration.ts'
import { toStandalone } from '../src/answering/condense.ts'
import { createAnswerSteps } from '../src/answering/create-answer-steps.ts'
import type { Passage } from '../src/domain.ts'
import { AppError } from '../src/errors.ts'
import type { ChatModel } from '../src/models/chat-model.ts'
import { promptTooLong } from '../src/models/chat-model.ts'
import { ChatTurns } from '../src/models/chat-turns.ts'
import { createFakeEmbedding } from '../test/fake-embedding.ts'
import { openTestDatabase } from '../test/open-test-database.ts'
import { createScriptedChat } from '../test/scripted-chat.ts'
import { openLangchainArm, replaceSteps, splitArticle } from './langchain-arm.ts'

const { signal } = new AbortController()
const neverAsked = () => Promise.reject(new Error('This was not to be asked.'))

/** The service's own steps over parts of which the chat model alone may be asked. */
function stepsWith(model?: ChatModel) {
  const chat = new ChatTurns({ maxWaiting: 2 })
  if (model !== undefined) chat.setModel(model)
  return createAnswerSteps({
    database: { pool: undefined as never },
    search: neverAsked,
    chat,
    recall: NEVER_RECALL,
    embedding: () => ({ ...createFakeEmbedding().model, embedTexts: neverAsked }),
    embeddingId: 'onnx:fake',
    thresholds: thresholdsOf(CALIBRATION),
    countTokens: (text) => text.length,
    onEmbeddingFault: () => undefined,
    onChat: () => undefined,
  })
}

describe('opening it', () => {
  const options = { steps: stepsWith(), embedding: createFakeEmbedding().model, signal }
  const none = undefined as never
  const onServer = { pool: none, engine: 'server', freeBytes: () => 0, unhurried: none } as const
  const database = { ...onServer, close: () => Promise.resolve() }

  it('needs a Postgres server, and says so', async () => {
    await using embedded = await openTestDatabase()
    const opening = openLangchainArm({ ...options, database: embedded }, neverAsked)
    await expect(opening).rejects.toMatchObject({
      code: 'config-invalid',
      message: 'The langchain arm needs a Postgres server: set DATABASE_URL.',
    })
  })

  it('names the command that brings its packages where they are not installed', async () => {
    const cause = Object.assign(new Error("Cannot find package '@langchain/community'"), {
      code: 'ERR_MODULE_NOT_FOUND',
    })
    const opening = openLangchainArm({ ...options, database }, () => Promise.reject(cause))
    await expect(opening).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringContaining('npm ci without --omit=dev') as string,
      cause,
    })
  })

  it('tells any other fault of the packages as it is', async () => {
    const cause = new SyntaxError('Unexpected token')
    const opening = openLangchainArm({ ...options, database }, () => Promise.reject(cause))
    await expect(opening).rejects.toBe(cause)
  })
})

describe('a split article', () => {
  const split = (text: string, publishedAt: Date | null = null) =>
    splitArticle(
      { id: 'art_1', guid: 'one', title: 'One', revision: 3, publishedAt, text },
      { RecursiveCharacterTextSplitter },
    )

  it('is chunks of at most 1,000 characters, each found where it says', async () => {
    const piece = fc.oneof(
      fc.constantFrom('\n\n', '\n', ' ', '  ', '\n\n\n', 'word', 'word '),
      fc.integer({ min: 1, max: 1500 }).map((length) => 'x'.repeat(length)),
      fc.integer({ min: 1, max: 300 }).map((count) => 'a list '.repeat(count)),
    )
    const texts = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        for (const { pageContent, metadata } of await split(text)) {
          expect(pageContent.length).toBeLessThanOrEqual(1000)
          expect(text.startsWith(pageContent, metadata.start)).toBe(true)
        }
      }),
    )
  })

  it('overlaps by up to 200 characters', async () => {
    // 300 words of 5 characters: a chunk holds 200 of them, and the next begins with the last 40.
    const words = Array.from({ length: 300 }, (_, at) => String(at).padStart(4, '0'))
    const chunks = await split(words.join(' '))
    expect(chunks.map(({ metadata }) => metadata.start)).toEqual([0, 800])
    expect(chunks[1]?.pageContent).toMatch(/^0160 .* 0299$/)
  })

  it('keeps what it is of with each chunk', async () => {
    const [chunk] = await split('A sentence.', new Date(5000))
    expect(chunk?.metadata).toEqual({
      articleId: 'art_1',
      guid: 'one',
      title: 'One',
      revision: 3,
      publishedMs: 5000,
      start: 0,
    })
  })
})

describe('answering', () => {
  const documents = ['Rye rests for 12 hours.', 'Ovens are hot.'].map((text, at) => ({
    id: `document-${at}`,
    passage: toPassage(text, 0.9 - at / 10),
  }))

  const answer = (model?: ChatModel, found = documents) => {
    const steps = replaceSteps(stepsWith(model), {
      find: () => Promise.resolve(found),
      corpusRevision: 7,
    })
    const understood = toStandalone('How long does rye rest?')
    return answerQuestion({ understood, filters: {}, signal }, steps)
  }
  const saying = (...pieces: string[]) => createScriptedChat({ script: { pieces } })

  it('asks the stock prompt, and nothing of the turns before', async () => {
    const chat = saying('12 hours.')
    const { trace } = await answer(chat)
    expect(chat.prompts).toEqual([
      "Use the following pieces of context to answer the question at the end. If you don't know the answer, just say that you don't know, don't try to make up an answer.\n\nRye rests for 12 hours.\n\nOvens are hot.\n\nQuestion: How long does rye rest?\nHelpful Answer:",
    ])
    expect(trace.prompt).toBe(chat.prompts[0])
  })

  it('lets the answer stand as the model wrote it, with no citations', async () => {
    const { answer: given, trace } = await answer(saying('It rests 12 hours. ', 'I am sure.'))
    expect(given).toMatchObject({
      status: 'answered',
      answer: 'It rests 12 hours. I am sure.',
      citations: [],
      corpusRevision: 7,
      degraded: null,
    })
    expect(given.sources.map(({ text }) => text)).toEqual(documents.map((d) => d.passage.text))
    expect(trace.candidates.map(({ chunkId }) => chunkId)).toEqual(['document-0', 'document-1'])
  })

  it('is a refusal where the model says that it does not know, or nothing was found', async () => {
    const unknown = await answer(saying("I don't know."))
    expect(unknown.answer).toMatchObject({ status: 'refused', reason: 'not-answered' })
    const empty = await answer(saying('12 hours.'), [])
    expect(empty.answer).toMatchObject({ status: 'refused', reason: 'no-evidence' })
  })

  it('is a fault, and no refusal, while there is no model or it says nothing', async () => {
    const gone = new AppError('model-unavailable', 'Gone.')
    const silent = createScriptedChat({ script: { pieces: [], throwAt: 0, error: gone } })
    for (const model of [undefined, silent]) {
      await expect(answer(model)).rejects.toMatchObject({ code: 'model-unavailable' })
    }
  })

  it('says so where its four chunks are too long for the model', async () => {
    const error = promptTooLong()
    const chat = createScriptedChat({ script: { pieces: [], throwAt: 0, error } })
    await expect(answer(chat)).rejects.toMatchObject({
      code: 'invalid-request',
      message: expect.stringContaining('leave the langchain arm out') as string,
    })
  })
})

function toPassage(text: string, similarity: number): Passage {
  return {
    articleId: 'art_1',
    revision: 1,
    url: null,
    title: 'Rye',
    heading: '',
    publishedAt: null,
    text,
    start: 0,
    end: text.length,
    sentences: [],
    scores: { keyword: null, vector: similarity, fused: similarity },
  }
}

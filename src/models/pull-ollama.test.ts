import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openFakeOllama, type FakeOllama } from '../../test/fake-ollama.ts'
import type { ModelProgress } from './model-store.ts'
import { pullOllama } from './pull-ollama.ts'

const { signal } = new AbortController()
let ollama: FakeOllama

beforeAll(async () => {
  ollama = await openFakeOllama()
})

afterAll(() => ollama[Symbol.asyncDispose]())

async function pull(lines: readonly object[]): Promise<readonly ModelProgress[]> {
  ollama.pullLines = lines
  const told: ModelProgress[] = []
  const onProgress = (progress: ModelProgress) => void told.push(progress)
  await pullOllama({ name: 'tiny', host: ollama.host }, { signal, onProgress })
  return told
}

it('tells of all layers together, and ends when the server has the model', async () => {
  const told = await pull([
    { status: 'pulling manifest' },
    { status: 'pulling a', digest: 'sha256:a', total: 100 },
    { status: 'pulling a', digest: 'sha256:a', total: 100, completed: 100 },
    { status: 'pulling b', digest: 'sha256:b', total: 20, completed: 20 },
    { status: 'success' },
  ])
  expect(told.map(({ doneBytes, totalBytes }) => [doneBytes, totalBytes])).toEqual([
    [0, 100],
    [100, 100],
    [120, 120],
  ])
  expect(told[0]).toMatchObject({ modelId: 'ollama:tiny', file: 'sha256:a' })
})

it.each([
  ['what the server says', [{ error: 'file does not exist' }], 'file does not exist'],
  ['that it broke off', [{ status: 'pulling manifest' }], 'broke off'],
])('fails with %s', async (_, lines, message) => {
  await expect(pull(lines)).rejects.toMatchObject({ code: 'model-unavailable' })
  await expect(pull(lines)).rejects.toThrow(message)
})

it('says that no server answers', async () => {
  const pulled = pullOllama({ name: 'tiny', host: 'http://127.0.0.1:9' }, { signal })
  await expect(pulled).rejects.toThrow('ollama serve')
})

it('lets the server go when it is told to stop', async () => {
  let isClosed = false
  const server = createServer((_, response) => {
    response.on('close', () => (isClosed = true))
    response.write('{"status":"pulling a","digest":"sha256:a","total":100,"completed":1}\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const stopping = new AbortController()
  const onProgress = () => stopping.abort(new Error('told to stop'))
  const pulled = pullOllama({ name: 'tiny', host }, { signal: stopping.signal, onProgress })
  await expect(pulled).rejects.toThrow('told to stop')
  await expect.poll(() => isClosed, { timeout: 1_000 }).toBe(true)
  server.close()
})

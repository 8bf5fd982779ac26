import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ErrorCode } from '../errors.ts'
import type { ModelCatalogue, ModelFile } from './model-catalogue.ts'
import type { ModelSources, ReadSource } from './model-sources.ts'
import { createModelStore, type ModelProgress } from './model-store.ts'

const good = Buffer.from(`GGUF${'0123456789'.repeat(10)}`)
const wrong = Buffer.from(good).fill('x', 50, 51)
const vocabulary = Buffer.from('{"vocab":{}}')

const hub = { kind: 'hub', repository: 'a/b', revision: 'main', file: 'm' } as const
const pypi = { kind: 'pypi', package: 'm', version: '1', entry: 'm', partBytes: 1000 } as const
const maven = { kind: 'maven', artifact: 'g:a:1', entry: 'm' } as const

const chatFile: ModelFile = {
  path: 'tiny.gguf',
  bytes: good.length,
  sha256: sha256Of(good),
  sources: [hub, pypi, maven],
}

const catalogue: ModelCatalogue = {
  chat: [{ id: 'tiny', licence: 'MIT', file: chatFile }],
  embedding: [
    {
      id: 'little',
      licence: 'Apache-2.0',
      dimensions: 3,
      maxTokens: 8,
      queryPrefix: 'find: ',
      files: [
        { ...chatFile, path: 'onnx/m.onnx' },
        {
          path: 'tokenizer.json',
          bytes: vocabulary.length,
          sha256: sha256Of(vocabulary),
          sources: [maven],
        },
      ],
      configuration: { 'config.json': { model_type: 'bert' } },
    },
  ],
}

let dir = ''
let path = ''

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'footnote-models-'))
  path = join(dir, 'tiny.gguf')
})

afterEach(() => rm(dir, { recursive: true }))

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** A source that gives `bytes` from the offset on, ten at a time, and counts how often it is asked. */
function createGiving(bytes: Uint8Array, offsets: number[] = []): ReadSource<unknown> {
  return async function* (_source, { offset }) {
    await Promise.resolve()
    offsets.push(offset)
    for (let at = offset; at < bytes.length; at += 10) yield bytes.subarray(at, at + 10)
  }
}

function createFailing(message: string, code?: string): ReadSource<unknown> {
  return async function* () {
    await Promise.resolve()
    throw Object.assign(new Error(message), { code })
  }
}

const never: ReadSource<unknown> = createFailing('must not be asked')

function createStore(sources: Partial<ModelSources>, files: ModelCatalogue = catalogue) {
  const all = { hub: never, pypi: never, maven: never, ...sources }
  return createModelStore({ dir, catalogue: files, sources: all })
}

function withChatFile(file: Partial<ModelFile>): ModelCatalogue {
  return { ...catalogue, chat: [{ id: 'tiny', licence: 'MIT', file: { ...chatFile, ...file } }] }
}

async function expectError(promise: Promise<unknown>, code: ErrorCode, ...parts: string[]) {
  const error: unknown = await promise.then(
    () => 'no error',
    (thrown: unknown) => thrown,
  )
  expect(error).toMatchObject({ name: 'AppError', code })
  for (const part of parts) expect((error as Error).message).toContain(part)
}

async function filesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).sort()
}

describe('a model that is missing', () => {
  test('is fetched and leaves nothing but the file and its remembered sum', async () => {
    expect(await createStore({ hub: createGiving(good) }).ensureChat('tiny')).toBe(path)
    expect(await readFile(path)).toEqual(good)
    expect(await filesIn(dir)).toEqual(['tiny.gguf', 'tiny.gguf.sha256'])
  })

  test('comes from the next source where one fails, and goes on where that one broke off', async () => {
    const offsets: number[] = []
    const breaking: ReadSource<unknown> = async function* (source, request) {
      if (request.offset < 30) {
        yield* createGiving(good.subarray(0, 30))(source, request)
      }
      throw new Error('cut')
    }
    await createStore({ hub: breaking, pypi: createGiving(good, offsets) }).ensureChat('tiny')
    expect(await readFile(path)).toEqual(good)
    expect(offsets).toEqual([30])
  })

  test('is asked of the same source again where it broke off after giving bytes', async () => {
    const offsets: number[] = []
    const breaking: ReadSource<unknown> = async function* (_source, { offset }) {
      await Promise.resolve()
      offsets.push(offset)
      yield good.subarray(offset, offset + 50)
      if (offset + 50 < good.length) throw new Error('cut')
    }
    await createStore({ hub: breaking }).ensureChat('tiny')
    // 104 bytes, 50 at a time.
    expect(offsets).toEqual([0, 50, 100])
  })

  test('is asked of a source that keeps breaking off three times and no more', async () => {
    const breaking: ReadSource<unknown> = async function* (_source, { offset }) {
      await Promise.resolve()
      yield good.subarray(offset, offset + 1)
      throw new Error('cut')
    }
    const store = createStore({ hub: breaking, pypi: createFailing('none'), maven: never })
    await expectError(store.ensureChat('tiny'), 'model-unavailable')
    expect((await stat(`${path}.part`)).size).toBe(3)
  })

  test('goes on from the part that an ended process left', async () => {
    await writeFile(`${path}.part`, good.subarray(0, 70))
    const offsets: number[] = []
    await createStore({ hub: createGiving(good, offsets) }).ensureChat('tiny')
    expect(offsets).toEqual([70])
    expect(await readFile(path)).toEqual(good)
  })

  test('is only checked where the part is whole already', async () => {
    await writeFile(`${path}.part`, good)
    await createStore({}).ensureChat('tiny')
    expect(await readFile(path)).toEqual(good)
  })

  test.each([
    ['with other bytes', wrong.subarray(0, 60)],
    ['longer than the file', Buffer.alloc(500)],
  ])('is fetched from the start where the part left behind is %s', async (_how, part) => {
    await writeFile(`${path}.part`, part)
    await createStore({ hub: createGiving(good) }).ensureChat('tiny')
    expect(await readFile(path)).toEqual(good)
  })

  test('is model-unavailable where no source answers, with each reason and the place for it', async () => {
    const store = createStore({
      hub: createFailing('getaddrinfo ENOTFOUND'),
      pypi: createFailing('python3 is not installed'),
      maven: createFailing('answered 503'),
    })
    await expectError(
      store.ensureChat('tiny'),
      'model-unavailable',
      'the model hub (a/b): getaddrinfo ENOTFOUND',
      'pip (m==1): python3 is not installed',
      'Maven (g:a:1): answered 503',
      path,
    )
    expect(await filesIn(dir)).toEqual([])
  })

  test('stops on the signal, keeps the part, and leaves no lock', async () => {
    const stop = new AbortController()
    const slow: ReadSource<unknown> = async function* () {
      yield good.subarray(0, 40)
      stop.abort(new Error('stopped'))
      await Promise.resolve()
      yield good.subarray(40)
    }
    const ensured = createStore({ hub: slow }).ensureChat('tiny', { signal: stop.signal })
    await expect(ensured).rejects.toThrow('stopped')
    expect(await filesIn(dir)).toEqual(['tiny.gguf.part'])
    expect(await readFile(`${path}.part`)).toEqual(good.subarray(0, 40))
  })

  test('gives sources an empty folder on the same disk and removes it', async () => {
    const seen: string[][] = []
    const messy: ReadSource<unknown> = async function* (_source, { tempFolder }) {
      seen.push(await readdir(tempFolder))
      await writeFile(join(tempFolder, 'wheel'), 'x')
      yield* []
      throw new Error('none')
    }
    await mkdir(`${path}.tmp`)
    await writeFile(join(`${path}.tmp`, 'of a killed process'), 'x')
    await createStore({ hub: messy, pypi: createGiving(good) }).ensureChat('tiny')
    expect(seen).toEqual([[]])
    expect(await filesIn(dir)).toEqual(['tiny.gguf', 'tiny.gguf.sha256'])
  })
})

describe('wrong bytes', () => {
  test('of one source are thrown away and the next source is asked from the start', async () => {
    const offsets: number[] = []
    await createStore({ hub: createGiving(wrong), pypi: createGiving(good, offsets) }).ensureChat(
      'tiny',
    )
    expect(offsets).toEqual([0])
    expect(await readFile(path)).toEqual(good)
  })

  test.each([
    ['one other byte', wrong],
    ['an end too early', good.subarray(0, 90)],
    ['no end', Buffer.concat([good, good])],
  ])('of every source (%s) are an error with the file and both sums', async (_what, bytes) => {
    const giving = createGiving(bytes)
    const store = createStore({ hub: giving, pypi: giving, maven: giving })
    // Of a source without end no more is read than tells that it is too long: 104 bytes in tens.
    const received = bytes.subarray(0, 110)
    await expectError(
      store.ensureChat('tiny'),
      'model-file-invalid',
      path,
      sha256Of(received),
      chatFile.sha256,
    )
    expect(await filesIn(dir)).toEqual([])
  })
})

describe('a model that is there', () => {
  test('is verified without asking a source', async () => {
    await writeFile(path, good)
    expect(await createStore({}).ensureChat('tiny')).toBe(path)
  })

  test('is read once: an untouched file is not read at the next start', async () => {
    await writeFile(path, good)
    const times = new Date('2026-01-02T03:04:05Z')
    await utimes(path, times, times)
    await createStore({}).ensureChat('tiny')
    // Same size, same time, same inode: only reading it would tell.
    await writeFile(path, wrong)
    await utimes(path, times, times)
    expect(await createStore({}).ensureChat('tiny')).toBe(path)
  })

  // Each changes the file and leaves the other two of time, size and inode as they were.
  test.each([
    ['time', () => writeFile(path, wrong)],
    [
      'size',
      async () => {
        const { atime, mtime } = await stat(path)
        await truncate(path, 90)
        await utimes(path, atime, mtime)
      },
    ],
    [
      'inode',
      async () => {
        const { atime, mtime } = await stat(path)
        await writeFile(join(dir, 'other'), wrong)
        await utimes(join(dir, 'other'), atime, mtime)
        await rename(join(dir, 'other'), path)
      },
    ],
  ])('is read again where its %s has changed', async (_what, change) => {
    await writeFile(path, good)
    const times = new Date('2026-01-02T03:04:05Z')
    await utimes(path, times, times)
    const store = createStore({ hub: createGiving(good) })
    await store.ensureChat('tiny')
    await change()
    await store.ensureChat('tiny')
    expect(await readFile(path)).toEqual(good)
  })

  test.each([
    ['has one other byte', wrong],
    ['is cut off', good.subarray(0, 100)],
    ['is empty', Buffer.alloc(0)],
  ])('is fetched anew where it %s', async (_how, bytes) => {
    await writeFile(path, bytes)
    await createStore({ hub: createGiving(good) }).ensureChat('tiny')
    expect(await readFile(path)).toEqual(good)
  })

  test('is fetched anew once: wrong again is an error with the file and both sums', async () => {
    await writeFile(path, good.subarray(0, 100))
    const offsets: number[] = []
    const store = createStore(
      { hub: createGiving(wrong, offsets) },
      withChatFile({ sources: [hub] }),
    )
    await expectError(
      store.ensureChat('tiny'),
      'model-file-invalid',
      path,
      sha256Of(wrong),
      chatFile.sha256,
    )
    expect(offsets).toEqual([0])
  })

  test('and is wrong is named with both sums where no source can be reached', async () => {
    await writeFile(path, wrong)
    const failing = createFailing('no network')
    const store = createStore({ hub: failing, pypi: failing, maven: failing })
    await expectError(
      store.ensureChat('tiny'),
      'model-file-invalid',
      path,
      sha256Of(wrong),
      chatFile.sha256,
      'no network',
    )
    expect(await readFile(path)).toEqual(wrong)
  })

  test('may be a symbolic link to the file', async () => {
    await writeFile(join(dir, 'elsewhere'), good)
    await symlink(join(dir, 'elsewhere'), path)
    expect(await createStore({}).ensureChat('tiny')).toBe(path)
    expect(await createStore({}).list()).toMatchObject([{ id: 'tiny', state: 'present' }, {}])
  })

  test('as a link to a wrong file is replaced, and what it pointed to is left alone', async () => {
    await writeFile(join(dir, 'elsewhere'), wrong)
    await symlink(join(dir, 'elsewhere'), path)
    await createStore({ hub: createGiving(good) }).ensureChat('tiny')
    expect((await lstat(path)).isFile()).toBe(true)
    expect(await readFile(path)).toEqual(good)
    expect(await readFile(join(dir, 'elsewhere'))).toEqual(wrong)
  })

  test('as a link to nothing is fetched', async () => {
    await symlink(join(dir, 'nowhere'), path)
    await createStore({ hub: createGiving(good) }).ensureChat('tiny')
    expect(await readFile(path)).toEqual(good)
  })
})

describe('a full disk', () => {
  test('while fetching is storage-full, and gives back what was taken', async () => {
    const filling: ReadSource<unknown> = async function* () {
      await Promise.resolve()
      yield good.subarray(0, 40)
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    }
    await expectError(createStore({ hub: filling }).ensureChat('tiny'), 'storage-full', path)
    expect(await filesIn(dir)).toEqual([])
  })

  test('is told before the first byte where the file cannot fit', async () => {
    const store = createStore({}, withChatFile({ bytes: 2 ** 50 }))
    await expectError(store.ensureChat('tiny'), 'storage-full', 'MB more are needed', path)
  })

  test('that is another fault is not called full', async () => {
    await writeFile(join(dir, 'file'), '')
    const store = createModelStore({ dir: join(dir, 'file'), catalogue })
    await expectError(store.ensureChat('tiny'), 'model-unavailable', 'ENOTDIR')
  })
})

describe('progress', () => {
  test('is told at the end, and not for each piece', async () => {
    const told: ModelProgress[] = []
    const store = createStore({ hub: createGiving(good) })
    await store.ensureChat('tiny', { onProgress: (progress) => told.push(progress) })
    // Eleven pieces come at once: the first and the last are told.
    expect(told).toEqual([
      { modelId: 'tiny', file: 'tiny.gguf', doneBytes: 10, totalBytes: 104 },
      { modelId: 'tiny', file: 'tiny.gguf', doneBytes: 104, totalBytes: 104 },
    ])
  })

  test('counts what was there before', async () => {
    await writeFile(`${path}.part`, good.subarray(0, 70))
    const done: number[] = []
    const store = createStore({ hub: createGiving(good) })
    await store.ensureChat('tiny', { onProgress: ({ doneBytes }) => done.push(doneBytes) })
    expect(done).toEqual([80, 104])
  })
})

describe('two at once', () => {
  test('in one process fetch the file once', async () => {
    const offsets: number[] = []
    const ensure = () => createStore({ hub: createGiving(good, offsets) }).ensureChat('tiny')
    expect(await Promise.all([ensure(), ensure(), ensure()])).toEqual([path, path, path])
    expect(offsets).toEqual([0])
  })

  test('in two processes fetch the file once, and both get it whole', async () => {
    let requests = 0
    const server = createServer((_request, response) => {
      requests += 1
      response.write(good.subarray(0, 50))
      void sleep(500).then(() => response.end(good.subarray(50)))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const hubUrl = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
    const statuses = await Promise.all([ensureInProcess(hubUrl), ensureInProcess(hubUrl)])
    server.close()
    expect(statuses).toEqual([0, 0])
    expect(requests).toBe(1)
    expect(await readFile(path)).toEqual(good)
    expect(await filesIn(dir)).toEqual(['tiny.gguf', 'tiny.gguf.sha256'])
  })

  async function ensureInProcess(hubUrl: string): Promise<unknown> {
    const options = JSON.stringify({ dir, catalogue: withChatFile({ sources: [hub] }) })
    const folder = JSON.stringify(new URL('.', import.meta.url).href)
    const script = `
      const { createModelStore } = await import(${folder} + 'model-store.ts')
      const { createModelSources } = await import(${folder} + 'model-sources.ts')
      const sources = createModelSources({ hubUrl: ${JSON.stringify(hubUrl)} })
      await createModelStore({ ...${options}, sources }).ensureChat('tiny')`
    const parameters = ['--import', 'tsx', '--input-type=module', '-e', script]
    const child = spawn(process.execPath, parameters, { stdio: 'inherit' })
    return (await once(child, 'close'))[0]
  }
})

describe('a chat model by its file', () => {
  test('is used as it is', async () => {
    const own = join(dir, 'own.gguf')
    await writeFile(own, 'GGUF and more')
    expect(await createStore({}).ensureChat(own)).toBe(own)
  })

  test.each([
    ['is not there', null, 'is not there'],
    ['has other first bytes', '<html>', 'does not begin with the bytes GGUF'],
    ['is shorter than its first bytes', 'GG', 'does not begin with the bytes GGUF'],
  ])('that %s is model-file-invalid', async (_how, content, reason) => {
    const own = join(dir, 'own.gguf')
    if (content !== null) await writeFile(own, content)
    await expectError(createStore({}).ensureChat(own), 'model-file-invalid', own, reason)
  })

  test('that is a folder is model-file-invalid', async () => {
    await mkdir(join(dir, 'folder.gguf'))
    const store = createStore({})
    await expectError(store.ensureChat(join(dir, 'folder.gguf')), 'model-file-invalid', 'be read')
  })
})

test.each(['tiny2', 'little', ''])(
  'the unknown chat model "%s" is told with the known ones',
  (id) =>
    expectError(createStore({}).ensureChat(id), 'config-invalid', `"${id}"`, 'Known are tiny'),
)

test('an unknown embedding model is told with the known ones', () =>
  expectError(createStore({}).ensureEmbedding('tiny'), 'config-invalid', '"tiny"', 'little'))

describe('an embedding model', () => {
  const both: ReadSource<unknown> = (source, request) =>
    createGiving(request.file.path === 'tokenizer.json' ? vocabulary : good)(source, request)

  test('is a folder with its weights, its tokenizer and the configuration they need', async () => {
    const { folder, spec } = await createStore({ hub: both, maven: both }).ensureEmbedding('little')
    expect(folder).toBe(join(dir, 'little'))
    expect(await readFile(join(folder, 'onnx/m.onnx'))).toEqual(good)
    expect(await readFile(join(folder, 'tokenizer.json'))).toEqual(vocabulary)
    expect(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))).toEqual({
      model_type: 'bert',
    })
    expect(spec).toEqual({
      id: 'little',
      dimensions: 3,
      maxTokens: 8,
      queryPrefix: 'find: ',
      files: catalogue.embedding[0]?.files,
    })
  })

  test('has its configuration put right, and left alone where it is right', async () => {
    const store = createStore({ hub: both, maven: both })
    const { folder } = await store.ensureEmbedding('little')
    const config = join(folder, 'config.json')
    const { ino } = await stat(config)
    await store.ensureEmbedding('little')
    expect((await stat(config)).ino).toBe(ino)
    await writeFile(config, '{"model_')
    await store.ensureEmbedding('little')
    expect(await readFile(config, 'utf8')).toContain('"bert"')
  })
})

describe('the list', () => {
  test('tells models apart that are present, partial and missing', async () => {
    const store = createStore({})
    expect(await store.list()).toEqual([
      { id: 'tiny', kind: 'chat', bytes: 104, licence: 'MIT', state: 'missing' },
      // 104 and 12 bytes.
      { id: 'little', kind: 'embedding', bytes: 116, licence: 'Apache-2.0', state: 'missing' },
    ])
    await writeFile(`${path}.part`, 'G')
    await mkdir(join(dir, 'little', 'onnx'), { recursive: true })
    await writeFile(join(dir, 'little', 'onnx', 'm.onnx'), good)
    expect((await store.list()).map(({ state }) => state)).toEqual(['partial', 'partial'])
    await writeFile(path, good)
    await writeFile(join(dir, 'little', 'tokenizer.json'), vocabulary)
    expect((await store.list()).map(({ state }) => state)).toEqual(['present', 'present'])
  })
})

describe('the check', () => {
  test('reads every file again, whatever was remembered', async () => {
    await writeFile(path, good)
    const times = new Date('2026-01-02T03:04:05Z')
    await utimes(path, times, times)
    const store = createStore({ hub: createGiving(good) })
    await store.ensureChat('tiny')
    await writeFile(path, wrong)
    await utimes(path, times, times)
    await mkdir(join(dir, 'little'))
    await writeFile(join(dir, 'little', 'tokenizer.json'), vocabulary)
    expect(await store.check()).toEqual([
      {
        modelId: 'tiny',
        path,
        expectedSha256: chatFile.sha256,
        state: 'wrong',
        actualSha256: sha256Of(wrong),
      },
      {
        modelId: 'little',
        path: join(dir, 'little', 'onnx', 'm.onnx'),
        expectedSha256: chatFile.sha256,
        state: 'missing',
      },
      {
        modelId: 'little',
        path: join(dir, 'little', 'tokenizer.json'),
        expectedSha256: sha256Of(vocabulary),
        state: 'ok',
      },
    ])
    // A file found wrong is no longer taken for right at the next start.
    await store.ensureChat('tiny')
    expect(await readFile(path)).toEqual(good)
  })
})

test('the models that come with the code are well-formed, each with a place of its own', async () => {
  const listings = await createModelStore({ dir }).list()
  const ids = listings.map(({ id }) => id)
  expect(ids).toEqual(
    expect.arrayContaining(['qwen2.5-coder-1.5b-instruct-q4_k_m', 'bge-small-en-v1.5-q8']),
  )
  expect(new Set(ids).size).toBe(ids.length)
})

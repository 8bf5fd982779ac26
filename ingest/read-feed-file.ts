import { readFile, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { AppError, messageOf } from '../src/errors.ts'

/** An absolute path, or a `file:` address. */
export function isFeedFile(url: string): boolean {
  return url.startsWith('/') || /^file:/i.test(url)
}

interface ReadOptions {
  readonly maxBytes: number
  readonly signal: AbortSignal | undefined
}

export async function readFeedFile(url: string, options: ReadOptions): Promise<Buffer> {
  const path = toPath(url)
  try {
    return await readWithin(path, options)
  } catch (cause) {
    options.signal?.throwIfAborted()
    if (cause instanceof AppError) throw cause
    throw unavailable(`The feed file ${path} ${faultOf(cause)}.`, cause)
  }
}

async function readWithin(path: string, { maxBytes, signal }: ReadOptions): Promise<Buffer> {
  const stats = await stat(path)
  if (stats.isDirectory()) {
    throw unavailable(`The feed file ${path} is a directory; name the file in it.`)
  }
  // A pipe or a device may never end.
  if (!stats.isFile()) throw unavailable(`The feed file ${path} is not a regular file.`)
  if (stats.size > maxBytes) {
    throw unavailable(`The feed file ${path} is larger than ${maxBytes / 1024 / 1024} MB.`)
  }
  return readFile(path, { signal })
}

function toPath(url: string): string {
  if (url.startsWith('/')) return url
  try {
    return fileURLToPath(url)
  } catch (cause) {
    throw unavailable(`${url} does not name a file; write file:///folder/feed.xml.`, cause)
  }
}

function faultOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist'
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read by this user'
  return `cannot be read: ${messageOf(cause)}`
}

function unavailable(message: string, cause?: unknown): AppError {
  return new AppError('feed-unavailable', message, { cause })
}

import { rename, rm, writeFile } from 'node:fs/promises'
import { AppError } from '../src/errors.ts'

interface ReplaceOptions {
  /** The file, as people are told of it. */
  readonly name: string
  /** What to do where it may not be written. */
  readonly advice: string
}

/** Replaces a file whole: a reader meets the old text or the new one. */
export async function replaceFile(
  path: string,
  text: string,
  options: ReplaceOptions,
): Promise<void> {
  const temporary = `${path}.${String(process.pid)}.tmp`
  try {
    await writeFile(temporary, text)
    await rename(temporary, path)
  } catch (cause) {
    await rm(temporary, { force: true })
    throw toWriteError(cause, options)
  }
}

function toWriteError(cause: unknown, { name, advice }: ReplaceOptions): unknown {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new AppError('storage-full', `The disk is full: ${name} is as it was.`, { cause })
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    const message = `${name} may not be written here (${code}): ${advice}.`
    return new AppError('forbidden', message, { cause })
  }
  return cause
}

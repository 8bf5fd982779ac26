import { createHash } from 'node:crypto'
import { createReadStream, type Stats } from 'node:fs'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { z } from 'zod'

// A read of this size keeps the event loop free (about 1 ms of hashing each) and costs no speed.
const READ_BYTES = 1024 * 1024

interface HashOptions {
  readonly signal: AbortSignal
}

interface PinnedFile {
  readonly bytes: number
  readonly sha256: string
}

export type FileState =
  | { readonly state: 'ok' }
  | { readonly state: 'missing' }
  | { readonly state: 'wrong'; readonly actualSha256: string }

const rememberedSum = z.object({
  sha256: z.string(),
  size: z.number(),
  mtimeMs: z.number(),
  ino: z.number(),
})

export async function hashFile(path: string, options: HashOptions): Promise<string> {
  const hash = createHash('sha256')
  const stream = createReadStream(path, { highWaterMark: READ_BYTES, signal: options.signal })
  for await (const bytes of stream as AsyncIterable<Buffer>) hash.update(bytes)
  return hash.digest('hex')
}

/** Links are followed; a dangling one is a missing file. */
export async function statFile(path: string): Promise<Stats | null> {
  try {
    return await stat(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** Reads the whole file, and remembers a right sum so that `isRemembered` answers the next time. */
export async function checkFile(
  path: string,
  pinned: PinnedFile,
  options: HashOptions,
): Promise<FileState> {
  const stats = await statFile(path)
  if (!stats) return { state: 'missing' }
  const actualSha256 = await hashFile(path, options)
  if (actualSha256 !== pinned.sha256) {
    await forget(path)
    return { state: 'wrong', actualSha256 }
  }
  // As it was before it was read: what changed meanwhile is read again.
  await remember(path, { sha256: actualSha256, stats })
  return { state: 'ok' }
}

/** Whether the file is untouched since its sum was last found right: 1.1 GB is not read at each start. */
export async function isRemembered(path: string, pinned: PinnedFile): Promise<boolean> {
  const stats = await statFile(path)
  const remembered = await readRemembered(path)
  return (
    stats !== null &&
    remembered !== null &&
    remembered.sha256 === pinned.sha256 &&
    remembered.size === stats.size &&
    remembered.mtimeMs === stats.mtimeMs &&
    remembered.ino === stats.ino
  )
}

/** Notes that the sum of the file as it is now has been found right. */
export async function rememberFile(path: string, pinned: PinnedFile): Promise<void> {
  await remember(path, { sha256: pinned.sha256, stats: await stat(path) })
}

// A folder of models may be mounted read-only; then each start reads the file again.
async function remember(path: string, found: { sha256: string; stats: Stats }): Promise<void> {
  const { size, mtimeMs, ino } = found.stats
  const text = JSON.stringify({ sha256: found.sha256, size, mtimeMs, ino })
  await writeFile(sidecarOf(path), `${text}\n`).catch(() => undefined)
}

// What cannot be read is only not remembered: the file is then read again in full.
async function readRemembered(path: string): Promise<z.infer<typeof rememberedSum> | null> {
  try {
    return rememberedSum.parse(JSON.parse(await readFile(sidecarOf(path), 'utf8')))
  } catch {
    return null
  }
}

async function forget(path: string): Promise<void> {
  await rm(sidecarOf(path), { force: true }).catch(() => undefined)
}

function sidecarOf(path: string): string {
  return `${path}.sha256`
}

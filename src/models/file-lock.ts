import { randomUUID } from 'node:crypto'
import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'

const POLL_MS = 250
const HEARTBEAT_MS = 5_000
// Six missed heartbeats: the holder is dead even where its pid cannot be asked (another container)
// or has been given to another process since.
const STALE_AFTER_MS = 30_000

interface FileLockOptions {
  readonly signal: AbortSignal
  /** Called at each look while another holds the lock. */
  readonly onWait?: () => Promise<void>
}

const lockOwner = z.object({ pid: z.number(), host: z.string(), holderId: z.string() })

// A restarted container gets the pid of its dead predecessor back: the holder's id tells them apart.
const heldIds = new Set<string>()

/** Runs `action` while holding `path` exclusively, among all processes that use the folder. */
export async function withFileLock<T>(
  path: string,
  action: () => Promise<T>,
  options: FileLockOptions,
): Promise<T> {
  const holderId = await acquire(path, options)
  const heartbeat = setInterval(() => void touch(path), HEARTBEAT_MS)
  heartbeat.unref()
  try {
    return await action()
  } finally {
    clearInterval(heartbeat)
    if ((await readOwner(path))?.holderId === holderId) await rm(path, { force: true })
    heldIds.delete(holderId)
  }
}

async function acquire(path: string, options: FileLockOptions): Promise<string> {
  const holderId = randomUUID()
  heldIds.add(holderId)
  try {
    while (!(await create(path, holderId))) {
      options.signal.throwIfAborted()
      if ((await isStale(path)) && (await takeOver(path))) continue
      await options.onWait?.()
      await sleep(POLL_MS, undefined, { signal: options.signal })
    }
  } catch (error) {
    heldIds.delete(holderId)
    options.signal.throwIfAborted()
    throw error
  }
  return holderId
}

async function create(path: string, holderId: string): Promise<boolean> {
  try {
    const owner = { pid: process.pid, host: hostname(), holderId }
    await writeFile(path, JSON.stringify(owner), { flag: 'wx' })
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/**
 * Of several that find the owner dead, only the one that makes the marker removes the lock, and it
 * looks once more first: else one could remove the lock that another has just made.
 */
async function takeOver(path: string): Promise<boolean> {
  const marker = `${path}.takeover`
  if (!(await create(marker, randomUUID()))) {
    if ((await ageMs(marker)) > STALE_AFTER_MS) await rm(marker, { force: true })
    return false
  }
  try {
    if (await isStale(path)) await rm(path, { force: true })
  } finally {
    await rm(marker, { force: true })
  }
  return true
}

async function isStale(path: string): Promise<boolean> {
  if ((await ageMs(path)) > STALE_AFTER_MS) return true
  const owner = await readOwner(path)
  // Not readable: just being written, or just released.
  if (!owner || owner.host !== hostname()) return false
  return owner.pid === process.pid ? !heldIds.has(owner.holderId) : !isAlive(owner.pid)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

async function readOwner(path: string): Promise<z.infer<typeof lockOwner> | null> {
  try {
    return lockOwner.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return null
  }
}

async function ageMs(path: string): Promise<number> {
  try {
    return Date.now() - (await stat(path)).mtimeMs
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0
    throw error
  }
}

// A missed heartbeat is made good by the next one.
async function touch(path: string): Promise<void> {
  const now = new Date()
  await utimes(path, now, now).catch(() => undefined)
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}

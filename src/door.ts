// The door (design.md, decision 2): holding this socket is owning the data folder. Whoever finds it
// taken knows that a service runs, and can ask it.
import { createHash } from 'node:crypto'
import { chmodSync, closeSync, mkdirSync, openSync, realpathSync, rmSync, statSync } from 'node:fs'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError, messageOf } from './errors.ts'

/** What fits a socket address on every system, with room for `.takeover`. */
const MAX_PATH_BYTES = 90
/** A takeover takes milliseconds; a marker this old was left by a process that died in one. */
const STALE_MARKER_MS = 5_000
/** Between making a socket and listening on it stand some microseconds, unless the machine is busy. */
const SECOND_LOOK_MS = 50

export function doorPath(dataDir: string): string {
  const folder = realPath(resolve(dataDir))
  const path = join(folder, 'footnote.sock')
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES) return path
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 20)
  return join(tmpdir(), `footnote-${name}.sock`)
}

/** A folder has one door, whichever link leads to it. */
function realPath(folder: string): string {
  try {
    return realpathSync(folder)
  } catch {
    return folder
  }
}

/** Listens on the data folder's socket; another owner there is `data-folder-in-use`. */
export async function claimDoor(server: Server, dataDir: string): Promise<void> {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    await claim(server, { path: doorPath(dataDir), dataDir })
  } catch (error) {
    throw error instanceof AppError ? error : unusable(dataDir, error)
  }
}

async function claim(
  server: Server,
  { path, dataDir }: { readonly path: string; readonly dataDir: string },
): Promise<void> {
  while (!(await tryListen(server, path))) {
    if (await isAnswered(path)) throw inUse(dataDir)
    await takeOver(path)
  }
  chmodSync(path, 0o600)
}

function unusable(dataDir: string, cause: unknown): AppError {
  const message = `is ${dataDir}, which cannot be used (${messageOf(cause)}): set it to a folder that can be written`
  return new AppError('config-invalid', `DATA_DIR ${message}.`, {
    cause,
    errors: [{ path: 'DATA_DIR', message }],
  })
}

function inUse(dataDir: string): AppError {
  return new AppError(
    'data-folder-in-use',
    `Another Footnote uses the data folder ${dataDir}. Stop it, or set DATA_DIR to another folder.`,
  )
}

function tryListen(server: Server, path: string): Promise<boolean> {
  return new Promise((resolveListen, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      server.off('listening', onListening)
      if (error.code === 'EADDRINUSE') resolveListen(false)
      else reject(error)
    }
    const onListening = () => {
      server.off('error', onError)
      resolveListen(true)
    }
    server.once('error', onError).once('listening', onListening).listen(path)
  })
}

/** Whether somebody listens behind the socket. */
export async function isAnswered(path: string): Promise<boolean> {
  return (await lookAt(path)) === 'answered'
}

/**
 * Dead is what refuses, and nothing else: an owner with too many callers at once, or one whom this
 * user may not call, is alive.
 */
function lookAt(path: string): Promise<'answered' | 'dead' | 'absent'> {
  return new Promise((resolveLook) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolveLook('answered')
    })
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      if (code === 'ENOENT') resolveLook('absent')
      else resolveLook(code === 'ECONNREFUSED' ? 'dead' : 'answered')
    })
  })
}

/** Removes a dead socket; of several who find it, only the one that made the marker does. */
async function takeOver(path: string): Promise<void> {
  const marker = `${path}.takeover`
  try {
    closeSync(openSync(marker, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    dropStaleMarker(marker)
    await sleep(20)
    return
  }
  try {
    if (await isDead(path)) rmSync(path, { force: true })
  } finally {
    rmSync(marker, { force: true })
  }
}

/** Twice, with a pause: an owner that has made its socket and does not listen yet refuses as well. */
async function isDead(path: string): Promise<boolean> {
  if ((await lookAt(path)) !== 'dead') return false
  await sleep(SECOND_LOOK_MS)
  return (await lookAt(path)) === 'dead'
}

function dropStaleMarker(marker: string): void {
  const age = Date.now() - (statSync(marker, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
  if (age > STALE_MARKER_MS) rmSync(marker, { force: true })
}

// The door (design.md, decision 2): holding this socket is owning the data folder. Whoever finds it
// taken knows that a service runs, and can ask it.
import { createHash } from 'node:crypto'
import { chmodSync, closeSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from './errors.ts'

/** What fits a socket address on every system, with room for `.takeover`. */
const MAX_PATH_BYTES = 90
/** A takeover takes milliseconds; a marker this old was left by a process that died in one. */
const STALE_MARKER_MS = 5_000

export function doorPath(dataDir: string): string {
  const path = join(resolve(dataDir), 'footnote.sock')
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES) return path
  const name = createHash('sha256').update(resolve(dataDir)).digest('hex').slice(0, 20)
  return join(tmpdir(), `footnote-${name}.sock`)
}

/** Listens on the data folder's socket; another owner there is `data-folder-in-use`. */
export async function claimDoor(server: Server, dataDir: string): Promise<void> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const path = doorPath(dataDir)
  for (;;) {
    if (await tryListen(server, path)) {
      chmodSync(path, 0o600)
      return
    }
    if (await isAnswered(path)) throw inUse(dataDir)
    await takeOver(path)
  }
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
export function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolveAnswer) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolveAnswer(true)
    })
    socket.once('error', () => resolveAnswer(false))
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
    if (!(await isAnswered(path))) rmSync(path, { force: true })
  } finally {
    rmSync(marker, { force: true })
  }
}

function dropStaleMarker(marker: string): void {
  const age = Date.now() - (statSync(marker, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
  if (age > STALE_MARKER_MS) rmSync(marker, { force: true })
}

import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { claimDoor, doorPath, isAnswered } from './door.ts'
import { AppError } from './errors.ts'

let folder: string
const servers: Server[] = []
const children: ChildProcess[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'footnote-door-'))
})

afterEach(async () => {
  for (const server of servers.splice(0)) await close(server)
  rmSync(folder, { recursive: true })
})

afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})

function close(server: Server): Promise<unknown> {
  return new Promise((resolve) => server.close(resolve))
}

/** The outcome as a word: `won`, or the code of the error. */
async function claim(dataDir = folder): Promise<string> {
  const server = createServer((_request, response) => response.end('mine'))
  servers.push(server)
  try {
    await claimDoor(server, dataDir)
    return 'won'
  } catch (error) {
    return error instanceof AppError ? error.code : String(error)
  }
}

/** A socket as a killed process leaves it: a closing server removes the name it knows, and no other. */
async function leaveDeadSocket(): Promise<void> {
  const server = createServer()
  const known = join(folder, 'known.sock')
  server.listen(known)
  await once(server, 'listening')
  renameSync(known, doorPath(folder))
  await close(server)
}

async function startChild(): Promise<ChildProcess> {
  const file = fileURLToPath(new URL('../test/claim-door.ts', import.meta.url))
  const child = fork(file, { execArgv: ['--import', 'tsx'] })
  children.push(child)
  await once(child, 'message')
  return child
}

async function tell(child: ChildProcess, dataDir: string | null): Promise<string> {
  child.send(dataDir as string)
  const [outcome] = (await once(child, 'message')) as [string]
  return outcome
}

describe('the door', () => {
  it('belongs to whoever claims it first', async () => {
    expect(await claim()).toBe('won')
    expect(await claim()).toBe('data-folder-in-use')
    expect(await isAnswered(doorPath(folder))).toBe(true)
  })

  it('is free again when its owner has closed it', async () => {
    await claim()
    await close(servers.pop() as Server)
    expect(existsSync(doorPath(folder))).toBe(false)
    expect(await isAnswered(doorPath(folder))).toBe(false)
    expect(await claim()).toBe('won')
  })

  it('is its owner’s alone, and so is a folder made for it', async () => {
    const dataDir = join(folder, 'new', 'data')
    await claim(dataDir)
    expect(statSync(dataDir).mode & 0o777).toBe(0o700)
    expect(statSync(doorPath(dataDir)).mode & 0o777).toBe(0o600)
  })

  it('is in the temporary folder where the data folder’s path is too long for a socket', async () => {
    const dataDir = join(folder, 'long'.repeat(30))
    expect(await claim(dataDir)).toBe('won')
    const path = doorPath(dataDir)
    expect(path.startsWith(join(tmpdir(), 'footnote-'))).toBe(true)
    expect(await isAnswered(path)).toBe(true)
    expect(await claim(dataDir)).toBe('data-folder-in-use')
    expect(doorPath(join(folder, 'long'.repeat(31)))).not.toBe(path)
  })

  it.each(['data', 'long'.repeat(30)])('is one, whichever link leads to it (%s)', async (name) => {
    const dataDir = join(folder, name)
    const link = join(folder, 'link')
    mkdirSync(dataDir)
    symlinkSync(dataDir, link)
    expect(await claim(dataDir)).toBe('won')
    expect(await claim(link)).toBe('data-folder-in-use')
  })

  it('cannot be in what is no folder, and says which setting names it', async () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    const claims = claimDoor(createServer(), file)
    await expect(claims).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringContaining('DATA_DIR') as string,
      errors: [{ path: 'DATA_DIR' }],
    })
    expect(await claim(join(file, 'data'))).toBe('config-invalid')
  })
})

describe('a dead socket', () => {
  it('is taken over', async () => {
    await leaveDeadSocket()
    expect(existsSync(doorPath(folder))).toBe(true)
    expect(await claim()).toBe('won')
    expect(await isAnswered(doorPath(folder))).toBe(true)
    expect(existsSync(`${doorPath(folder)}.takeover`)).toBe(false)
  })

  it('of a killed process is taken over', async () => {
    const child = await startChild()
    expect(await tell(child, folder)).toBe('won')
    expect(await claim()).toBe('data-folder-in-use')
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(await claim()).toBe('won')
  })

  it('that somebody else takes over is waited for', async () => {
    await leaveDeadSocket()
    const marker = `${doorPath(folder)}.takeover`
    writeFileSync(marker, '')
    const claiming = claim()
    await sleep(100)
    expect(existsSync(marker)).toBe(true)
    rmSync(marker)
    expect(await claiming).toBe('won')
  })

  it('whose taker died in the middle is taken over all the same', async () => {
    await leaveDeadSocket()
    const marker = `${doorPath(folder)}.takeover`
    writeFileSync(marker, '')
    const longAgo = Date.now() / 1000 - 60
    utimesSync(marker, longAgo, longAgo)
    expect(await claim()).toBe('won')
    expect(existsSync(marker)).toBe(false)
  })

  it('goes to exactly one of four processes at once, sixty times', async () => {
    const processes = await Promise.all([startChild(), startChild(), startChild(), startChild()])
    for (let round = 0; round < 60; round += 1) {
      await leaveDeadSocket()
      const outcomes = await Promise.all(processes.map((child) => tell(child, folder)))
      expect(outcomes.toSorted()).toEqual([
        'data-folder-in-use',
        'data-folder-in-use',
        'data-folder-in-use',
        'won',
      ])
      await tell(processes[outcomes.indexOf('won')] as ChildProcess, null)
    }
  })
})

describe('an owner that does not answer', () => {
  it('but lives keeps its door, however many call at it', async () => {
    const child = await startChild()
    await tell(child, folder)
    child.kill('SIGSTOP')
    const callers: Socket[] = []
    // Beyond its backlog of 511 a socket refuses with EAGAIN, which is no sign of death.
    for (let at = 0; at < 600; at += 1) {
      callers.push(connect(doorPath(folder)).on('error', () => undefined))
    }
    await sleep(100)
    expect(await claim()).toBe('data-folder-in-use')
    expect(existsSync(doorPath(folder))).toBe(true)
    for (const caller of callers) caller.destroy()
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
})

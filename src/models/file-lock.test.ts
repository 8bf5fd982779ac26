import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { withFileLock } from './file-lock.ts'

const signal = new AbortController().signal

let folder = ''
let path = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'footnote-lock-'))
  path = join(folder, 'model.gguf.lock')
})

afterEach(() => rm(folder, { recursive: true }))

function ownerOf(pid: number, host = hostname()): string {
  return JSON.stringify({ pid, host, holderId: 'somebody' })
}

function deadPid(): number {
  return spawnSync(process.execPath, ['-e', '']).pid
}

/** Runs `count` holders at once and gives how many were inside together at most. */
async function mostTogether(count: number): Promise<number> {
  let inside = 0
  let most = 0
  const hold = () =>
    withFileLock(
      path,
      async () => {
        inside += 1
        most = Math.max(most, inside)
        await sleep(5)
        inside -= 1
      },
      { signal },
    )
  await Promise.all(Array.from({ length: count }, hold))
  return most
}

test('only one holds the lock at a time', async () => {
  expect(await mostTogether(5)).toBe(1)
})

test('a lock is gone after its action, also after one that fails', async () => {
  const failing = withFileLock(path, () => Promise.reject(new Error('broken')), { signal })
  await expect(failing).rejects.toThrow('broken')
  expect(await readdir(folder)).toEqual([])
})

test('the lock of a dead process is taken over, by one at a time', async () => {
  await writeFile(path, ownerOf(deadPid()))
  expect(await mostTogether(8)).toBe(1)
  expect(await readdir(folder)).toEqual([])
})

// Without the second look in `takeOver`, two were inside together in a third of the rounds.
test('of four processes that find a dead lock at once, one holds it at a time', async () => {
  const rounds = Array.from({ length: 30 }, (_, round) => join(folder, String(round)))
  const dead = ownerOf(deadPid())
  await Promise.all(rounds.map((round) => writeFile(`${round}.lock`, dead)))
  const startAt = Date.now() + 3_000
  await Promise.all([1, 2, 3, 4].map(() => holdInProcess(rounds, startAt)))
  for (const round of rounds) {
    // On a busy machine 10 ms may not be enough for any of them.
    const log = await readFile(`${round}.log`, 'utf8').catch(() => '')
    const stays = log.trim().split('\n')
    const times = stays.map((line) => line.split(' ').map(Number)).flat()
    // Entered, left, entered, left: in order only where no two stays overlap.
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  }
})

/** Each round tries for 10 ms, all processes at the same time, and notes when it entered and left. */
async function holdInProcess(rounds: readonly string[], startAt: number): Promise<void> {
  const script = `
    const { appendFile } = await import('node:fs/promises')
    const { setTimeout: sleep } = await import('node:timers/promises')
    const { withFileLock } = await import(${JSON.stringify(new URL('file-lock.ts', import.meta.url).href)})
    for (const [index, round] of ${JSON.stringify(rounds)}.entries()) {
      await sleep(Math.max(0, ${String(startAt)} + index * 60 - Date.now()))
      const hold = async () => {
        const enteredAt = Date.now()
        await sleep(15)
        await appendFile(round + '.log', enteredAt + ' ' + Date.now() + '\\n')
      }
      await withFileLock(round + '.lock', hold, { signal: AbortSignal.timeout(10) }).catch((error) => {
        if (error.name !== 'TimeoutError') throw error
      })
    }`
  const parameters = ['--import', 'tsx', '--input-type=module', '-e', script]
  const child = spawn(process.execPath, parameters, { stdio: 'inherit' })
  expect((await once(child, 'close'))[0]).toBe(0)
}

test('a lock with our own pid that we do not hold is the one of a dead predecessor', async () => {
  await writeFile(path, ownerOf(process.pid))
  expect(await withFileLock(path, () => Promise.resolve('mine'), { signal })).toBe('mine')
})

test('a lock whose heartbeat stopped is taken over, whoever has its pid now', async () => {
  await writeFile(path, ownerOf(process.ppid, 'another-host'))
  const aMinuteAgo = new Date(Date.now() - 60_000)
  await utimes(path, aMinuteAgo, aMinuteAgo)
  expect(await withFileLock(path, () => Promise.resolve('mine'), { signal })).toBe('mine')
})

test.each([
  ['a living process', ownerOf(process.ppid)],
  ['another host', ownerOf(deadPid(), 'another-host')],
  ['an owner that is just writing its name', ''],
])('the lock of %s is waited for, until the signal', async (_whose, content) => {
  await writeFile(path, content)
  const waiting = new AbortController()
  const entered = withFileLock(path, () => Promise.resolve('mine'), {
    signal: waiting.signal,
    onWait: () => Promise.resolve(waiting.abort(new Error('stopped'))),
  })
  await expect(entered).rejects.toThrow('stopped')
  expect(await readdir(folder)).toEqual(['model.gguf.lock'])
})

test('a marker that a killed process left behind does not stop the taking over for ever', async () => {
  await writeFile(path, ownerOf(deadPid()))
  await writeFile(`${path}.takeover`, '')
  const aMinuteAgo = new Date(Date.now() - 60_000)
  await utimes(`${path}.takeover`, aMinuteAgo, aMinuteAgo)
  expect(await withFileLock(path, () => Promise.resolve('mine'), { signal })).toBe('mine')
})

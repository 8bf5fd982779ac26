import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runCommand } from './run-command.ts'

const signal = new AbortController().signal

let folder = ''

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'footnote-run-')))
})

afterEach(() => rm(folder, { recursive: true }))

/** Runs a few lines of JavaScript as the program. */
async function runScript(script: string, stop: AbortSignal = signal): Promise<void> {
  const path = join(folder, 'script.cjs')
  await writeFile(path, script)
  await runCommand(process.execPath, [path], { folder, signal: stop })
}

test('a program runs in the folder and keeps its temporary files there', async () => {
  await runScript(
    `require('fs').writeFileSync('out', process.cwd() + ' ' + require('os').tmpdir())`,
  )
  expect(await readFile(join(folder, 'out'), 'utf8')).toBe(`${folder} ${folder}`)
})

test('a failed program is reported with the line that says why', async () => {
  const script = `console.error('Looking\\nERROR: No such package\\nHint: none'); process.exit(1)`
  await expect(runScript(script)).rejects.toThrow(/^ERROR: No such package$/)
})

test('an error on standard output counts too, without colours', async () => {
  const script = `console.log('[\\x1b[1;31mERROR\\x1b[m] Unknown host'); process.exit(1)`
  await expect(runScript(script)).rejects.toThrow(/^\[ERROR\] Unknown host$/)
})

test('the reason carries no credentials of an address', async () => {
  const script = `console.error('ERROR: no answer of https://me:secret@index.example/simple'); process.exit(1)`
  await expect(runScript(script)).rejects.toThrow('no answer of https://index.example/simple')
})

test('a silent failure is reported with its status', async () => {
  await expect(runScript('process.exit(3)')).rejects.toThrow('ended with status 3')
})

test('a program that is not there is said to be not installed', async () => {
  const run = runCommand('footnote-no-such-program', [], { folder, signal })
  await expect(run).rejects.toThrow('footnote-no-such-program is not installed')
})

test('a full disk is told by its code', async () => {
  const script = `console.error('OSError: [Errno 28] No space left on device'); process.exit(2)`
  await expect(runScript(script)).rejects.toMatchObject({ code: 'ENOSPC' })
})

test('the program is dead when the promise is rejected after an abort', async () => {
  const stop = new AbortController()
  const pidFile = join(folder, 'pid')
  const running = runScript(
    `require('fs').writeFileSync('pid', String(process.pid)); setInterval(() => {}, 1000)`,
    stop.signal,
  )
  running.catch(() => undefined)
  let pid = ''
  while (pid === '') {
    await sleep(20)
    pid = await readFile(pidFile, 'utf8').catch(() => '')
  }
  stop.abort(new Error('stopped'))
  await expect(running).rejects.toThrow('stopped')
  expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH')
})

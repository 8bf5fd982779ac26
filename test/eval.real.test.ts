// The built command `footnote eval` on the real feed, with the default embedding model: by itself,
// killed in the middle, and beside a service.
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openFakeOllama, type FakeOllama } from './fake-ollama.ts'
import {
  REAL_FEED,
  startRunningService,
  whyNoRealFeed,
  type RunningService,
} from './running-service.ts'

const reason = whyNoRealFeed()
const root = resolve(import.meta.dirname, '..')
const command = join(root, 'dist/bin/footnote.js')
const folder = mkdtempSync(join(tmpdir(), 'footnote-eval-'))
const dataDir = join(folder, 'data')
/** A port on which nobody listens. */
const DEAD = 'http://127.0.0.1:9/'
const CASES = 200

afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Outcome {
  readonly code: number | null
  readonly output: string
  readonly errors: string
}

interface Started {
  readonly process: ChildProcess
  /** What it has written to standard error so far. */
  readonly errors: () => string
  readonly ended: Promise<Outcome>
}

function start(words: readonly string[]): Started {
  if (!existsSync(command)) throw new Error('Build first: npm run build')
  const child = spawn(process.execPath, [command, 'eval', ...words], {
    cwd: folder,
    env: { ...process.env, DATA_DIR: dataDir, FEEDS: REAL_FEED, CHAT_MODEL: 'none' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let errors = ''
  child.stderr.on('data', (bytes: Buffer) => (errors += bytes.toString()))
  const output = text(child.stdout)
  const ended = new Promise<Outcome>((done) => {
    child.once('close', (code) => void output.then((all) => done({ code, output: all, errors })))
  })
  return { process: child, errors: () => errors, ended }
}

const runEval = (...words: string[]) => start(words).ended

interface Report {
  readonly run: { readonly id: string }
  readonly report: {
    readonly verdict: string
    readonly metrics: Readonly<Record<string, Readonly<Record<string, { readonly value: number }>>>>
  }
  readonly rows: readonly { readonly arm: string; readonly caseId: string }[]
}

/** Standard output as one JSON document; whatever else stands there fails. */
interface Compared {
  readonly verdict: string
  readonly flips: readonly { readonly of: string }[]
}

function parse({ output, errors }: Outcome): Report {
  if (output === '') throw new Error(`It printed nothing:\n${errors}`)
  return JSON.parse(output) as Report
}

/** Waits until so many cases of a run are done, and gives its id. */
async function untilDone({ process: child, errors }: Started, count: number): Promise<string> {
  for (;;) {
    const lines = [...errors().matchAll(/^(run_\S+): (\d+) of /gm)]
    const line = lines.find(([, , done]) => Number(done) >= count)
    if (line?.[1] !== undefined) return line[1]
    if (child.exitCode !== null) throw new Error(`It ended:\n${errors()}`)
    await sleep(50)
  }
}

describe.skipIf(reason !== undefined)('on the real feed', () => {
  it('extracts from the right articles, and tells its verdict by its exit code', async () => {
    const words = ['--set', 'glad-labs', '--arm', 'extracted', '--limit', '20']
    const outcome = await runEval(...words, '--json', '--report', 'report.html')
    const { report, rows } = parse(outcome)
    expect(rows).toHaveLength(20)
    expect(report.metrics['extracted']?.['hit@1']?.value).toBeGreaterThan(0.8)
    expect(report.metrics['extracted']?.['recall@5']?.value).toBeGreaterThan(0.8)
    expect(outcome.code).toBe(report.verdict === 'passed' ? 0 : 1)
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('<html')
  })

  it('a misspelt arm ends with 2 before anything is started', async () => {
    const outcome = await runEval('--arm', 'extract')
    expect(outcome).toMatchObject({ code: 2, output: '' })
    expect(outcome.errors).toMatch(/^footnote: --arm takes one of .*, and not "extract"\.\n$/)
  })

  it('a flag and a command that there are not end with 2', async () => {
    const [flag, word] = await Promise.all([runEval('--sets', 'x'), runEval('lists')])
    expect([flag.code, word.code]).toEqual([2, 2])
    expect(flag.errors).toContain('--sets')
    expect(word.errors).toContain('lists')
  })

  describe('with a run that was killed in the middle', () => {
    let ollama: FakeOllama
    let service: RunningService
    let killed: string

    beforeAll(async () => {
      const run = start(['--set', 'glad-labs', '--arm', 'extracted'])
      killed = await untilDone(run, CASES / 10)
      run.process.kill('SIGKILL')
      await run.ended
      ollama = await openFakeOllama()
      const chat = { CHAT_MODEL: 'ollama:chat', OLLAMA_HOST: ollama.host }
      service = startRunningService({ dataDir, env: { FEEDS: REAL_FEED, PORT: '0', ...chat } })
      await service.untilReady()
    })

    afterAll(async () => {
      await service?.[Symbol.asyncDispose]()
      await ollama?.[Symbol.asyncDispose]()
    })

    it('goes on with it, no case lost or doubled, and comes to what a whole run comes to', async () => {
      const resumed = parse(await runEval('--resume', killed, '--json'))
      expect(resumed.run.id).toBe(killed)
      expect(resumed.rows).toHaveLength(CASES)
      expect(new Set(resumed.rows.map(({ caseId }) => caseId)).size).toBe(CASES)
      const whole = parse(await runEval('--set', 'glad-labs', '--arm', 'extracted', '--json'))
      const compared = await runEval('compare', killed, whole.run.id, '--json')
      expect(compared.code).toBe(0)
      const { verdict, flips } = JSON.parse(compared.output) as Compared
      expect(verdict).toBe('passed')
      // The tokens of passages are counted by the chat model that stands by, which was another one.
      expect(flips.filter(({ of }) => of === 'answer')).toEqual([])
    })

    it('stops a run that is interrupted, and says how it goes on', async () => {
      const run = start(['--set', 'glad-labs', '--arm', 'extracted', '--repeat', '3'])
      const id = await untilDone(run, 1)
      run.process.kill('SIGINT')
      const outcome = await run.ended
      expect(outcome).toMatchObject({ code: 130, output: '' })
      expect(outcome.errors).toMatch(new RegExp(`footnote eval --resume ${id}\\n$`))
      const listed = await runEval('list')
      expect(listed.output.split('\n')[0]).toMatch(
        new RegExp(`\\t${id}\\t.*\\tstopped \\(\\d+ of 600\\)$`),
      )
    })

    it('an address where nobody is ends with 3, and the langchain arm with its reason', async () => {
      const dead = await runEval('--set', 'glad-labs', '--target', DEAD)
      expect(dead).toMatchObject({ code: 3, output: '' })
      expect(dead.errors).toContain(`footnote: ${DEAD} does not answer.`)
      const langchain = await runEval('--set', 'glad-labs', '--arm', 'langchain', '--limit', '1')
      expect(langchain).toMatchObject({ code: 2, output: '' })
      expect(langchain.errors).toContain('needs a Postgres server: set DATABASE_URL.')
    })
  })
})

import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const root = resolve(import.meta.dirname, '..')
const command = join(root, 'dist/bin/footnote.js')

/** Other people's text: read from where it is. */
export const REAL_FEED = resolve(root, '../shared/feed/glad-labs.xml')

/** Why tests on the real feed are left out, or undefined where they run; in CI they always do. */
export function whyNoRealFeed(): string | undefined {
  if (existsSync(REAL_FEED)) return undefined
  if (process.env['CI'] !== undefined) throw new Error(`The real feed is missing: ${REAL_FEED}`)
  return `there is no real feed at ${REAL_FEED}`
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Kept by the caller; without one a folder is made and removed. */
  readonly dataDir?: string
  /** Runs under another program, such as setpriv. */
  readonly prefix?: readonly string[]
}

export class RunningService implements AsyncDisposable {
  readonly process: ChildProcess
  readonly dataDir: string
  output = ''
  readonly exited: Promise<number | null>
  readonly #isOwnFolder: boolean

  constructor({ env = {}, dataDir, prefix = [] }: StartOptions) {
    if (!existsSync(command)) throw new Error('Build first: npm run build')
    this.#isOwnFolder = dataDir === undefined
    this.dataDir = dataDir ?? mkdtempSync(join(tmpdir(), 'footnote-test-'))
    const [program = process.execPath, ...rest] = [...prefix, process.execPath, command, 'serve']
    this.process = spawn(program, rest, {
      env: { ...process.env, DATA_DIR: this.dataDir, PORT: '0', LOG_LEVEL: 'info', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.process.stdout?.on('data', (bytes: Buffer) => (this.output += bytes.toString()))
    this.process.stderr?.on('data', (bytes: Buffer) => (this.output += bytes.toString()))
    this.exited = new Promise((done) => this.process.once('exit', (code) => done(code)))
  }

  get url(): string | undefined {
    return /listens on (\S+);/.exec(this.output)?.[1]
  }

  /** Waits until it listens, and then until `/readyz` says so. */
  async untilReady(): Promise<string> {
    for (;;) {
      if (this.process.exitCode !== null) throw new Error(`It ended:\n${this.output}`)
      const { url } = this
      const isReady =
        url !== undefined &&
        (await fetch(`${url}/readyz`).then(
          ({ ok }) => ok,
          () => false,
        ))
      if (isReady) return url
      await sleep(100)
    }
  }

  async stop(): Promise<number | null> {
    this.process.kill('SIGTERM')
    return this.exited
  }

  async kill(): Promise<void> {
    this.process.kill('SIGKILL')
    await this.exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) await this.kill()
    if (this.#isOwnFolder) rmSync(this.dataDir, { recursive: true, force: true })
  }
}

export function startRunningService(options: StartOptions = {}): RunningService {
  return new RunningService(options)
}

export async function postJson(url: string, body: object): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  return response.json()
}

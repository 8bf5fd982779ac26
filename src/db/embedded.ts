// What is special about the embedded Postgres lives here alone: a worker thread, one session, and a
// deadline that ends the worker, because the engine ignores statement_timeout and cancel requests, and
// after a panic answers nothing more.
import { existsSync, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import pg from 'pg'
import { AppError } from '../errors.ts'
import { ProtocolStream, type ProtocolEngine } from './protocol-stream.ts'

/** Under this much free space nothing is ingested: the engine needs room for its log to go on. */
export const MIN_FREE_BYTES = 64 * 1024 * 1024

/** The first start makes the database, 3 s on two idle cores; no statement's deadline is meant for it. */
const START_TIMEOUT_MS = 60_000

/**
 * Of a migration over a filled library: 3 ms a chunk were seen for its postings, on two busy cores. On a full
 * disk the engine spins as long.
 */
const UNHURRIED_TIMEOUT_MS = 30 * 60_000

const READY_FOR_QUERY = 'Z'.charCodeAt(0)

interface EmbeddedOptions {
  /** A folder, or `memory://` for tests. */
  readonly dataDir: string
  /** Longer than the longest honest statement, so that only a hung engine meets it. */
  readonly statementTimeoutMs: number
}

type Reply =
  { readonly kind: 'opened' | 'closed' } | { readonly kind: 'result'; readonly bytes: Uint8Array }

interface Waiting {
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: Error) => void
}

class EmbeddedEngine implements ProtocolEngine {
  readonly #options: EmbeddedOptions
  #timeoutMs: number
  #worker: Worker | undefined
  #waiting: Waiting[] = []

  constructor(options: EmbeddedOptions) {
    this.#options = options
    this.#timeoutMs = options.statementTimeoutMs
  }

  async unhurried<T>(work: () => Promise<T>): Promise<T> {
    this.#timeoutMs = Math.max(UNHURRIED_TIMEOUT_MS, this.#options.statementTimeoutMs)
    try {
      return await work()
    } finally {
      this.#timeoutMs = this.#options.statementTimeoutMs
    }
  }

  async open(): Promise<void> {
    const worker = (this.#worker ??= this.#start())
    await this.#ask(worker, { kind: 'open' }, START_TIMEOUT_MS)
    if (!isMemory(this.#options.dataDir))
      rmSync(unfinishedMark(this.#options.dataDir), { force: true })
  }

  async exchange(messages: Uint8Array): Promise<Uint8Array> {
    // Only opening starts a worker: in a new one the rest of a lost transaction would be committed.
    const worker = this.#worker
    if (worker === undefined) throw this.#toError(undefined)
    const message = { kind: 'batch', bytes: messages }
    const reply = await this.#ask(worker, message, this.#timeoutMs)
    const answer = Buffer.from(reply.kind === 'result' ? reply.bytes : [])
    if (endsReady(answer)) return answer
    // A panic, on a full disk above all, was the last that this worker said.
    await this.#end(worker)
    throw this.#toError(new Error(answer.toString().replaceAll('\0', ' ')))
  }

  async close(): Promise<void> {
    if (this.#worker === undefined) return
    await this.#ask(this.#worker, { kind: 'close' }, this.#options.statementTimeoutMs)
    await this.#worker.terminate()
    this.#worker = undefined
  }

  #ask(worker: Worker, message: object, timeoutMs: number): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => void this.#end(worker), timeoutMs)
      this.#waiting.push({
        resolve: (reply) => {
          clearTimeout(deadline)
          resolve(reply)
        },
        reject: (error) => {
          clearTimeout(deadline)
          reject(error)
        },
      })
      worker.postMessage(message)
    })
  }

  #start(): Worker {
    if (!isMemory(this.#options.dataDir)) clearUnfinished(this.#options.dataDir)
    const worker = new Worker(new URL('./embedded-worker.js', import.meta.url), {
      workerData: { dataDir: this.#options.dataDir },
    })
    worker.on('message', (reply: Reply) => this.#waiting.shift()?.resolve(reply))
    worker.on('error', (error) => this.#fail(worker, error))
    worker.on('exit', () => this.#fail(worker, undefined))
    return worker
  }

  async #end(worker: Worker): Promise<void> {
    await worker.terminate()
    this.#fail(worker, undefined)
  }

  #fail(worker: Worker, cause: unknown): void {
    // A worker that fails is heard of twice, and by then the next one may be at work.
    if (this.#worker !== worker) return
    this.#worker = undefined
    const waiting = this.#waiting
    this.#waiting = []
    for (const { reject } of waiting) reject(this.#toError(cause))
  }

  #toError(cause: unknown): AppError {
    if (freeBytes(this.#options.dataDir) < MIN_FREE_BYTES) {
      return new AppError('storage-full', 'The disk of the data folder is full.', { cause })
    }
    return new AppError('database-unavailable', 'The embedded database had to be started again.', {
      cause,
      retryAfter: 2,
    })
  }
}

/** Stands beside the database until it has been opened for the first time. */
function unfinishedMark(dataDir: string): string {
  return `${dataDir}.unfinished`
}

/** What a kill left of a database that was being made opens no more, and nothing was written to it yet. */
function clearUnfinished(dataDir: string): void {
  const mark = unfinishedMark(dataDir)
  if (existsSync(mark)) rmSync(dataDir, { recursive: true, force: true })
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  if (!existsSync(join(dataDir, 'PG_VERSION'))) writeFileSync(mark, '')
}

function isMemory(dataDir: string): boolean {
  return dataDir.startsWith('memory://')
}

/** Whether the last message is ReadyForQuery: a type, a length of 5, and the state of the transaction. */
function endsReady(answer: Buffer): boolean {
  const last = answer.subarray(-6)
  return last.length === 6 && last[0] === READY_FOR_QUERY && last.readInt32BE(1) === 5
}

/** Free bytes on the disk of a folder; a database in memory has no disk to fill. */
export function freeBytes(dataDir: string): number {
  if (isMemory(dataDir)) return Number.POSITIVE_INFINITY
  const { bavail, bsize } = statfsSync(dataDir)
  return bavail * bsize
}

export interface EmbeddedDatabase {
  readonly pool: pg.Pool
  unhurried<T>(work: () => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** Opens the embedded database; the folder must be owned (design.md: the door) before. */
export function openEmbedded(options: EmbeddedOptions): EmbeddedDatabase {
  const dataDir = isMemory(options.dataDir) ? options.dataDir : join(options.dataDir, 'database')
  const engine = new EmbeddedEngine({ ...options, dataDir })
  // One session is all the engine has: max 1 makes the pool the queue, and idle clients stay.
  const pool = new pg.Pool({
    max: 1,
    idleTimeoutMillis: 0,
    user: 'postgres',
    database: 'postgres',
    // Unset, node-postgres takes it from PGSSLMODE.
    ssl: false,
    stream: () => new ProtocolStream(engine),
  })
  return {
    pool,
    unhurried: (work) => engine.unhurried(work),
    close: async () => {
      await pool.end()
      await engine.close()
    },
  }
}

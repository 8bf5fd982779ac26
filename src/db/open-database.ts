import pg from 'pg'
import type { Database } from './database.ts'
import { freeBytes, openEmbedded } from './embedded.ts'

interface OpenOptions {
  /** Unset: the embedded database in `dataDir`. */
  readonly url: string | undefined
  readonly dataDir: string
  readonly onError: (error: Error) => void
  readonly embeddedTimeoutMs?: number
}

/** The longest statement seen on the embedded database took 4 s (an HNSW index over 5,000 vectors). */
const EMBEDDED_TIMEOUT_MS = 60_000
const SERVER_CONNECT_TIMEOUT_MS = 5_000
const SERVER_STATEMENT_TIMEOUT_MS = 60_000

export function openDatabase(options: OpenOptions): Database {
  const database =
    options.url === undefined ? openEmbeddedDatabase(options) : openServer(options.url)
  // A client that loses its server says so, idle or in use; unheard, it would end the process.
  database.pool.on('connect', (client) => client.on('error', options.onError))
  database.pool.on('error', ignore)
  return database
}

function ignore(): void {
  // The pool repeats what an idle client has said itself.
}

function openEmbeddedDatabase(options: OpenOptions): Database {
  const embedded = openEmbedded({
    dataDir: options.dataDir,
    statementTimeoutMs: options.embeddedTimeoutMs ?? EMBEDDED_TIMEOUT_MS,
  })
  return { ...embedded, engine: 'embedded', freeBytes: () => freeBytes(options.dataDir) }
}

/** The owner's connections, for what the service's role may not do: migrations, queues, grants. */
export function openOwnerPool(url: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: 2,
    connectionTimeoutMillis: SERVER_CONNECT_TIMEOUT_MS,
  })
  // The statement that meets a lost connection says so; unheard here, it would end the process.
  pool.on('connect', (client) => client.on('error', ignore))
  pool.on('error', ignore)
  return pool
}

function openServer(url: string): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: SERVER_CONNECT_TIMEOUT_MS,
    statement_timeout: SERVER_STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: 30_000,
    lock_timeout: 5_000,
    application_name: 'footnote',
  })
  return {
    pool,
    engine: 'server',
    freeBytes: () => Number.POSITIVE_INFINITY,
    unhurried: (work) => work(),
    close: () => pool.end(),
  }
}

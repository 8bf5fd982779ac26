// The index of a model's vectors: HNSW, partial and on an expression, one per model (design.md, decision
// 4). It is the one index that is made while the service runs, once a library is large enough for it.
import { createHash } from 'node:crypto'
import type { Database, Queryable } from '../db/database.ts'

/**
 * From this many chunks of a model on. At 10,000 the exact search took 15 ms on a server (the index: 5)
 * and 21 ms embedded (4.5), and it grows with the library; at 3,000 both took the same 3 ms.
 */
const INDEXED_FROM = 10_000
/**
 * The embedded database has one connection, and building holds it: 10,000 chunks took 18 s on a busy
 * machine, 20,000 took 43 s, and a statement that takes 60 s is ended. One that passes 10,000 while the
 * service runs is indexed then; one that is found larger is searched exactly.
 */
export const EMBEDDED_INDEXED_TO = 15_000

/** The size of the vectors that were measured; the time of a build grows with it. */
const MEASURED_DIMENSIONS = 384

/** Every index of this kind has a name that begins so; the rest, 16 hexadecimal digits, is of the model. */
const PREFIX = 'chunk_embedding_'

function indexName(model: string): string {
  return PREFIX + createHash('sha256').update(model).digest('hex').slice(0, 16)
}

/**
 * How many entries HNSW keeps in sight. Over 100,000 chunks the ten nearest of a question were found to
 * .94 with 100 and .99 with 200; pgvector's own 40 does not even reach the 50 that are asked for.
 */
const EF_SEARCH = '200'

/**
 * Whether the index of the model's vectors is there, and whole. The scans of it in this transaction go on
 * under a filter until enough has passed.
 */
export async function hasVectorIndex(db: Queryable, model: string): Promise<boolean> {
  const { rows } = await db.query<{ found: boolean }>(
    `select exists (select 1 from pg_index
         where pg_index.indexrelid = to_regclass($1::text) and pg_index.indisvalid) as found,
       set_config('hnsw.iterative_scan', 'strict_order', true),
       set_config('hnsw.ef_search', $2::text, true)`,
    [indexName(model), EF_SEARCH],
  )
  return rows[0]?.found === true
}

/** `too-large`: more chunks than the embedded database can index, or longer vectors than any can. */
export type VectorIndexState = 'not-needed' | 'too-large' | 'present' | 'busy' | 'built'

interface BuildOptions {
  readonly model: string
  readonly engine: 'embedded' | 'server'
  readonly signal: AbortSignal
  readonly indexedFrom?: number
}

/**
 * Builds the index of the model's vectors where the library is large enough and has none; `owner` is the
 * role that owns the schema, without a limit on the time of a statement. On a server reading and writing
 * go on meanwhile, and of several processes one builds.
 */
export async function buildVectorIndex(
  owner: Database['pool'],
  { model, engine, signal, indexedFrom = INDEXED_FROM }: BuildOptions,
): Promise<VectorIndexState> {
  await dropUnusedIndexes(owner, { model, engine, signal })
  const { chunks, dimensions } = await countVectors(owner, model, indexedFrom)
  if (chunks < indexedFrom || dimensions === null) return 'not-needed'
  if (await hasVectorIndex(owner, model)) return 'present'
  if (isTooLarge({ engine, chunks, dimensions })) return 'too-large'
  const state = await inTurn({ owner, signal }, async (client) => {
    // Another process may have built it between the look and the lock.
    if (await hasVectorIndex(client, model)) return 'present'
    const index = { name: indexName(model), model, dimensions, signal }
    // One that an ended build has left behind is not valid, and is in the way.
    await execute(client, DROP[engine], index)
    await execute(client, CREATE[engine], index)
    return 'built'
  })
  return state ?? 'busy'
}

/** What a build could not finish: on the embedded database it ends the worker, and all that waits for it. */
export function isTooLarge({
  engine,
  chunks,
  dimensions,
}: Pick<BuildOptions, 'engine'> & {
  readonly chunks: number
  readonly dimensions: number
}): boolean {
  if (dimensions > MAX_DIMENSIONS) return true
  const size = chunks * Math.max(dimensions, MEASURED_DIMENSIONS)
  return engine === 'embedded' && size > EMBEDDED_INDEXED_TO * MEASURED_DIMENSIONS
}

/** Of the processes on a database one works at its indexes: null where another does. */
async function inTurn<T>(
  { owner, signal }: { readonly owner: Database['pool']; readonly signal: AbortSignal },
  work: (client: Queryable) => Promise<T>,
): Promise<T | null> {
  const client = await owner.connect()
  let stop = ignore
  try {
    const pid = await takeTurn(client)
    if (pid === null) return null
    stop = () => void owner.query('select pg_cancel_backend($1::integer)', [pid]).catch(ignore)
    signal.throwIfAborted()
    signal.addEventListener('abort', stop)
    return await work(client)
  } finally {
    signal.removeEventListener('abort', stop)
    await client.query('select pg_advisory_unlock_all()').catch(ignore)
    client.release()
  }
}

function ignore(): void {
  // A connection that is gone holds no lock and builds nothing.
}

/** After a change of the model, once every article is embedded again: nothing would use its index any more. */
async function dropUnusedIndexes(
  owner: Database['pool'],
  { model, engine, signal }: Pick<BuildOptions, 'model' | 'engine' | 'signal'>,
): Promise<void> {
  const names = await listUnusedIndexes(owner, model)
  if (names.length === 0) return
  await inTurn({ owner, signal }, async (client) => {
    for (const name of names)
      await execute(client, DROP[engine], { name, model, dimensions: 0, signal })
  })
}

async function listUnusedIndexes(db: Queryable, model: string): Promise<readonly string[]> {
  const { rows } = await db.query<{ name: string }>(
    `select pg_class.relname as name
     from pg_index join pg_class on pg_class.oid = pg_index.indexrelid
     where pg_index.indrelid = 'chunk'::regclass
       and pg_class.relname ~ ('^' || $1::text || '[0-9a-f]{16}$') and pg_class.relname <> $2::text
       and not exists (select 1 from chunk where chunk.live and chunk.embedding_model < $3::text)
       and not exists (select 1 from chunk where chunk.live and chunk.embedding_model > $3::text)`,
    [PREFIX, indexName(model), model],
  )
  return rows.map(({ name }) => name)
}

/** What HNSW takes of a `vector`. */
const MAX_DIMENSIONS = 2_000

/** The model's live chunks, counted no further than needed, and the size of their vectors. */
async function countVectors(
  db: Queryable,
  model: string,
  indexedFrom: number,
): Promise<{ readonly chunks: number; readonly dimensions: number | null }> {
  const { rows } = await db.query<{ chunks: number; dimensions: number | null }>(
    `select count(*)::integer as chunks, (
       select vector_dims(chunk.embedding) from chunk
       where chunk.live and chunk.embedding_model = $1::text limit 1) as dimensions
     from (
       select 1 from chunk where chunk.live and chunk.embedding_model = $1::text
       limit $2::integer) as counted`,
    [model, Math.max(indexedFrom, EMBEDDED_INDEXED_TO) + 1],
  )
  return rows[0] ?? { chunks: 0, dimensions: null }
}

/** A number of our own among the advisory locks of the database. */
const LOCK = 7_465_001

/** The connection's process where it has the lock, null where another has. */
async function takeTurn(client: Queryable): Promise<number | null> {
  const { rows } = await client.query<{ pid: number; isOurs: boolean }>(
    `select pg_backend_pid() as pid, pg_try_advisory_lock($1::bigint) as "isOurs"`,
    [LOCK],
  )
  return rows[0]?.isOurs === true ? rows[0].pid : null
}

const BUILD = '%1$I on chunk using hnsw ((embedding::vector(%3$s)) vector_ip_ops)'
const OF_MODEL = 'where live and embedding_model = %2$L'
/** Over 100,000 chunks recall is .99 with 128 and .95 with pgvector's own 64, which builds twice as fast. */
const THOROUGH = 'with (ef_construction = 128)'
const CREATE = {
  embedded: `create index ${BUILD} ${OF_MODEL}`,
  server: `create index concurrently ${BUILD} ${THOROUGH} ${OF_MODEL}`,
} as const
const DROP = {
  embedded: 'drop index if exists %1$I',
  server: 'drop index concurrently if exists %1$I',
} as const

interface IndexValues {
  readonly name: string
  readonly model: string
  readonly dimensions: number
  readonly signal: AbortSignal
}

/** The statement has no place for parameters; its values are quoted by the server's own `format`. */
async function execute(
  client: Queryable,
  template: string,
  { name, model, dimensions, signal }: IndexValues,
): Promise<void> {
  const { rows } = await client.query<{ statement: string }>(
    'select format($1::text, $2::text, $3::text, $4::integer) as statement',
    [template, name, model, dimensions],
  )
  // A cancel between two statements ends none of them.
  signal.throwIfAborted()
  await client.query(rows[0]?.statement ?? '')
}

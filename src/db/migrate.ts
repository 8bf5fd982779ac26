import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runner } from 'node-pg-migrate'
import type pg from 'pg'
import { AppError } from '../errors.ts'
import type { Queryable } from './database.ts'

const MIGRATIONS_TABLE = 'schema_migration'
const migrationsDir = fileURLToPath(new URL('../../migrations', import.meta.url))

export interface MigrationState {
  readonly applied: readonly string[]
  readonly pending: readonly string[]
  /** Applied by a newer version of the code. */
  readonly unknown: readonly string[]
}

export async function migrationState(db: Queryable): Promise<MigrationState> {
  const known = readdirSync(migrationsDir)
    .filter((name) => name.endsWith('.sql'))
    .map((name) => name.replace(/\.sql$/, ''))
    .sort()
  const applied = await appliedMigrations(db)
  return {
    applied,
    pending: known.filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !known.includes(name)),
  }
}

async function appliedMigrations(db: Queryable): Promise<readonly string[]> {
  const { rows: tables } = await db.query<{ found: boolean }>(
    'select to_regclass($1::text) is not null as found',
    [MIGRATIONS_TABLE],
  )
  if (tables[0]?.found !== true) return []
  const { rows } = await db.query<{ name: string }>('select name from schema_migration order by id')
  return rows.map((row) => row.name)
}

/** Brings the schema up, or `count` steps down; one transaction each, one process at a time. */
export async function migrate(
  pool: pg.Pool,
  direction: 'up' | 'down',
  options: { readonly count?: number } = {},
): Promise<readonly string[]> {
  const client = await pool.connect()
  try {
    refuseNewer(await migrationState(client))
    const done = await runner({
      dbClient: client,
      dir: migrationsDir,
      direction,
      migrationsTable: MIGRATIONS_TABLE,
      count: options.count ?? (direction === 'up' ? Number.POSITIVE_INFINITY : 1),
      singleTransaction: false,
      checkOrder: true,
      advisoryLockMode: 'wait',
      logger: silent,
    })
    return done.map(({ name }) => name)
  } finally {
    client.release()
  }
}

const silent = { debug: ignore, info: ignore, warn: ignore, error: ignore }

function ignore(): void {
  // The names applied are returned, and a failure is thrown: the runner's own log adds nothing.
}

function refuseNewer(state: MigrationState): void {
  if (state.unknown.length === 0) return
  throw new AppError(
    'schema-mismatch',
    `The database is newer than this Footnote: it holds ${state.unknown.join(', ')}. Start the version that made it, or a newer one.`,
  )
}

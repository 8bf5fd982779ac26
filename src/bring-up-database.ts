import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from './config.ts'
import { toDatabaseError } from './db/database-errors.ts'
import type { Database } from './db/database.ts'
import { currentRole, grantService } from './db/grant-service.ts'
import { migrate, migrationState } from './db/migrate.ts'
import { openDatabase, openOwnerPool } from './db/open-database.ts'
import { AppError } from './errors.ts'
import { prepareQueues } from './jobs/queue.ts'
import type { Logger } from './logger.ts'
import type { Readiness } from './readiness.ts'
import { releaseJobs } from './store/jobs.ts'

interface BringUpOptions {
  readonly config: Config
  readonly logger: Logger
  readonly readiness: Readiness
  readonly signal: AbortSignal
  readonly onOpened: (close: () => Promise<unknown>) => void
}

const DATABASE_RETRY_MS = 2_000

/** A server that is not there yet is waited for; a database that does not fit ends the start. */
export async function bringUpDatabase(options: BringUpOptions): Promise<Database> {
  const { config, logger, readiness, signal } = options
  const database = openDatabase({
    url: config.databaseUrl,
    dataDir: config.dataDir,
    onError: (error) => logger.warn({ err: error }, 'a database connection was lost'),
  })
  options.onOpened(() => database.close())
  for (;;) {
    try {
      await prepareSchema(config, database)
      readiness.set('database', { status: 'ok', detail: database.engine })
      return database
    } catch (error) {
      const known = error instanceof AppError ? error : toDatabaseError(error)
      if (known.code !== 'database-unavailable') throw error
      if (database.engine === 'embedded') throw cannotOpen(config.dataDir, error)
      if (readiness.parts.database.status !== 'unavailable')
        logger.warn({ err: error }, known.message)
      readiness.set('database', { status: 'unavailable', detail: known.message })
    }
    await sleep(DATABASE_RETRY_MS, undefined, { signal })
  }
}

function cannotOpen(dataDir: string, cause: unknown): AppError {
  return new AppError(
    'database-unavailable',
    `The database in ${dataDir} cannot be opened. Put a copy of the folder back, or delete it to begin anew.`,
    { cause },
  )
}

async function prepareSchema(config: Config, database: Database): Promise<void> {
  await withOwner(config, database, async (owner) => {
    await migrateUp(owner, database)
    await prepareQueues(owner)
    if (config.migrateDatabaseUrl === undefined || config.databaseUrl === undefined) return
    await grantService(owner, await currentRole(database.pool))
  })
  if (database.engine === 'embedded') await releaseJobs(database.pool)
}

/** Only an upgrade has the time: on a full disk the embedded database spins for all that it is given. */
async function migrateUp(owner: Database['pool'], database: Database): Promise<void> {
  const { applied, pending } = await migrationState(owner)
  const isUpgrade = applied.length > 0 && pending.length > 0
  if (isUpgrade) await database.unhurried(() => migrate(owner, 'up'))
  else await migrate(owner, 'up')
}

/** Connections that may change the schema, without a limit on a server's statements, for as long as `work` takes. */
export async function withOwner<T>(
  { databaseUrl, migrateDatabaseUrl }: Config,
  database: Database,
  work: (owner: Database['pool']) => Promise<T>,
): Promise<T> {
  if (databaseUrl === undefined) return work(database.pool)
  const owner = openOwnerPool(migrateDatabaseUrl ?? databaseUrl)
  try {
    return await work(owner)
  } finally {
    await owner.end()
  }
}

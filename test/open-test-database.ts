import { migrate } from '../src/db/migrate.ts'
import { openDatabase } from '../src/db/open-database.ts'
import type { Database } from '../src/db/database.ts'

/** An embedded database in memory, migrated. */
export async function openTestDatabase(): Promise<Database & AsyncDisposable> {
  const database = openDatabase({ url: undefined, dataDir: 'memory://', onError: rethrow })
  await migrate(database.pool, 'up')
  return { ...database, [Symbol.asyncDispose]: () => database.close() }
}

function rethrow(error: Error): void {
  throw error
}

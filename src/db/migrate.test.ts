import { expect, it } from 'vitest'
import { migrate, migrationState } from './migrate.ts'
import { openDatabase } from './open-database.ts'

it('says what is applied, pending and unknown, and refuses a database that is newer', async () => {
  const database = openDatabase({ url: undefined, dataDir: 'memory://', onError: rethrow })
  const { pool } = database
  try {
    const { pending } = await migrationState(pool)
    expect(pending).toContain('0001_library')
    expect(await migrationState(pool)).toEqual({ applied: [], pending, unknown: [] })
    expect(await migrate(pool, 'up')).toEqual(pending)
    expect(await migrationState(pool)).toEqual({ applied: pending, pending: [], unknown: [] })
    expect(await migrate(pool, 'up')).toEqual([])

    await pool.query(`insert into schema_migration (name, run_on) values ('9999_future', now())`)
    expect((await migrationState(pool)).unknown).toEqual(['9999_future'])
    for (const direction of ['up', 'down'] as const) {
      await expect(migrate(pool, direction)).rejects.toMatchObject({
        code: 'schema-mismatch',
        message: expect.stringContaining('9999_future') as string,
      })
    }
    expect((await migrationState(pool)).applied).toEqual([...pending, '9999_future'])
  } finally {
    await database.close()
  }
})

function rethrow(error: Error): void {
  throw error
}

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { describeSchema } from './describe-schema.ts'
import { openTestDatabase } from './open-test-database.ts'

const migrations = new URL('../migrations/', import.meta.url)

function describeMigrationFiles(): string {
  return readdirSync(migrations)
    .sort()
    .map((name) => {
      const content = readFileSync(new URL(name, migrations))
      return `migration ${name} ${createHash('sha256').update(content).digest('hex')}\n`
    })
    .join('')
}

// A merged migration is never edited: write the next one, and look at what it changes in the snapshot
// (npx vitest run --project unit test/schema.test.ts -u).
it('the migrations and the schema they make are those of the snapshot', async () => {
  await using database = await openTestDatabase()
  const schema = await describeSchema(database.pool)
  await expect(`${describeMigrationFiles()}\n${schema}`).toMatchFileSnapshot('schema.snapshot.txt')
})

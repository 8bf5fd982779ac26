import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { expect, it } from 'vitest'
import { currentRole, grantService } from '../src/db/grant-service.ts'
import { migrate } from '../src/db/migrate.ts'
import { prepareQueues } from '../src/jobs/queue.ts'
import { startPostgres } from './real-postgres.ts'
import { ROOT } from './source-tree.ts'

it('lets the owner of the compose file migrate, and the service change rows and no table', async () => {
  await using server = await startPostgres(16)
  await runAsSuperuser(server, ['-c', 'create database footnote'])
  const database = urlOf(server.url, { database: 'footnote' })
  const roles = join(ROOT, 'deploy', 'init-roles.sql')
  await runAsSuperuser({ ...server, url: database }, ['-f', roles])
  await using owner = openPool(urlOf(database, { user: 'footnote_owner' }))
  await using service = openPool(urlOf(database, { user: 'footnote_service' }))

  await migrate(owner.pool, 'up')
  await prepareQueues(owner.pool)
  await grantService(owner.pool, await currentRole(service.pool))

  const { rowCount } = await service.pool.query('update corpus set revision = revision + 1')
  expect(rowCount).toBe(1)
  await expect(service.pool.query('create table mine (id integer)')).rejects.toThrow(
    'permission denied',
  )
  await expect(service.pool.query('drop table corpus')).rejects.toThrow('must be owner')
})

/** With psql, as the image does: the file uses its commands. */
async function runAsSuperuser(
  { bin, url }: { readonly bin: string; readonly url: string },
  parameters: readonly string[],
): Promise<void> {
  const env = { ...process.env, DB_OWNER_PASSWORD: "o'wner", DB_SERVICE_PASSWORD: 'service' }
  const options = ['--no-psqlrc', '-v', 'ON_ERROR_STOP=1', '-d', url]
  await promisify(execFile)(join(bin, 'psql'), [...options, ...parameters], { env })
}

function urlOf(url: string, parts: { readonly user?: string; readonly database?: string }): string {
  const changed = new URL(url)
  if (parts.user !== undefined) changed.username = parts.user
  if (parts.database !== undefined) changed.pathname = parts.database
  return changed.href
}

function openPool(url: string): { readonly pool: pg.Pool } & AsyncDisposable {
  const pool = new pg.Pool({ connectionString: url, max: 2 })
  return { pool, [Symbol.asyncDispose]: () => pool.end() }
}

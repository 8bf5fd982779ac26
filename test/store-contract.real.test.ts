import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toDatabaseError } from '../src/db/database-errors.ts'
import { transaction, type Database } from '../src/db/database.ts'
import { currentRole, grantService } from '../src/db/grant-service.ts'
import { migrate, migrationState } from '../src/db/migrate.ts'
import { openDatabase } from '../src/db/open-database.ts'
import { openQueue, prepareQueues } from '../src/jobs/queue.ts'
import { publishArticle, updateArticleDetails } from '../src/store/publish-article.ts'
import { describeSchema } from './describe-schema.ts'
import { openTestDatabase } from './open-test-database.ts'
import { startPostgres, type RealPostgres } from './real-postgres.ts'
import { describeStore } from './store-contract.ts'
import { sketchArticle } from './store/article-sketch.ts'
import { emptyLibrary, libraryUnderTest } from './store/library-under-test.ts'

const SERVICE = 'footnote_service'

describe.each([16, 18] as const)('Postgres %i', (version) => {
  let server: RealPostgres | undefined
  beforeAll(async () => {
    server = await startPostgres(version)
  })
  afterAll(() => server?.stop())

  const open = (change: { readonly database?: string; readonly user?: string } = {}) => {
    const url = new URL(server?.url ?? '')
    if (change.database !== undefined) url.pathname = change.database
    if (change.user !== undefined) url.username = change.user
    return asDisposable(openDatabase({ url: url.href, dataDir: '', onError: rethrow }))
  }
  /** A database of its own, with the schema and the queues made by its owner. */
  const create = async (database: string) => {
    await using administrator = open()
    await administrator.pool.query('create database ' + database)
    const owner = open({ database })
    await migrate(owner.pool, 'up')
    await prepareQueues(owner.pool)
    return owner
  }

  describeStore('the store on the server', () => create('owned'))

  describeStore(
    'the store as the service’s role',
    async () => {
      await using owner = await create('served')
      await owner.pool.query('create role footnote_service login')
      await grantService(owner.pool, SERVICE)
      return open({ database: 'served', user: SERVICE })
    },
    { canMigrate: false },
  )

  describe('the service’s role', () => {
    const openService = () => open({ database: 'served', user: SERVICE })

    it.each([
      'create table anything (id integer)',
      'create table pgboss.anything (id integer)',
      'create index on article (title)',
      'alter table article add column anything text',
      'drop table article',
      'truncate article',
      'create schema anything',
      'drop extension vector',
      'alter table pgboss.job add column anything text',
    ])('may not: %s', async (statement) => {
      await using service = openService()
      await expect(service.pool.query(statement)).rejects.toMatchObject({ code: '42501' })
    })

    it('sends and works jobs', async () => {
      await using service = openService()
      expect(await currentRole(service.pool)).toBe(SERVICE)
      const queue = await openQueue({ pool: service.pool, onError: rethrow })
      try {
        const worked = new Promise((resolve) => {
          const handlers = {
            run: (data: object) => Promise.resolve(resolve(data)),
            giveUp: () => Promise.resolve(),
          }
          void queue.work('embed-article', handlers)
        })
        await queue.send('embed-article', { articleId: 'art_1' })
        expect(await worked).toEqual({ articleId: 'art_1' })
      } finally {
        await queue.stop()
      }
    })
  })

  describe('two at once', () => {
    it('bring the schema up once, and neither fails', async () => {
      await using administrator = open()
      await administrator.pool.query('create database twice')
      const starts = [0, 1].map(async () => {
        await using one = open({ database: 'twice' })
        return migrate(one.pool, 'up')
      })
      const applied = await Promise.all(starts)
      await using owner = open({ database: 'twice' })
      const state = await migrationState(owner.pool)
      expect(applied.flat()).toEqual(state.applied)
      expect(state.pending).toEqual([])
    })

    it('write one article without locking each other out', async () => {
      await using database = open({ database: 'owned' })
      await emptyLibrary(database.pool)
      const library = libraryUnderTest(() => database)
      const feedId = await library.addFeed()
      const { articleId } = await library.publish(feedId, { guid: 'a', title: '0' })
      const writes = Array.from({ length: 40 }, (_, at) =>
        transaction(database, async (client) => {
          const article = sketchArticle(feedId, { guid: 'a', title: `${at}` })
          if (at % 2 === 0) await publishArticle(client, article)
          else await updateArticleDetails(client, articleId, article)
        }),
      )
      await Promise.all(writes)
    })

    it('read the old article or the new one while it is published', async () => {
      await using database = open({ database: 'owned' })
      await emptyLibrary(database.pool)
      const library = libraryUnderTest(() => database)
      const feedId = await library.addFeed()
      const publish = (word: string) => {
        const chunks = [{ sentences: [`One ${word}.`] }, { sentences: [`Two ${word}.`] }]
        return library.publish(feedId, { guid: 'a', title: 'A', chunks })
      }
      await publish('walrus')
      let isPublishing = true
      const reading = (async () => {
        const seen = new Set<number>()
        while (isPublishing) seen.add((await library.byKeyword('walrus dolphin')).length)
        return seen
      })()
      for (let round = 0; round < 20; round += 1)
        await publish(round % 2 === 0 ? 'dolphin' : 'walrus')
      isPublishing = false
      expect(await reading).toEqual(new Set([2]))
    })
  })

  it('has the same schema as the embedded database', async () => {
    await using embedded = await openTestDatabase()
    await using database = open({ database: 'owned' })
    expect(await describeSchema(database.pool)).toBe(await describeSchema(embedded.pool))
  })

  describe('a connection that the server ends', () => {
    it('fails its transaction and not the process, and the next one works', async () => {
      const lost: Error[] = []
      await using database = asDisposable(
        openDatabase({ url: server?.url, dataDir: '', onError: (error) => lost.push(error) }),
      )
      await using administrator = open()
      const failing = transaction(database, async (client) => {
        const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
        await administrator.pool.query('select pg_terminate_backend($1::integer)', [rows[0]?.pid])
        await expect.poll(() => lost.length).toBeGreaterThan(0)
        await client.query('select 1')
      })
      const error: unknown = await failing.catch((reason: unknown) => reason)
      expect(toDatabaseError(error).code).toBe('database-unavailable')
      expect((await database.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    })

    it('is heard of when it was idle, too', async () => {
      const lost: Error[] = []
      await using database = asDisposable(
        openDatabase({ url: server?.url, dataDir: '', onError: (error) => lost.push(error) }),
      )
      await using administrator = open()
      const { rows } = await database.pool.query<{ pid: number }>('select pg_backend_pid() as pid')
      await administrator.pool.query('select pg_terminate_backend($1::integer)', [rows[0]?.pid])
      await expect.poll(() => lost.length).toBe(1)
      expect((await database.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    })
  })

  it('is said to be away when it is', async () => {
    await using away = asDisposable(
      openDatabase({ url: 'postgres://nobody@127.0.0.1:1/none', dataDir: '', onError: rethrow }),
    )
    const error: unknown = await away.pool.query('select 1').catch((reason: unknown) => reason)
    expect(toDatabaseError(error).code).toBe('database-unavailable')
  })
})

function asDisposable(database: Database): Database & AsyncDisposable {
  return { ...database, [Symbol.asyncDispose]: () => database.close() }
}

function rethrow(error: Error): void {
  throw error
}

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { toDatabaseError } from '../src/db/database-errors.ts'
import type { Database } from '../src/db/database.ts'
import { MIN_FREE_BYTES } from '../src/db/embedded.ts'
import { migrate } from '../src/db/migrate.ts'
import { openDatabase } from '../src/db/open-database.ts'
import { AppError } from '../src/errors.ts'
import { listArticles } from '../src/store/articles.ts'
import { findBrokenInvariants } from './library-invariants.ts'
import { mountSmallDisk, whyNoSmallDisk, type SmallDisk } from './small-disk.ts'
import { libraryUnderTest, type LibraryUnderTest } from './store/library-under-test.ts'

/** With its first log and an empty library the database takes about 40 MB. */
const DISK_MEGABYTES = 150
const STATEMENT_TIMEOUT_MS = 4_000
const ENDLESS = 'select count(*) from generate_series(1, 1e12)'

const reason = whyNoSmallDisk()
const title = reason === undefined ? 'a full disk' : `a full disk: left out, since ${reason}`

describe.skipIf(reason !== undefined)(title, () => {
  let disk: SmallDisk
  beforeEach(() => {
    disk = mountSmallDisk(DISK_MEGABYTES)
  })
  // Also after a test that hung, whose own blocks never end.
  afterEach(() => {
    disk.unmount()
  })

  // The first is short of space for rows, the second has it, and not for the next 16 MB of the log.
  it.each([0, 12])('with %i MB left loses nothing, and goes on with space', async (left) => {
    await using database = open(disk.folder)
    await migrate(database.pool, 'up')
    const library = libraryUnderTest(() => database)
    const feedId = await library.addFeed()
    const acknowledged: string[] = []
    await publishUntilFull(library, { feedId, acknowledged, most: 3 })
    disk.fill(left)
    expect(database.freeBytes()).toBeLessThan(MIN_FREE_BYTES)

    for (let times = 0; times < 3; times += 1) {
      expect(await publishUntilFull(library, { feedId, acknowledged })).toBe('storage-full')
      // It panics where it has no space for a file of its own; the next statement starts it again.
      for (const statement of ['checkpoint', 'select count(*) from article'])
        expect([undefined, 'storage-full']).toContain(await codeOf(database.pool.query(statement)))
    }

    disk.free()
    const titles = await titlesOf(library)
    expect(acknowledged.filter((name) => !titles.includes(name))).toEqual([])
    expect(await findBrokenInvariants(database.pool)).toEqual([])
    await publishUntilFull(library, { feedId, acknowledged, most: 20 })
    await database.close()

    await using again = open(disk.folder)
    const reopened = libraryUnderTest(() => again)
    expect((await titlesOf(reopened)).toSorted()).toEqual(acknowledged.toSorted())
    expect(await findBrokenInvariants(again.pool)).toEqual([])
  })

  it('is what is said of a statement that its deadline had to end', async () => {
    await using database = open(disk.folder)
    await database.pool.query('create table kept as select 1 as one')
    disk.fill(0)
    expect(await codeOf(database.pool.query(ENDLESS))).toBe('storage-full')
    disk.free()
    expect((await database.pool.query('select * from kept')).rows).toEqual([{ one: 1 }])
  })
})

function open(dataDir: string): Database & AsyncDisposable {
  const database = openDatabase({
    url: undefined,
    dataDir,
    onError: () => undefined,
    embeddedTimeoutMs: STATEMENT_TIMEOUT_MS,
  })
  let closed: Promise<void> | undefined
  const close = () => (closed ??= database.close())
  return { ...database, close, [Symbol.asyncDispose]: close }
}

interface Publishing {
  readonly feedId: string
  /** Titles of all that was published without an error, so far. */
  readonly acknowledged: string[]
  readonly most?: number
}

/** The code of the error that ended it, or undefined. */
async function publishUntilFull(
  library: LibraryUnderTest,
  { feedId, acknowledged, most = 10_000 }: Publishing,
): Promise<string | undefined> {
  for (let times = 0; times < most; times += 1) {
    const name = `Article ${acknowledged.length}`
    const sentences = Array.from(
      { length: 20 },
      (_, at) => `${title} says ${at} ${'x'.repeat(90)}.`,
    )
    const chunks = Array.from({ length: 10 }, () => ({ sentences }))
    const code = await codeOf(library.publish(feedId, { title: name, chunks }))
    if (code !== undefined) return code
    acknowledged.push(name)
  }
  return undefined
}

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work
    return undefined
  } catch (error) {
    return error instanceof AppError ? error.code : toDatabaseError(error).code
  }
}

async function titlesOf(library: LibraryUnderTest): Promise<readonly string[]> {
  const articles = await listArticles(library.pool, {}, { after: null, limit: 100_000 })
  return articles.map((article) => article.title)
}

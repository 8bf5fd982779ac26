import { afterEach, describe, expect, it } from 'vitest'
import { isVectorSizeError } from '../../src/db/database-errors.ts'
import { transaction } from '../../src/db/database.ts'
import { deleteFeed } from '../../src/store/delete-feed.ts'
import { searchVectors } from '../../src/store/search-vectors.ts'
import {
  buildVectorIndex,
  EMBEDDED_INDEXED_TO,
  hasVectorIndex,
  isTooLarge,
} from '../../src/store/vector-index.ts'
import { measureVectorRecall } from '../../src/store/vector-recall.ts'
import { axis, MODEL } from './article-sketch.ts'
import type { LibraryUnderTest } from './library-under-test.ts'

/** For the role that owns the schema. */
export function describeVectorIndex(library: LibraryUnderTest): void {
  const build = (indexedFrom = 4, signal = new AbortController().signal) =>
    buildVectorIndex(library.pool, { model: MODEL, engine: library.engine, signal, indexedFrom })

  afterEach(async () => {
    const { rows } = await library.pool.query<{ statement: string }>(
      `select format('drop index %I', pg_class.relname) as statement from pg_class
       where pg_class.relname like 'chunk\\_embedding\\_%'`,
    )
    for (const { statement } of rows) await library.pool.query(statement)
  })

  it.each([
    { engine: 'embedded', chunks: EMBEDDED_INDEXED_TO, dimensions: 384, expected: false },
    { engine: 'embedded', chunks: EMBEDDED_INDEXED_TO + 1, dimensions: 384, expected: true },
    { engine: 'embedded', chunks: EMBEDDED_INDEXED_TO + 1, dimensions: 8, expected: true },
    // Longer vectors take as much longer.
    { engine: 'embedded', chunks: 10_000, dimensions: 1_024, expected: true },
    { engine: 'server', chunks: 1_000_000, dimensions: 1_024, expected: false },
    { engine: 'server', chunks: 10_000, dimensions: 2_001, expected: true },
  ] as const)(
    'whether $chunks chunks of $dimensions dimensions are too large for an index ($engine): $expected',
    ({ expected, ...library }) => {
      expect(isTooLarge(library)).toBe(expected)
    },
  )

  async function publishSome(): Promise<string> {
    const feedId = await library.addFeed()
    const publish = (title: string, author: string, at: 0 | 1 | 2 | 3) =>
      library.publish(feedId, {
        title,
        author,
        chunks: [
          { sentences: ['Same.'], vector: axis(at) },
          { sentences: ['Same.'], vector: axis(at) },
        ],
      })
    await publish('Near', 'Ada', 0)
    await publish('Far', 'Ada', 1)
    await publish('Other', 'Grace', 2)
    return feedId
  }

  it('is built once the library is large enough, and once', async () => {
    expect(await build()).toBe('not-needed')
    await publishSome()
    expect(await build(7)).toBe('not-needed')
    expect(await hasVectorIndex(library.pool, MODEL)).toBe(false)
    expect(await build()).toBe('built')
    expect(await hasVectorIndex(library.pool, MODEL)).toBe(true)
    expect(await hasVectorIndex(library.pool, 'other-model')).toBe(false)
    expect(await build()).toBe('present')
  })

  it('is built anew where a build was cut off', async () => {
    await publishSome()
    await build()
    await library.pool.query(
      `update pg_index set indisvalid = false
       from pg_class where pg_class.oid = pg_index.indexrelid
         and pg_class.relname like 'chunk\\_embedding\\_%'`,
    )
    expect(await hasVectorIndex(library.pool, MODEL)).toBe(false)
    expect(await build()).toBe('built')
    expect(await hasVectorIndex(library.pool, MODEL)).toBe(true)
  })

  it('is left alone where another process has built it just now', async () => {
    await publishSome()
    const late = Object.create(library.pool) as typeof library.pool
    late.query = library.pool.query.bind(library.pool)
    late.connect = async () => {
      await build()
      return library.pool.connect()
    }
    const { signal } = new AbortController()
    const options = { model: MODEL, engine: library.engine, signal, indexedFrom: 4 }
    expect(await buildVectorIndex(late, options)).toBe('present')
  })

  it('goes when no vector of its model is left', async () => {
    const feedId = await publishSome()
    await build()
    const other = { model: 'other-model', engine: library.engine, indexedFrom: 9 }
    const lookByOther = () =>
      buildVectorIndex(library.pool, { ...other, signal: new AbortController().signal })
    const embedAgain = async (guid: string) =>
      library.publish(feedId, {
        title: guid,
        model: other.model,
        contentHash: 'new',
        chunks: [{ sentences: ['Same.'], vector: axis(0) }],
      })
    await embedAgain('Near')
    expect(await lookByOther()).toBe('not-needed')
    expect(await hasVectorIndex(library.pool, MODEL)).toBe(true)
    for (const guid of ['Far', 'Other']) await embedAgain(guid)
    expect(await build()).toBe('not-needed')
    expect(await hasVectorIndex(library.pool, MODEL)).toBe(true)
    expect(await lookByOther()).toBe('not-needed')
    expect(await hasVectorIndex(library.pool, MODEL)).toBe(false)
  })

  it('is not begun by a service that stops', async () => {
    await publishSome()
    await expect(build(4, AbortSignal.abort())).rejects.toThrow('abort')
    expect(await hasVectorIndex(library.pool, MODEL)).toBe(false)
    expect(await build()).toBe('built')
  })

  it('finds what the exact search finds, under filters and after a change, too', async () => {
    const feedId = await publishSome()
    const search = async () => [
      await library.byVector(axis(0)),
      await library.byVector(axis(2), { author: ['Ada', 'Grace'] }),
      await library.byVector(axis(0), { author: ['Grace'] }),
      await library.byVector(axis(0), { author: ['Nobody'] }),
    ]
    const exact = await search()
    await build()
    expect(await search()).toEqual(exact)
    expect(exact[0]).toHaveLength(6)
    const options = { filters: {}, limit: 2, model: MODEL }
    const hits = await transaction(library, (client) => searchVectors(client, axis(0), options))
    expect(hits.map(({ score }) => score)).toEqual([1, 1])
    const [hit] = hits
    const own = { ...options, limit: 9, articleId: hit?.articleId ?? '' }
    expect(await searchVectors(library.pool, axis(3), own)).toHaveLength(2)
    await transaction(library, (client) => deleteFeed(client, feedId))
    expect(await library.byVector(axis(0))).toEqual([])
  })

  it('says of a vector of another size that it is one, with an index and without', async () => {
    await publishSome()
    const search = () =>
      searchVectors(library.pool, [0.6, 0.8], { filters: {}, limit: 2, model: MODEL }).catch(
        (error: unknown) => error,
      )
    expect(isVectorSizeError(await search())).toBe(true)
    await build()
    expect(isVectorSizeError(await search())).toBe(true)
  })

  it('knows how much of the exact result it finds', async () => {
    const measure = (place: number) =>
      transaction(library, (client) => measureVectorRecall(client, MODEL, place), {
        isReadOnly: true,
      })
    expect(await measure(0)).toBeNull()
    await publishSome()
    await build()
    for (const place of [0, 0.5, 1]) expect(await measure(place)).toBe(1)
  })

  describe('a scan of it', () => {
    it('goes on under a filter, for this transaction alone', async () => {
      const show = `select current_setting('hnsw.iterative_scan', true) as scan`
      const inside = await transaction(library, async (client) => {
        await hasVectorIndex(client, MODEL)
        return client.query<{ scan: string }>(show)
      })
      expect(inside.rows).toEqual([{ scan: 'strict_order' }])
      const after = await library.pool.query<{ scan: string }>(show)
      expect(after.rows[0]?.scan).not.toBe('strict_order')
    })
  })
}

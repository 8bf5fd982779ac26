import { expect, it } from 'vitest'
import { migrate, migrationState } from '../../src/db/migrate.ts'
import { buildVectorIndex, hasVectorIndex } from '../../src/store/vector-index.ts'
import { describeSchema } from '../describe-schema.ts'
import { findBrokenInvariants } from '../library-invariants.ts'
import { MODEL } from './article-sketch.ts'
import type { LibraryUnderTest } from './library-under-test.ts'

export function describeMigrations(library: LibraryUnderTest): void {
  it('keep a filled library whole, whichever of them it is brought up from', async () => {
    const feedId = await library.addFeed()
    const chunks = [{ sentences: ['Whales sing by pg_notify.'] }, { sentences: ['Whales dive.'] }]
    await library.publish(feedId, { guid: 'a', title: 'Sea', chunks })
    const { signal } = new AbortController()
    const options = { model: MODEL, engine: library.engine, signal, indexedFrom: 1 }
    expect(await buildVectorIndex(library.pool, options)).toBe('built')
    const { applied } = await migrationState(library.pool)
    for (let count = 1; count < applied.length; count += 1) {
      await migrate(library.pool, 'down', { count })
      expect(await migrate(library.pool, 'up')).toEqual(applied.slice(-count))
      expect(await findBrokenInvariants(library.pool)).toEqual([])
      // Its table is made anew by 0004, and the service builds it again.
      const isIndexLost = applied.slice(-count).some((name) => name.startsWith('0004'))
      expect(await hasVectorIndex(library.pool, MODEL)).toBe(!isIndexLost)
      expect(await library.byKeyword('whales pg_notify')).toEqual(['Sea', 'Sea'])
    }
  })

  it('go down one by one and up again with rows present, to the same schema', async () => {
    const feedId = await library.addFeed()
    const sketch = { guid: 'a', title: 'Sea', chunks: [{ sentences: ['Whales sing.'] }] }
    await library.publish(feedId, sketch)
    const schema = await describeSchema(library.pool)
    const { applied } = await migrationState(library.pool)
    for (const name of applied.toReversed())
      expect(await migrate(library.pool, 'down')).toEqual([name])
    expect(await migrationState(library.pool)).toEqual({
      applied: [],
      pending: applied,
      unknown: [],
    })
    expect(await describeSchema(library.pool)).not.toContain('table')
    expect(await migrate(library.pool, 'up')).toEqual(applied)
    expect(await describeSchema(library.pool)).toBe(schema)
    expect(await findBrokenInvariants(library.pool)).toEqual([])
    await library.publish(await library.addFeed(), sketch)
    expect(await library.byKeyword('whales')).toEqual(['Sea'])
  })
}

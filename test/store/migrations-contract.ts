import { expect, it } from 'vitest'
import { migrate, migrationState } from '../../src/db/migrate.ts'
import { describeSchema } from '../describe-schema.ts'
import { findBrokenInvariants } from '../library-invariants.ts'
import type { LibraryUnderTest } from './library-under-test.ts'

export function describeMigrations(library: LibraryUnderTest): void {
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

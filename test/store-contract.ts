import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest'
import type { Database } from '../src/db/database.ts'
import { findBrokenInvariants } from './library-invariants.ts'
import { describeAnswers } from './store/answers-contract.ts'
import { describeEvaluations } from './store/evaluations-contract.ts'
import { describeFeeds } from './store/feeds-contract.ts'
import { emptyLibrary, libraryUnderTest } from './store/library-under-test.ts'
import { describeLibraryTexts } from './store/library-texts-contract.ts'
import { describeMigrations } from './store/migrations-contract.ts'
import { describeModels } from './store/models-contract.ts'
import { describePublishing } from './store/publishing-contract.ts'
import { describeRefreshes } from './store/refreshes-contract.ts'
import { describeReviews } from './store/reviews-contract.ts'
import { describeSearching } from './store/search-contract.ts'
import { describeTerms } from './store/terms-contract.ts'
import { describeVectorIndex } from './store/vector-index-contract.ts'

interface ContractOptions {
  /** Off where the schema belongs to another role. */
  readonly canMigrate?: boolean
}

/**
 * What the store promises, on whatever engine. `open` gives a database with its schema and its queues;
 * after each test the invariants of a library must hold.
 */
export function describeStore(
  name: string,
  open: () => Promise<Database & AsyncDisposable>,
  { canMigrate = true }: ContractOptions = {},
): void {
  describe(name, () => {
    let database: (Database & AsyncDisposable) | undefined
    const library = libraryUnderTest(() => {
      if (database === undefined) throw new Error('The database did not open.')
      return database
    })
    beforeAll(async () => {
      database = await open()
    })
    afterAll(() => database?.[Symbol.asyncDispose]())
    beforeEach(() => emptyLibrary(library.pool))
    afterEach(async () => {
      expect(await findBrokenInvariants(library.pool)).toEqual([])
    })
    describePublishing(library)
    describeSearching(library)
    describe('the terms of a question', () => describeTerms(library))
    describe('embedding models', () => describeModels(library))
    describeFeeds(library)
    describeRefreshes(library)
    describeAnswers(library)
    describeReviews(library)
    describeEvaluations(library)
    describeLibraryTexts(library)
    if (canMigrate) describe('the index of vectors', () => describeVectorIndex(library))
    if (canMigrate) describe('migrations', () => describeMigrations(library))
  })
}

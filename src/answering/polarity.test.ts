import { describe, expect, it } from 'vitest'
import { foundChunk } from '../../test/found-chunk.ts'
import { toPassage } from '../retrieval/passages.ts'
import { toClaim, toEvidence } from './choose-evidence.ts'
import { contradicts } from './polarity.ts'

function isContrary(text: string, evidence: string, question = ''): boolean {
  const found = foundChunk([evidence])
  return contradicts(
    toClaim(text, { question, similarity: new Map() }),
    toEvidence([toPassage(found, found.sentences)]),
  )
}

describe('a claim contradicts its evidence', () => {
  it.each([
    ['The queue does not lose jobs.', 'The queue loses jobs.'],
    ['The queue never loses jobs.', 'The queue loses jobs.'],
    ['The queue no longer loses jobs.', 'The queue loses jobs.'],
    ["Readers can't lock the table.", 'Readers lock the table.'],
    ['Readers lock the table.', 'Readers cannot lock the table.'],
    ['It starts with a database.', 'It starts without a database.'],
    ['It makes a new revision.', 'A change of the date makes no new revision.'],
    ['It does not make no new revision.', 'A change of the date makes no new revision.'],
    ['Migrations must not be run twice.', 'Run migrations twice.'],
    ['Kept answers cannot be stale.', 'Weigh the hit rate against how fresh the data is.'],
    ['The port is not 3000.', 'The port is 3000, but the host is not set.'],
  ])('by a denial: %s', (text, evidence) => {
    expect(isContrary(text, evidence)).toBe(true)
  })

  it.each([
    ['Inserts become 15% faster.', 'Inserts get slower by 15%.'],
    ['Caching increases latency.', 'Caching reduces latency.'],
    ['Check it after the release.', 'Check it before the release.'],
    ['The cache is unsafe.', 'The cache is safe.'],
    ['The setting enables retries.', 'The setting disables retries.'],
    ['Use a less efficient and more powerful model.', 'Use a more efficient, more powerful model.'],
  ])('by an opposite: %s', (text, evidence) => {
    expect(isContrary(text, evidence)).toBe(true)
  })

  it.each([
    ['Yes, it is safe.', 'The cache is not safe to use.', 'Is it safe?'],
    ['Yes, the cache is not safe.', 'The cache is not safe to use.', 'Is the cache safe?'],
    ['No, the cache is safe to use.', 'The cache is safe to use.', 'Is the cache safe?'],
  ])('by its yes or no: %s', (text, evidence, question) => {
    expect(isContrary(text, evidence, question)).toBe(true)
  })
})

describe('a claim goes with its evidence', () => {
  it.each([
    ['The queue loses jobs.', 'The queue loses jobs.'],
    ['It does not block reads.', 'It never blocks reads.'],
    ['It is not used.', 'The index stayed unused.'],
    ['It not only stores rows.', 'It stores rows and more.'],
    ['A worker stores rows.', 'A worker stores rows, but it does not delete them.'],
    ['Copy from the old table to the new table.', 'Create a new table, then copy the data.'],
    ['It is not slower.', 'It is faster.'],
    ['Only its user can enter the folder.', 'Others cannot enter the folder.'],
  ])('%s', (text, evidence) => {
    expect(isContrary(text, evidence)).toBe(false)
  })

  it.each([
    ['Yes, the cache is safe.', 'The cache is safe.', 'Is the cache safe?'],
    ['No, the cache is not safe.', 'The cache is not safe.', 'Is the cache safe?'],
    ['No, it takes 5 seconds.', 'It takes 5 seconds.', 'Does it take 9 seconds?'],
  ])('with its yes or no: %s', (text, evidence, question) => {
    expect(isContrary(text, evidence, question)).toBe(false)
  })

  it('whatever a comment in its code denies', () => {
    const code = 'def warm():\n    # never raise twice\n    model = load()'
    expect(isContrary('It will raise and warm.', code)).toBe(false)
    expect(isContrary('The function does not load it.', code)).toBe(true)
  })
})

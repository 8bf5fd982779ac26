import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../src/db/database.ts'
import { hashLibrary } from '../src/store/library-texts.ts'
import { openTestDatabase } from '../test/open-test-database.ts'
import { ANSWERABLE, NEAR_MISS } from '../test/test-golden-set.ts'
import { findDifferences, takeFingerprints } from './fingerprints.ts'
import { NO_PLAN, type RunPlan } from './run-plan.ts'

const PLAN: RunPlan = {
  ...NO_PLAN,
  arms: ['extracted'],
  cases: [ANSWERABLE, NEAR_MISS],
  hashes: { [ANSWERABLE.id]: 'aaaa', [NEAR_MISS.id]: 'bbbb' },
}

const CONFIGURATION = { chat: 'llama:some', chatWeights: 'c0ffee', embedding: 'onnx:some' }

let database: Database & AsyncDisposable

beforeAll(async () => {
  database = await openTestDatabase()
})

afterAll(() => database[Symbol.asyncDispose]())

function take(changes: { plan?: Partial<RunPlan>; asksChat?: boolean } = {}) {
  return takeFingerprints({
    db: database.pool,
    plan: { ...PLAN, ...changes.plan },
    configuration: CONFIGURATION,
    asksChat: changes.asksChat ?? true,
  })
}

describe('the fingerprints of a run', () => {
  it('are the same twice, and hold what an answer depends on', async () => {
    const taken = await take()
    expect(taken).toMatchObject({ ...CONFIGURATION, corpus: await hashLibrary(database.pool) })
    for (const name of ['set', 'prompt']) {
      expect(taken[name]).toMatch(/^[0-9a-f]{16}$/)
    }
    expect(taken).toHaveProperty('commit')
    expect(await take()).toEqual(taken)
  })

  it('say nothing of a chat model that is not asked', async () => {
    const taken = await take({ asksChat: false })
    expect(taken).toMatchObject({ chat: null, chatWeights: null, embedding: 'onnx:some' })
  })

  it.each([
    ['a case is another', { hashes: { ...PLAN.hashes, [ANSWERABLE.id]: 'cccc' } }],
    ['a case is gone', { hashes: { [ANSWERABLE.id]: 'aaaa' } }],
  ])('are of another set where %s', async (_what, plan) => {
    expect(findDifferences(await take(), await take({ plan }))).toEqual(['set'])
  })
})

describe('the set of a run', () => {
  it('is the whole one, whichever of its cases are asked', async () => {
    const part = await take({ plan: { cases: [ANSWERABLE] } })
    expect(findDifferences(await take(), part)).toEqual([])
  })
})

describe('the differences of two', () => {
  it.each([
    [{ a: '1' }, { a: '1' }, []],
    [{ a: '1' }, { a: '2' }, ['a']],
    [{ a: '1' }, {}, ['a']],
    [{}, { b: '1' }, ['b']],
    [{ a: null }, {}, []],
    [{ a: null }, { a: '1' }, ['a']],
    // What is mended may be what had stopped the run.
    [{ commit: '1', a: '1' }, { commit: '2', a: '1' }, []],
    [{ a: '1', b: '1', c: '1' }, { a: '2', b: '1', d: '1' }, ['a', 'c', 'd']],
  ])('%j and %j are %j', (then, now, names) => {
    expect(findDifferences(then, now)).toEqual(names)
  })
})

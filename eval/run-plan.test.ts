import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { madeBaseline } from '../test/made-baseline.ts'
import { openTestServices, type TestServices } from '../test/open-test-services.ts'
import { LIBRARY, toRss } from '../test/test-feed.ts'
import { ANSWERABLE, FOLLOW_UP, NEAR_MISS, toSet } from '../test/test-golden-set.ts'
import type { GoldenSet } from './golden-set.ts'
import { loadLibrary, type Library } from './library.ts'
import {
  casesOf,
  NO_PLAN,
  parsePlan,
  planRun,
  REVIEWED_SET,
  taskKey,
  tasksOf,
  type RunPlan,
} from './run-plan.ts'

const GUIDS = ['listening', 'baking', 'heating']

let test: TestServices
let library: Library
let set: GoldenSet

beforeAll(async () => {
  test = await openTestServices()
  await test.readFeed(test.writeFeed(toRss(LIBRARY)))
  library = await loadLibrary(test.services.database.pool, GUIDS)
  set = { ...toSet(), articles: hashesOf(GUIDS) }
})

afterAll(() => test[Symbol.asyncDispose]())

function hashesOf(guids: readonly string[]): Record<string, string> {
  return Object.fromEntries(guids.map((guid) => [guid, library.get(guid)?.hash ?? 'gone']))
}

function plan(changes: Partial<Parameters<typeof planRun>[0]> = {}): Promise<RunPlan> {
  return planRun({
    set,
    only: null,
    newerThan: null,
    baseline: null,
    request: {},
    arms: ['extracted'],
    library,
    labelled: [],
    db: test.services.database.pool,
    ...changes,
  })
}

const BASELINE = madeBaseline([])
const without = (...guids: readonly string[]): Library =>
  new Map([...library].filter(([guid]) => !guids.includes(guid)))

const invalid = (part: string) =>
  expect.objectContaining({
    code: 'invalid-request',
    message: expect.stringContaining(part) as string,
  }) as Error

describe('a plan', () => {
  it('holds what is asked, and what was known of the articles', async () => {
    const planned = await plan({ arms: ['extracted', 'keyword'], labelled: ['key'] })
    expect(planned).toMatchObject({
      arms: ['extracted', 'keyword'],
      repeat: 1,
      cases: set.cases,
      hidden: [],
      heldOut: [],
      missing: [],
      articles: set.articles,
      newer: [],
      floors: null,
      labelled: ['key'],
      hasBaseline: false,
    })
    expect(Object.keys(planned.hashes)).toEqual(['ls-001', 'ls-002', 'ls-003'])
    expect(parsePlan(JSON.parse(JSON.stringify(planned)))).toEqual(planned)
  })

  it('knows the hash of every case of the set, whichever are asked', async () => {
    const only = new Set(['ls-001', 'ls-003'])
    const planned = await plan({ only, request: { filter: 'id=ls-001' } })
    expect(planned.cases.map(({ id }) => id)).toEqual(['ls-001'])
    expect(Object.keys(planned.hashes)).toHaveLength(3)
  })

  it('is none where a quote is not in its article, which is as the set knows it', async () => {
    const evidence = [{ article: 'listening', quote: 'nobody wrote this' }]
    const wrong = { ...set, cases: [{ ...ANSWERABLE, evidence }, NEAR_MISS] }
    await expect(plan({ set: wrong })).rejects.toThrow(invalid('nobody wrote this'))
  })

  it('holds a case out whose article has changed', async () => {
    const evidence = [{ article: 'listening', quote: 'nobody wrote this' }]
    const moved = {
      ...set,
      cases: [{ ...ANSWERABLE, evidence }],
      articles: { ...set.articles, listening: 'another text' },
    }
    expect((await plan({ set: moved })).heldOut.map(({ caseId }) => caseId)).toEqual(['ls-001'])
  })
})

describe('an article that the library lacks', () => {
  it('is a fault of the set where there is no baseline, which would find it', async () => {
    const lacking = { library: without('baking') }
    await expect(plan(lacking)).rejects.toThrow(invalid('lacks 1 of the 3 articles'))
    await expect(plan(lacking)).rejects.toThrow(invalid('such as baking'))
  })

  it('is a regression to be found where there is one', async () => {
    const planned = await plan({ library: without('baking'), baseline: BASELINE })
    expect(planned).toMatchObject({ missing: ['baking'], hasBaseline: true })
    expect(Object.keys(planned.articles).toSorted()).toEqual(['heating', 'listening'])
  })

  it('makes it another library where half of them are missing', async () => {
    // 2 of 3 is more than half, 2 of 4 is half.
    const two = { library: without('baking', 'heating'), baseline: BASELINE }
    await expect(plan(two)).rejects.toThrow(invalid('lacks 2 of the 3 articles'))
    const ofFour = { ...set, articles: { ...set.articles, gone: 'gone' } }
    const half = { set: ofFour, library: without('baking'), baseline: BASELINE }
    await expect(plan(half)).rejects.toThrow(invalid('lacks 2 of the 4 articles'))
  })

  it('is no fault of cases that were kept from reviews: those that need it are held out', async () => {
    const kept = { ...set, name: REVIEWED_SET, articles: {} }
    const planned = await plan({ set: kept, library: without('listening') })
    expect(planned.missing).toEqual(['listening'])
    const why = 'listening is no longer in the library'
    expect(planned.heldOut).toEqual([
      { caseId: 'ls-001', why },
      { caseId: 'ls-003', why },
    ])
    expect((await plan({ set: kept })).heldOut).toEqual([])
  })
})

describe('the newer articles of a plan', () => {
  const LONG_AGO = new Date(0)
  const newerOf = async (changes: Parameters<typeof plan>[0]) =>
    (await plan({ newerThan: LONG_AGO, ...changes })).newer

  it('are those that came after a time', async () => {
    const small = { ...set, articles: hashesOf(['listening']) }
    expect(await newerOf({ set: small })).toEqual(['baking', 'heating'])
    expect(await newerOf({ set: small, newerThan: new Date(Date.now() + 60_000) })).toEqual([])
  })

  it('are none that the set or its baseline knows', async () => {
    const small = { ...set, articles: hashesOf(['listening']) }
    const baseline = { ...BASELINE, articles: { baking: 'some-hash' } }
    expect(await newerOf({ set: small, baseline })).toEqual(['heating'])
    expect(await newerOf({})).toEqual([])
  })

  it('are none where no time is known', async () => {
    expect(await newerOf({ set: { ...set, articles: {} }, newerThan: null })).toEqual([])
  })
})

describe('the questions of a plan', () => {
  const names = (planned: RunPlan) =>
    tasksOf(planned).map(({ arm, golden, repetition }) =>
      taskKey({ arm, repetition, caseId: golden.id }),
    )

  it('are every case of every arm, as often as it is asked', async () => {
    const only = new Set(['ls-001', 'ls-002'])
    const planned = await plan({ arms: ['keyword', 'vector'], only, request: { repeat: 2 } })
    expect(names(planned)).toEqual([
      'keyword ls-001 1',
      'keyword ls-002 1',
      'vector ls-001 1',
      'vector ls-002 1',
      'keyword ls-001 2',
      'keyword ls-002 2',
      'vector ls-001 2',
      'vector ls-002 2',
    ])
  })

  it('are those that have an answer, where their evidence is given', async () => {
    expect(names(await plan({ arms: ['gold-evidence'] }))).toEqual([
      'gold-evidence ls-001 1',
      'gold-evidence ls-003 1',
    ])
  })

  it('are near misses, where their evidence is hidden and stands nowhere else', async () => {
    const planned = await plan({ arms: ['hidden-evidence'] })
    expect(planned.hidden).toEqual(['ls-001', 'ls-003'])
    expect(casesOf('hidden-evidence', planned)).toMatchObject([
      { id: 'ls-001', articles: [], tags: ['near-miss'] },
      { id: 'ls-003', articles: [], turns: FOLLOW_UP.turns },
    ])
    const elsewhere = { ...ANSWERABLE, facts: [['240', '8000 bytes']] }
    const other = { ...set, cases: [elsewhere, FOLLOW_UP] }
    expect((await plan({ set: other, arms: ['hidden-evidence'] })).hidden).toEqual(['ls-003'])
  })
})

describe('no plan', () => {
  it('asks nothing, and is read as it was kept', () => {
    expect(tasksOf(NO_PLAN)).toEqual([])
    expect(parsePlan(JSON.parse(JSON.stringify(NO_PLAN)))).toEqual(NO_PLAN)
  })
})

describe('a plan that is read', () => {
  it.each([null, 7, {}, { arms: [], cases: [] }, { arms: 'all', cases: [], hashes: {} }])(
    'is none: %j',
    (value) => {
      expect(() => parsePlan(value)).toThrow('A run’s plan cannot be read.')
    },
  )
})

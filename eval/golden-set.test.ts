import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readFeedTexts } from '../golden-set/write-set.ts'
import { REAL_FEED, whyNoRealFeed } from '../test/running-service.ts'
import { ANSWERABLE, FOLLOW_UP, NEAR_MISS } from '../test/test-golden-set.ts'
import { checkSet } from './check-set.ts'
import { CASE_KINDS, isNearMiss, SPLITS, type GoldenCase } from './golden-case.ts'
import { parseCases } from './golden-set.ts'
import { goldenSetsDir, loadSet } from './set-folder.ts'

const reason = whyNoRealFeed()

function countBy(cases: readonly GoldenCase[], keysOf: (golden: GoldenCase) => readonly string[]) {
  const counts = new Map<string, number>()
  for (const key of cases.flatMap(keysOf)) counts.set(key, (counts.get(key) ?? 0) + 1)
  return Object.fromEntries(counts)
}

function ofSplit(cases: readonly GoldenCase[], split: string): readonly GoldenCase[] {
  return cases.filter((golden) => golden.split === split)
}

/** How far the halves are apart in what they are counted by. */
function differences(
  cases: readonly GoldenCase[],
  keysOf: (golden: GoldenCase) => readonly string[],
): readonly number[] {
  const [tuning = {}, test = {}] = SPLITS.map((split) => countBy(ofSplit(cases, split), keysOf))
  const keys = new Set([...Object.keys(tuning), ...Object.keys(test)])
  return [...keys].map((key) => Math.abs((tuning[key] ?? 0) - (test[key] ?? 0)))
}

describe('the lines of a set', () => {
  it('give the cases that are right, and the faults of the others from the top down', () => {
    const lines = [NEAR_MISS, { ...ANSWERABLE, facts: [] }, 'no case', '', FOLLOW_UP]
    const text = lines.map((line) => (line === '' ? '' : JSON.stringify(line))).join('\r\n')
    const { cases, faults } = parseCases(text, 'cases.jsonl')
    expect(cases).toEqual([NEAR_MISS, FOLLOW_UP])
    expect(faults).toEqual([
      {
        path: 'cases.jsonl:2',
        message:
          'ls-001: facts: must hold what a right answer has to say: a number, a name, a word or two',
      },
      { path: 'cases.jsonl:3', message: expect.stringContaining('expected object') as string },
    ])
  })
})

describe.each(['glad-labs', 'handbook'])('the set %s', (name) => {
  it('has every kind, and halves alike in kinds and articles', async () => {
    const { cases } = await loadSet(name)
    const kinds = Object.keys(countBy(cases, ({ kind }) => [kind]))
    // The handbook is of one day, so no question about it turns on time.
    const possible = CASE_KINDS.filter((kind) => name === 'glad-labs' || kind !== 'temporal')
    expect(kinds.toSorted()).toEqual(possible.toSorted())
    expect(Math.max(...differences(cases, ({ kind }) => [kind]))).toBeLessThanOrEqual(2)
    expect(Math.max(...differences(cases, (golden) => golden.articles))).toBeLessThanOrEqual(2)
  })

  it('asks each question once', async () => {
    const { cases } = await loadSet(name)
    expect(new Set(cases.map(({ question }) => question)).size).toBe(cases.length)
  })
})

describe('the set on the real feed', () => {
  it('has the cases that were promised', async () => {
    const { cases } = await loadSet('glad-labs')
    expect(countBy(cases, ({ split }) => [split])).toEqual({ tuning: 100, test: 100 })
    const kinds = countBy(cases, ({ kind }) => [kind])
    expect(kinds).toMatchObject({ unanswerable: 60, followup: 20, multi: 20 })
    expect(cases.filter(isNearMiss)).toHaveLength(45)
    const articles = countBy(cases, (golden) => golden.articles)
    expect(Object.keys(articles)).toHaveLength(10)
    expect(Math.min(...Object.values(articles))).toBeGreaterThanOrEqual(10)
  })

  it.skipIf(reason)(
    `fits the feed it was written from${reason ? ` (${reason})` : ''}`,
    async () => {
      await expectFit('glad-labs', REAL_FEED)
    },
  )
})

describe('the set on the handbook', () => {
  it('has 60 cases, and near misses among them', async () => {
    const { cases } = await loadSet('handbook')
    expect(cases).toHaveLength(60)
    expect(cases.filter(isNearMiss).length).toBeGreaterThanOrEqual(10)
  })

  it('fits the handbook, and was written from it as it stands', async () => {
    const changed = await expectFit('handbook', join(goldenSetsDir, 'handbook', 'feed.xml'))
    const command = 'npx tsx golden-set/write-set.ts handbook golden-set/handbook/feed.xml'
    expect(changed, `Read the cases of these again, then: ${command}`).toEqual([])
  })
})

async function expectFit(name: string, feedFile: string): Promise<readonly string[]> {
  const { texts } = await readFeedTexts(feedFile)
  const { faults, missing, changed, heldOut } = checkSet(await loadSet(name), texts)
  expect({ faults, missing, heldOut }).toEqual({ faults: [], missing: [], heldOut: [] })
  return changed
}

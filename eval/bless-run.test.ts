import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { caseRow, wrongRow } from '../test/case-row.ts'
import { openTestDatabase } from '../test/open-test-database.ts'
import type { Database, Queryable } from '../src/db/database.ts'
import {
  endEvaluation,
  insertEvaluation,
  insertEvaluationRow,
  loadEvaluation,
  type StoredEvaluation,
} from '../src/store/evaluations.ts'
import { compareRuns, findNoise } from './bless-run.ts'
import type { EvaluatedCase } from './report.ts'
import { NO_PLAN } from './run-plan.ts'

let database: Database & AsyncDisposable

beforeAll(async () => {
  database = await openTestDatabase()
})

afterAll(() => database[Symbol.asyncDispose]())

afterEach(async () => {
  await database.pool.query('delete from evaluation')
})

interface RunSketch {
  readonly rows: readonly EvaluatedCase[]
  readonly fingerprints?: Readonly<Record<string, string | null>>
  readonly setName?: string
  readonly end?: 'done' | 'failed'
}

const CODE = { commit: 'c0ffee', chat: 'm1', set: 's1' }

/** Each a second after the one before it. */
async function keepRun(id: string, sketch: RunSketch): Promise<StoredEvaluation> {
  const { rows, fingerprints = CODE, setName = 'whales', end = 'done' } = sketch
  const { pool } = database
  await insertEvaluation(pool, {
    ...{ id, setName, origin: 'asked', request: {}, fingerprints, corpusRevision: 1 },
    plan: {
      ...NO_PLAN,
      arms: [...new Set(rows.map(({ arm }) => arm))],
      cases: rows.map(({ golden }) => golden),
      hashes: Object.fromEntries(rows.map(({ golden }) => [golden.id, `hash of ${golden.id}`])),
    },
    total: rows.length,
  })
  for (const { arm, golden, repetition, scores, stages, judge, error } of rows) {
    const result = error === null ? { scores, stages, judge } : null
    const name = { arm, caseId: golden.id, repetition, answerId: null }
    await insertEvaluationRow(pool, id, { ...name, result, error })
  }
  await endEvaluation(pool, id, { state: end })
  await pool.query(
    `update evaluation
     set created_at = now() + (select count(*) from evaluation) * interval '1 second'
     where evaluation.id = $1::text`,
    [id],
  )
  const run = await loadEvaluation(pool, id)
  if (run === undefined) throw new Error(`There is no run ${id}.`)
  return run
}

/** The database, and what it was asked. */
function watched() {
  const asked: string[] = []
  const db = {
    query: (text: string, values?: unknown[]) => {
      asked.push(text)
      return database.pool.query(text, values)
    },
  } as unknown as Queryable
  return { db, asked }
}

describe('the noise of a baseline', () => {
  const rows = [caseRow('one'), caseRow('two')]
  const noiseOf = async (run: StoredEvaluation) =>
    Object.fromEntries(await findNoise(database.pool, run, rows))

  it('is what differs from the latest other run of the same code', async () => {
    await keepRun('run_1', { rows: [wrongRow('one'), wrongRow('two')] })
    await keepRun('run_2', { rows: [caseRow('one'), wrongRow('two')] })
    const run = await keepRun('run_3', { rows })
    // One of the two cases has another outcome; what was found is the same.
    expect(await noiseOf(run)).toEqual({ system: { retrieval: 0, answers: 0.5, cases: 2 } })
  })

  it('is measured whatever is new in the set beside its cases', async () => {
    await keepRun('run_1', { rows, fingerprints: { ...CODE, set: 's2' } })
    const run = await keepRun('run_2', { rows })
    expect(await noiseOf(run)).toMatchObject({ system: { answers: 0, cases: 2 } })
  })

  it.each<[string, Partial<RunSketch>]>([
    ['of another commit', { fingerprints: { ...CODE, commit: 'decaf' } }],
    ['of another model', { fingerprints: { ...CODE, chat: 'm2' } }],
    ['of another target', { fingerprints: { ...CODE, target: 'http://host.example/' } }],
    ['of another set', { setName: 'seals' }],
    ['that failed', { end: 'failed' }],
    ['without its cases', { rows: [caseRow('three')] }],
    ['without its arm', { rows: [caseRow('one', { arm: 'keyword' })] }],
  ])('is not told by a run %s', async (_what, changes) => {
    await keepRun('run_1', { rows, ...changes })
    expect(await noiseOf(await keepRun('run_2', { rows }))).toEqual({})
  })

  it.each(['c0ffee-dirty', null])('is not known of the commit %s', async (commit) => {
    const fingerprints = { ...CODE, commit }
    await keepRun('run_1', { rows, fingerprints })
    expect(await noiseOf(await keepRun('run_2', { rows, fingerprints }))).toEqual({})
  })

  it('is looked for arm by arm, and no further than it is found', async () => {
    const keyword = [caseRow('one', { arm: 'keyword' })]
    await keepRun('run_1', { rows: [...rows, ...keyword] })
    await keepRun('run_2', { rows: [...rows, ...keyword] })
    await keepRun('run_3', { rows })
    const run = await keepRun('run_4', { rows: [...rows, ...keyword] })
    const { db, asked } = watched()
    const noise = await findNoise(db, run, [...rows, ...keyword])
    expect([...noise.keys()].toSorted()).toEqual(['keyword', 'system'])
    // The list of runs; both arms of run_3, which lacks one; that one of run_2; and run_1 not at all.
    expect(asked).toHaveLength(4)
  })
})

it('two runs are compared without a look at any other', async () => {
  await keepRun('run_1', { rows: [caseRow('one')] })
  const before = await keepRun('run_2', { rows: [caseRow('one')] })
  const now = await keepRun('run_3', { rows: [wrongRow('one')] })
  const { db, asked } = watched()
  const { flips } = await compareRuns(db, now, before)
  expect(flips).toMatchObject([{ caseId: 'one', arm: 'system', direction: 'broken' }])
  expect(asked.filter((text) => text.includes('from evaluation\n'))).toEqual([])
})

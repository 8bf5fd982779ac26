import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { loadBaseline } from '../../eval/set-folder.ts'
import { openTestDatabase } from '../../test/open-test-database.ts'
import { keepAnswer } from '../../test/store/answer-sketch.ts'
import { insertEvaluation, insertEvaluationRow } from '../store/evaluations.ts'
import { forgetAnswersHandlers } from './forget-answers.ts'

const NOW = new Date('2026-11-24T12:00:00Z')
let database: Awaited<ReturnType<typeof openTestDatabase>>

beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database[Symbol.asyncDispose]())
beforeEach(() => database.pool.query('delete from answer'))

async function keepFrom(time: string, ids: readonly string[]): Promise<void> {
  for (const id of ids) await keepAnswer(database as never, { id })
  await database.pool.query(
    'update answer set created_at = $2::timestamptz where answer.id = any($1::text[])',
    [ids, time],
  )
}

async function keepMany(count: number): Promise<void> {
  await database.pool.query(
    `insert into answer (id, created_at, status, question, corpus_revision, body, trace)
     select 'ans_' || number, timestamptz '2026-01-01', 'answered', '', 1, '{}', '{}'
     from generate_series(1, $1::integer) as number`,
    [count],
  )
}

async function remaining(): Promise<readonly string[]> {
  const { rows } = await database.pool.query<{ id: string }>('select id from answer order by id')
  return rows.map(({ id }) => id)
}

function forget(keepDays: number, { signal = new AbortController().signal } = {}): Promise<void> {
  return forgetAnswersHandlers({ database, keepDays, now: () => NOW }).run({}, signal)
}

describe('the hourly look at old answers', () => {
  it('deletes those that are older than the days they are kept', async () => {
    await keepFrom('2026-11-22T11:59:59Z', ['ans_old'])
    await keepFrom('2026-11-22T12:00:01Z', ['ans_new'])
    await forget(3)
    expect(await remaining()).toEqual(['ans_new', 'ans_old'])
    await forget(2)
    expect(await remaining()).toEqual(['ans_new'])
  })

  it('goes on until none is left, however many there are', async () => {
    await keepMany(501)
    await forget(90)
    expect(await remaining()).toEqual([])
  })

  it('stops after a statement where the service stops', async () => {
    await keepMany(501)
    await forget(90, { signal: AbortSignal.abort() })
    expect(await remaining()).toHaveLength(301)
  })

  it('keeps the answers of the run that is the baseline of a set', async () => {
    await keepFrom('2026-01-01T00:00:00Z', ['ans_blessed', 'ans_other'])
    const baseline = await loadBaseline('handbook')
    const id = Object.values(baseline?.arms ?? {})[0]?.run ?? ''
    const run = { setName: 'handbook', origin: 'asked', request: {}, plan: {} } as const
    await insertEvaluation(database.pool, {
      ...{ ...run, id, fingerprints: {}, corpusRevision: 1, total: 1 },
    })
    const row = { arm: 'system', caseId: 'c', repetition: 1, result: {}, error: null }
    await insertEvaluationRow(database.pool, id, { ...row, answerId: 'ans_blessed' })
    await forget(90)
    expect(await remaining()).toEqual(['ans_blessed'])
  })
})

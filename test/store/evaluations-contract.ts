import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { transaction } from '../../src/db/database.ts'
import { insertAnswer } from '../../src/store/answers.ts'
import {
  deleteFailedRows,
  endEvaluation,
  insertEvaluation,
  insertEvaluationRow,
  isEvaluating,
  listAnswersOfCase,
  listEvaluationRows,
  listEvaluations,
  listFinishedCases,
  listRowsWithAnswers,
  loadEvaluation,
  loadEvaluationState,
  reopenEvaluation,
  replanEvaluation,
  startEvaluation,
  type EvaluationRow,
} from '../../src/store/evaluations.ts'
import { expectArticles, insertRefresh, startRefresh } from '../../src/store/refreshes.ts'
import type { LibraryUnderTest } from './library-under-test.ts'

export function describeEvaluations(library: LibraryUnderTest): void {
  describe('an evaluation', () => describeRun(library))
  describe('the state of an evaluation', () => describeStates(library))
  describe('the list of evaluations', () => describeList(library))
  describe('the rows of an evaluation', () => describeRows(library))
  describe('the answers of an evaluation', () => describeAnswers(library))
}

const RUN = {
  setName: 'whales',
  origin: 'asked',
  request: { set: 'whales', arms: ['extracted'] },
  plan: { cases: [{ id: 'one', question: 'What do whales do? 🐋' }] },
  fingerprints: { corpus: 'c1', commit: null },
  corpusRevision: 7,
  total: 20,
} as const

async function insert(library: LibraryUnderTest, changes: { setName?: string } = {}) {
  const id = `run_${randomUUID()}`
  await insertEvaluation(library.pool, { ...RUN, ...changes, id })
  return id
}

async function started(library: LibraryUnderTest): Promise<string> {
  const id = await insert(library)
  expect(await startEvaluation(library.pool, id)).toBe(true)
  return id
}

function describeRun(library: LibraryUnderTest): void {
  it('comes back as it was asked for', async () => {
    const id = await insert(library)
    expect(await loadEvaluation(library.pool, id)).toEqual({
      ...RUN,
      id,
      state: 'waiting',
      done: 0,
      report: null,
      error: null,
      errorCode: null,
      createdAt: expect.any(Date) as Date,
      startedAt: null,
      endedAt: null,
    })
    expect(await loadEvaluation(library.pool, 'run_none')).toBeUndefined()
  })

  it('is planned anew', async () => {
    const id = await insert(library)
    const other = await insert(library)
    const anew = {
      plan: { cases: [] },
      fingerprints: { corpus: 'c2' },
      corpusRevision: 8,
      total: 3,
    }
    await replanEvaluation(library.pool, id, anew)
    expect(await loadEvaluation(library.pool, id)).toMatchObject({ ...RUN, ...anew })
    expect(await loadEvaluation(library.pool, other)).toMatchObject(RUN)
  })
}

function describeStates(library: LibraryUnderTest): void {
  const load = (id: string) => loadEvaluation(library.pool, id)
  const state = (id: string) => loadEvaluationState(library.pool, id)

  it('is that it waits, runs and is done, with its report', async () => {
    const id = await insert(library)
    expect(await state(id)).toBe('waiting')
    expect(await startEvaluation(library.pool, id)).toBe(true)
    expect(await state(id)).toBe('running')
    expect((await load(id))?.startedAt).toBeInstanceOf(Date)
    const report = { verdict: 'passed', reasons: ['🐋'] }
    expect(await endEvaluation(library.pool, id, { state: 'done', report })).toBe(true)
    expect(await load(id)).toMatchObject({ state: 'done', report, error: null })
    expect((await load(id))?.endedAt).toBeInstanceOf(Date)
    expect(await state('run_none')).toBeUndefined()
  })

  it('is that it runs alone', async () => {
    const first = await started(library)
    const second = await insert(library)
    expect(await startEvaluation(library.pool, second)).toBe(false)
    expect(await state(second)).toBe('waiting')
    await endEvaluation(library.pool, first, { state: 'done', report: {} })
    expect(await startEvaluation(library.pool, second)).toBe(true)
  })

  it('is that it does not begin while a feed is being read', async () => {
    const feedId = await library.addFeed()
    const { refresh } = await insertRefresh(library.pool, randomUUID(), feedId)
    const id = await insert(library)
    await startRefresh(library.pool, refresh.id)
    expect(await startEvaluation(library.pool, id)).toBe(false)
    await expectArticles(library.pool, refresh.id, [])
    expect(await startEvaluation(library.pool, id)).toBe(true)
  })

  it('is that it begins although a refresh waits, which would wait for it', async () => {
    await insertRefresh(library.pool, randomUUID(), await library.addFeed())
    expect(await startEvaluation(library.pool, await insert(library))).toBe(true)
  })

  it('is that it begins again after its process was killed, at the time of the first', async () => {
    const id = await started(library)
    const { startedAt } = (await load(id)) ?? {}
    expect(await startEvaluation(library.pool, id)).toBe(true)
    expect((await load(id))?.startedAt).toEqual(startedAt)
    expect(await startEvaluation(library.pool, 'run_none')).toBe(false)
  })

  it.each(['done', 'stopped', 'failed'] as const)(
    'is that it is %s once and for all',
    async (end) => {
      const id = await started(library)
      const first = { report: { verdict: 'passed' }, error: 'First.', errorCode: 'internal' }
      expect(await endEvaluation(library.pool, id, { state: end, ...first })).toBe(true)
      const second = { state: 'failed', error: 'Second.' } as const
      expect(await endEvaluation(library.pool, id, second)).toBe(false)
      expect(await startEvaluation(library.pool, id)).toBe(false)
      expect(await load(id)).toMatchObject({ state: end, ...first })
    },
  )

  it('is that it ends before it began', async () => {
    const id = await insert(library)
    expect(await endEvaluation(library.pool, id, { state: 'stopped' })).toBe(true)
    expect(await load(id)).toMatchObject({ state: 'stopped', startedAt: null, report: null })
  })

  it.each(['stopped', 'failed'] as const)('is that it waits again after it %s', async (end) => {
    const id = await started(library)
    const { startedAt } = (await load(id)) ?? {}
    await endEvaluation(library.pool, id, { state: end, error: 'No.', errorCode: 'internal' })
    await reopenEvaluation(library.pool, id)
    const waiting = { state: 'waiting', error: null, errorCode: null, report: null, endedAt: null }
    expect(await load(id)).toMatchObject({ ...waiting, startedAt })
    expect(await startEvaluation(library.pool, id)).toBe(true)
  })

  it('is that it stays done', async () => {
    const id = await started(library)
    await endEvaluation(library.pool, id, { state: 'done', report: { verdict: 'passed' } })
    await reopenEvaluation(library.pool, id)
    expect(await load(id)).toMatchObject({ state: 'done', report: { verdict: 'passed' } })
  })

  it('is what refreshes wait for, as long as one waits or runs', async () => {
    expect(await isEvaluating(library.pool)).toBe(false)
    const id = await insert(library)
    expect(await isEvaluating(library.pool)).toBe(true)
    await startEvaluation(library.pool, id)
    expect(await isEvaluating(library.pool)).toBe(true)
    await endEvaluation(library.pool, id, { state: 'failed', error: 'No.' })
    expect(await isEvaluating(library.pool)).toBe(false)
  })
}

function describeList(library: LibraryUnderTest): void {
  async function pages(limit: number, setName?: string): Promise<readonly string[]> {
    const ids: string[] = []
    for (let after: string | undefined; ;) {
      const page = await listEvaluations(library.pool, {
        limit,
        ...(setName === undefined ? {} : { setName }),
        ...(after === undefined ? {} : { after }),
      })
      ids.push(...page.map(({ id }) => id))
      after = page.at(-1)?.id
      if (after === undefined) return ids
    }
  }

  it('has the newest first, in pages of any size, and one set’s alone', async () => {
    const ids = [await insert(library), await insert(library, { setName: 'seals' })]
    ids.push(await insert(library))
    // Made within one millisecond, perhaps, which is as fine as the embedded database's clock.
    for (const [at, id] of ids.entries()) {
      await library.pool.query(
        `update evaluation set created_at = created_at + $2::integer * interval '1 second'
         where evaluation.id = $1::text`,
        [id, at],
      )
    }
    const newestFirst = ids.toReversed()
    for (const limit of [1, 2, 100]) {
      expect(await pages(limit)).toEqual(newestFirst)
      expect(await pages(limit, 'whales')).toEqual([ids[2], ids[0]])
    }
    expect(await pages(1, 'otters')).toEqual([])
  })

  it('loses none of those that came in one moment', async () => {
    const ids: string[] = []
    while (ids.length < 5) ids.push(await insert(library))
    await library.pool.query('update evaluation set created_at = now()')
    for (const limit of [1, 2, 4]) {
      expect((await pages(limit)).toSorted()).toEqual(ids.toSorted())
    }
  })

  it('tells how far each is, without its plan', async () => {
    const id = await started(library)
    await insertEvaluationRow(library.pool, id, row('one'))
    const [run] = await listEvaluations(library.pool, { limit: 1 })
    expect(run).toMatchObject({ id, done: 1, total: 20, request: RUN.request })
    expect(run).not.toHaveProperty('plan')
  })

  it('is empty behind a run that is not there', async () => {
    await insert(library)
    expect(await listEvaluations(library.pool, { after: 'run_none', limit: 10 })).toEqual([])
  })
}

const RESULT = { scores: { correct: true }, said: '🐋' }

function row(caseId: string, changes: Partial<EvaluationRow> = {}): EvaluationRow {
  return {
    arm: 'extracted',
    caseId,
    repetition: 1,
    answerId: null,
    result: RESULT,
    error: null,
    ...changes,
  }
}

function failed(caseId: string): EvaluationRow {
  return row(caseId, { result: null, error: 'It did not answer.' })
}

function describeRows(library: LibraryUnderTest): void {
  const rowsOf = (id: string) => listEvaluationRows(library.pool, id)

  it('come in the order in which they ended', async () => {
    const id = await started(library)
    const rows = [row('b'), failed('c'), row('a')]
    for (const [at, each] of rows.entries()) {
      await insertEvaluationRow(library.pool, id, each)
      await library.pool.query(
        `update evaluation_row set ended_at = ended_at + $2::integer * interval '1 second'
         where evaluation_row.case_id = $1::text`,
        [each.caseId, at],
      )
    }
    expect(await rowsOf(id)).toEqual(rows)
    expect((await loadEvaluation(library.pool, id))?.done).toBe(3)
    expect(await rowsOf(await insert(library))).toEqual([])
  })

  it('are one for a case, an arm and a repetition, and the first one stays', async () => {
    const id = await started(library)
    const rows = [row('a'), row('a', { arm: 'keyword' }), row('a', { repetition: 2 })]
    for (const each of rows) await insertEvaluationRow(library.pool, id, each)
    for (const each of rows) {
      await insertEvaluationRow(library.pool, id, { ...each, result: null, error: 'Later.' })
    }
    const kept = await rowsOf(id)
    expect(kept).toHaveLength(rows.length)
    expect(kept).toEqual(expect.arrayContaining(rows))
  })

  it('are told by name alone, too', async () => {
    const id = await started(library)
    await insertEvaluationRow(library.pool, id, row('a'))
    await insertEvaluationRow(library.pool, id, failed('b'))
    const names = await listFinishedCases(library.pool, id)
    expect(names.toSorted((one, other) => (one.caseId < other.caseId ? -1 : 1))).toEqual([
      { arm: 'extracted', caseId: 'a', repetition: 1 },
      { arm: 'extracted', caseId: 'b', repetition: 1 },
    ])
  })

  it('that ended in an error go, and no others', async () => {
    const [id, other] = [await started(library), await insert(library)]
    await insertEvaluationRow(library.pool, id, row('a'))
    for (const run of [id, other]) await insertEvaluationRow(library.pool, run, failed('b'))
    await deleteFailedRows(library.pool, id)
    expect(await rowsOf(id)).toEqual([row('a')])
    expect(await rowsOf(other)).toEqual([failed('b')])
  })

  it('hold a result or an error, and not both or neither', async () => {
    const id = await started(library)
    for (const wrong of [row('a', { error: 'No.' }), row('a', { result: null })]) {
      await expect(insertEvaluationRow(library.pool, id, wrong)).rejects.toThrow('violates check')
    }
  })
}

async function keepAnswer(library: LibraryUnderTest, id: string): Promise<string> {
  await transaction(library, (client) =>
    insertAnswer(client, {
      id,
      status: 'answered',
      reason: null,
      question: 'What do whales do?',
      promptHash: null,
      corpusRevision: 1,
      body: { answer: `They sing in ${id}. 🐋` },
      trace: { generated: id },
      articleIds: [],
    }),
  )
  return id
}

function describeAnswers(library: LibraryUnderTest): void {
  const kept = (id: string) => ({
    body: { answer: `They sing in ${id}. 🐋` },
    trace: { generated: id },
  })

  it('come with the rows, by arm, case and repetition, in pages of any size', async () => {
    const id = await started(library)
    const order = [
      row('a', { arm: 'keyword' }),
      row('a', { arm: 'keyword', repetition: 2 }),
      row('a', { arm: 'keyword', repetition: 10 }),
      row('b', { arm: 'keyword' }),
      row('a', { arm: 'vector' }),
      failed('c'),
    ].toSorted((one, other) => (one.arm < other.arm ? -1 : one.arm > other.arm ? 1 : 0))
    const rows: EvaluationRow[] = []
    for (const [at, each] of order.entries()) {
      const answerId = each.error === null ? await keepAnswer(library, `ans_${at}`) : null
      rows.push({ ...each, answerId })
    }
    for (const each of rows.toReversed()) await insertEvaluationRow(library.pool, id, each)
    const expected = rows.map((each) => ({
      ...each,
      ...(each.answerId === null ? { body: null, trace: null } : kept(each.answerId)),
    }))
    for (const limit of [1, 2, 5, 100]) expect(await pages(id, limit)).toEqual(expected)
  })

  async function pages(id: string, limit: number) {
    const rows = []
    for (let after: EvaluationRow | null = null; ;) {
      const page = await listRowsWithAnswers(library.pool, id, { after, limit })
      rows.push(...page)
      const last = page.at(-1)
      if (last === undefined) return rows
      after = last
    }
  }

  it('that have gone leave their rows', async () => {
    const id = await started(library)
    const answerId = await keepAnswer(library, 'ans_1')
    await insertEvaluationRow(library.pool, id, row('a', { answerId }))
    await library.pool.query('delete from answer')
    const gone = { ...row('a'), body: null, trace: null }
    expect(await listRowsWithAnswers(library.pool, id, { after: null, limit: 9 })).toEqual([gone])
    expect(await listAnswersOfCase(library.pool, id, { arm: 'extracted', caseId: 'a' })).toEqual([])
  })

  it('to one case of one arm come in the order of the repetitions', async () => {
    const id = await started(library)
    for (const repetition of [10, 2, 1]) {
      const answerId = await keepAnswer(library, `ans_${repetition}`)
      await insertEvaluationRow(library.pool, id, row('a', { repetition, answerId }))
    }
    const others = [row('a', { arm: 'keyword' }), row('b')]
    for (const [at, other] of others.entries()) {
      const answerId = await keepAnswer(library, `ans_other_${at}`)
      await insertEvaluationRow(library.pool, id, { ...other, answerId })
    }
    expect(await listAnswersOfCase(library.pool, id, { arm: 'extracted', caseId: 'a' })).toEqual(
      ['ans_1', 'ans_2', 'ans_10'].map(kept),
    )
  })
}

import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { openQueue } from '../../src/jobs/queue.ts'
import {
  listLostRuns,
  nextSlice,
  reopenEvaluation,
  replanEvaluation,
  startEvaluation,
} from '../../src/store/evaluation-turns.ts'
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
  listRowPage,
  listRowsOfArm,
  listRowsWithAnswers,
  listRunsOfFingerprints,
  loadEvaluation,
  loadEvaluationState,
  loadEvaluationSummary,
  type EvaluationRow,
  type StoredEvaluation,
} from '../../src/store/evaluations.ts'
import { expectArticles, insertRefresh, startRefresh } from '../../src/store/refreshes.ts'
import { keepAnswer } from './answer-sketch.ts'
import type { LibraryUnderTest } from './library-under-test.ts'

export function describeEvaluations(library: LibraryUnderTest): void {
  describe('an evaluation', () => describeRun(library))
  describe('the state of an evaluation', () => describeStates(library))
  describe('the jobs of an evaluation', () => describeJobs(library))
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

type Changes = Partial<Pick<StoredEvaluation, 'setName' | 'origin' | 'fingerprints'>>

async function insert(library: LibraryUnderTest, changes: Changes = {}) {
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
      slice: 0,
      done: 0,
      activeAt: null,
      report: null,
      error: null,
      errorCode: null,
      createdAt: expect.any(Date) as Date,
      startedAt: null,
      endedAt: null,
    })
    expect(await loadEvaluation(library.pool, 'run_none')).toBeUndefined()
  })

  it('comes without its plan, too, which grows with the set', async () => {
    const id = await started(library)
    await insertEvaluationRow(library.pool, id, row('one'))
    const summary = await loadEvaluationSummary(library.pool, id)
    expect(summary).toMatchObject({ id, state: 'running', done: 1 })
    expect(summary).not.toHaveProperty('plan')
    expect({ ...summary, plan: RUN.plan }).toEqual(await loadEvaluation(library.pool, id))
    expect(await loadEvaluationSummary(library.pool, 'run_none')).toBeUndefined()
  })

  it('was active when its last row ended, or when it began', async () => {
    const activeAt = async (of: string) => (await loadEvaluation(library.pool, of))?.activeAt
    const id = await insert(library)
    expect(await activeAt(id)).toBeNull()
    await startEvaluation(library.pool, id)
    expect(await activeAt(id)).toEqual((await loadEvaluation(library.pool, id))?.startedAt)
    for (const [caseId, time] of [
      ['a', '2026-01-01T00:00:02Z'],
      ['b', '2026-01-01T00:00:01Z'],
    ] as const) {
      await insertEvaluationRow(library.pool, id, row(caseId))
      await library.pool.query(
        `update evaluation_row set ended_at = $2::timestamptz
         where evaluation_row.case_id = $1::text`,
        [caseId, time],
      )
    }
    expect(await activeAt(id)).toEqual(new Date('2026-01-01T00:00:02Z'))
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
    expect(await startRefresh(library.pool, refresh.id)).toBe(true)
    const id = await insert(library)
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
    expect(await reopenEvaluation(library.pool, id)).toBe(1)
    // Whoever asks for it at the same moment is told that someone else has it going.
    expect(await reopenEvaluation(library.pool, id)).toBeNull()
    const waiting = {
      state: 'waiting',
      slice: 1,
      error: null,
      errorCode: null,
      report: null,
      endedAt: null,
    }
    expect(await load(id)).toMatchObject({ ...waiting, startedAt })
    expect(await startEvaluation(library.pool, id)).toBe(true)
  })

  it('is that it stays done', async () => {
    const id = await started(library)
    await endEvaluation(library.pool, id, { state: 'done', report: { verdict: 'passed' } })
    expect(await reopenEvaluation(library.pool, id)).toBeNull()
    expect(await reopenEvaluation(library.pool, 'run_none')).toBeNull()
    const asItWas = { state: 'done', slice: 0, report: { verdict: 'passed' } }
    expect(await load(id)).toMatchObject(asItWas)
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

function describeJobs(library: LibraryUnderTest): void {
  const lost = () => listLostRuns(library.pool)

  it('are numbered, as long as it waits or is on', async () => {
    const [id, other] = [await insert(library), await insert(library)]
    expect(await nextSlice(library.pool, id)).toBe(1)
    await startEvaluation(library.pool, id)
    expect(await nextSlice(library.pool, id)).toBe(2)
    expect((await loadEvaluation(library.pool, id))?.slice).toBe(2)
    expect((await loadEvaluation(library.pool, other))?.slice).toBe(0)
    await endEvaluation(library.pool, id, { state: 'stopped' })
    expect(await nextSlice(library.pool, id)).toBeNull()
    expect(await nextSlice(library.pool, 'run_none')).toBeNull()
    // The numbers go on where the run does.
    expect(await reopenEvaluation(library.pool, id)).toBe(3)
  })

  it('are missed where it waits or is on without one', async () => {
    const running = await started(library)
    const waiting = await insert(library)
    const ended = await insert(library)
    await endEvaluation(library.pool, ended, { state: 'failed', error: 'No.' })
    await library.pool.query(
      `update evaluation set created_at = now() - interval '1 day'
       where evaluation.id = $1::text`,
      [running],
    )
    expect(await lost()).toEqual([running, waiting])
  })

  it.each([
    ['created', false],
    ['retry', false],
    ['active', false],
    ['completed', true],
    ['cancelled', true],
    ['failed', true],
  ])('are there while one is %s: lost is %s', async (state, isLost) => {
    const id = await insert(library)
    await sendJob('run-evaluation', { runId: id, slice: 0 })
    await library.pool.query('update pgboss.job set state = $1::pgboss.job_state', [state])
    expect(await lost()).toEqual(isLost ? [id] : [])
  })

  it('are of its own kind and for itself', async () => {
    const id = await insert(library)
    await sendJob('refresh-feed', { runId: id })
    await sendJob('run-evaluation', { runId: 'run_none', slice: 0 })
    expect(await lost()).toEqual([id])
  })

  async function sendJob(kind: 'run-evaluation' | 'refresh-feed', data: object): Promise<void> {
    const queue = await openQueue({ pool: library.pool, onError: () => undefined })
    await queue.send(kind, data)
    await queue.stop()
  }
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

  it('is of the nights alone, or of what was asked for', async () => {
    const [asked, night] = [await insert(library), await insert(library, { origin: 'nightly' })]
    await insert(library, { origin: 'nightly', setName: 'seals' })
    const of = async (origin: StoredEvaluation['origin']) =>
      (await listEvaluations(library.pool, { setName: 'whales', origin, limit: 10 })).map(
        ({ id }) => id,
      )
    expect(await of('asked')).toEqual([asked])
    expect(await of('nightly')).toEqual([night])
  })

  it('tells how far each is, without its plan', async () => {
    const id = await started(library)
    await insertEvaluationRow(library.pool, id, row('one'))
    const [run] = await listEvaluations(library.pool, { limit: 1 })
    expect(run).toMatchObject({ id, done: 1, total: 20, request: RUN.request })
    expect(run).not.toHaveProperty('plan')
  })

  it('has those that are done with these fingerprints, whatever their set was then', async () => {
    const ids: string[] = []
    for (const set of ['s1', 's2', null]) {
      const id = await started(library)
      const fingerprints = { ...RUN.fingerprints, ...(set === null ? {} : { set }) }
      await replanEvaluation(library.pool, id, { ...RUN, fingerprints })
      await endEvaluation(library.pool, id, { state: 'done', report: {} })
      ids.push(id)
    }
    const other = await started(library)
    await replanEvaluation(library.pool, other, { ...RUN, fingerprints: { corpus: 'c1' } })
    await endEvaluation(library.pool, other, { state: 'done', report: {} })
    await endEvaluation(library.pool, await started(library), { state: 'failed' })
    const wanted = { ...RUN, fingerprints: { ...RUN.fingerprints, set: 's3' } }
    const found = await listRunsOfFingerprints(library.pool, { ...wanted, limit: 10 })
    expect(found.toSorted()).toEqual(ids.toSorted())
    expect(await listRunsOfFingerprints(library.pool, { ...wanted, limit: 2 })).toHaveLength(2)
    const seals = { ...wanted, setName: 'seals', limit: 10 }
    expect(await listRunsOfFingerprints(library.pool, seals)).toEqual([])
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

  it('are those of one arm, where one is asked for', async () => {
    const id = await started(library)
    const rows = [row('a'), failed('b')]
    for (const each of [row('a', { arm: 'keyword' }), ...rows.toReversed()]) {
      await insertEvaluationRow(library.pool, id, each)
    }
    expect(await listRowsOfArm(library.pool, id, 'extracted')).toEqual(rows)
    expect(await listRowsOfArm(library.pool, id, 'vector')).toEqual([])
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

async function keep(library: LibraryUnderTest, id: string): Promise<string> {
  const body = { answer: `They sing in ${id}. 🐋` }
  await keepAnswer(library, { id, body, trace: { generated: id } })
  return id
}

function describeAnswers(library: LibraryUnderTest): void {
  const kept = (id: string) => ({
    body: { answer: `They sing in ${id}. 🐋` },
    trace: { generated: id },
  })

  it('come with the rows or stay away, by arm, case and repetition, in pages of any size', async () => {
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
      const answerId = each.error === null ? await keep(library, `ans_${at}`) : null
      rows.push({ ...each, answerId })
    }
    for (const each of rows.toReversed()) await insertEvaluationRow(library.pool, id, each)
    const expected = rows.map((each) => ({
      ...each,
      ...(each.answerId === null ? { body: null, trace: null } : kept(each.answerId)),
    }))
    await insertEvaluationRow(library.pool, await insert(library), row('a'))
    for (const limit of [1, 2, 5, 100]) {
      const whole = await pages(limit, (page) => listRowsWithAnswers(library.pool, id, page))
      expect(whole).toEqual(expected)
      const bare = await pages(limit, (page) => listRowPage(library.pool, id, page))
      expect(bare).toEqual(rows)
    }
  })

  async function pages<Row extends EvaluationRow>(
    limit: number,
    read: (page: { after: EvaluationRow | null; limit: number }) => Promise<readonly Row[]>,
  ) {
    const rows: Row[] = []
    for (let after: EvaluationRow | null = null; ;) {
      const page = await read({ after, limit })
      rows.push(...page)
      const last = page.at(-1)
      if (last === undefined) return rows
      after = last
    }
  }

  it('that have gone leave their rows', async () => {
    const id = await started(library)
    const answerId = await keep(library, 'ans_1')
    await insertEvaluationRow(library.pool, id, row('a', { answerId }))
    await library.pool.query('delete from answer')
    const gone = { ...row('a'), body: null, trace: null }
    expect(await listRowsWithAnswers(library.pool, id, { after: null, limit: 9 })).toEqual([gone])
    expect(await listAnswersOfCase(library.pool, id, { arm: 'extracted', caseId: 'a' })).toEqual([])
  })

  it('to one case of one arm come in the order of the repetitions', async () => {
    const id = await started(library)
    for (const repetition of [10, 2, 1]) {
      const answerId = await keep(library, `ans_${repetition}`)
      await insertEvaluationRow(library.pool, id, row('a', { repetition, answerId }))
    }
    const others = [row('a', { arm: 'keyword' }), row('b')]
    for (const [at, other] of others.entries()) {
      const answerId = await keep(library, `ans_other_${at}`)
      await insertEvaluationRow(library.pool, id, { ...other, answerId })
    }
    expect(await listAnswersOfCase(library.pool, id, { arm: 'extracted', caseId: 'a' })).toEqual(
      ['ans_1', 'ans_2', 'ans_10'].map(kept),
    )
  })
}

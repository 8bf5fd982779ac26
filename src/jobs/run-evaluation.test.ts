import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { EvaluationRequest } from '../../eval/evaluation-request.ts'
import { prepareRun } from '../../eval/prepare-run.ts'
import { loadReportInput } from '../../eval/report-input.ts'
import type { Report } from '../../eval/report.ts'
import { JUDGE_ARM } from '../../eval/run-plan.ts'
import { goldenSetsDir, loadSet } from '../../eval/set-folder.ts'
import { findBrokenInvariants } from '../../test/library-invariants.ts'
import { openTestApp } from '../../test/open-test-app.ts'
import { openTestServices, type TestServices } from '../../test/open-test-services.ts'
import { createScriptedChat } from '../../test/scripted-chat.ts'
import { LIBRARY, toRss } from '../../test/test-feed.ts'
import { AppError } from '../errors.ts'
import { loadAnswer } from '../store/answers.ts'
import { loadCorpus } from '../store/corpus.ts'
import { nextSlice, startEvaluation } from '../store/evaluation-turns.ts'
import {
  endEvaluation,
  insertEvaluation,
  insertEvaluationRow,
  listEvaluationRows,
  listEvaluations,
  loadEvaluation,
  type EvaluationRow,
  type StoredEvaluation,
} from '../store/evaluations.ts'
import { releaseJobs } from '../store/jobs.ts'
import { insertKeptCase } from '../store/kept-cases.ts'
import { hashLibrary } from '../store/library-texts.ts'
import { expectArticles, insertRefresh, loadRefresh, startRefresh } from '../store/refreshes.ts'
import { openReview } from '../store/reviews.ts'
import { addFeed, removeFeed } from './manage-feeds.ts'
import { openQueue, type JobQueue } from './queue.ts'
import { requestRefresh } from './refresh-feed.ts'
import {
  requestEvaluation,
  runEvaluationHandlers,
  sendLostRuns,
  type EvaluationDependencies,
} from './run-evaluation.ts'

// The handbook's own set on the handbook's feed, answered by extracts: no weights are needed.

const HANDBOOK = join(goldenSetsDir, 'handbook', 'feed.xml')
const REQUEST: EvaluationRequest = { set: 'handbook', arms: ['extracted'], limit: 5 }
const POLL_MS = 20

const chat = createScriptedChat({ script: { pieces: ['They answer nothing.'] } })
let test: TestServices
let handbookId: string

beforeAll(async () => {
  test = await openTestServices({ chat })
  handbookId = (await test.readFeed(HANDBOOK)).id
})

afterAll(() => test[Symbol.asyncDispose]())

beforeEach(() => {
  chat.script = { pieces: ['They answer nothing.'] }
})

afterEach(async () => {
  test.embedding.fault = undefined
  test.freeBytes = Number.POSITIVE_INFINITY
  test.errors.length = 0
  expect(await findBrokenInvariants(db())).toEqual([])
  await db().query('delete from evaluation')
  await db().query('delete from kept_case')
  await db().query('delete from review')
  await db().query('delete from answer')
})

const db = () => test.services.database.pool
const evaluation = () => test.services.evaluation

/** Asks for a run, and for nothing more. */
function ask(changes: EvaluationRequest = {}, parts: Partial<EvaluationDependencies> = {}) {
  return requestEvaluation({ ...evaluation(), ...parts }, { ...REQUEST, ...changes })
}

async function run(changes: EvaluationRequest = {}): Promise<StoredEvaluation> {
  return ended(await ask(changes))
}

async function ended(id: string): Promise<StoredEvaluation> {
  return until(async () => {
    const found = await load(id)
    if (found.endedAt !== null) return found
    await hurry()
    return undefined
  })
}

/** Polls; what has to wait for something looks again at once, not after seconds. */
async function until<Value>(look: () => Promise<Value | undefined>): Promise<Value> {
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    await sleep(POLL_MS)
  }
}

async function hurry(): Promise<void> {
  await db().query(
    `update pgboss.job set start_after = now()
     where job.state < 'active' and job.start_after > now() and job.name <> 'refresh-due-feeds'`,
  )
  test.services.queue.wake('run-evaluation')
}

/** A job of this kind has looked, has found that it must wait, and waits. */
function heldUp(kind: 'run-evaluation' | 'refresh-feed'): Promise<true> {
  return until(async () => {
    const { rowCount } = await db().query(
      `select from pgboss.job
       where job.name = $1::text and job.state = 'created' and job.start_after > now()`,
      [kind],
    )
    return rowCount === 0 ? undefined : true
  })
}

async function load(id: string): Promise<StoredEvaluation> {
  const found = await loadEvaluation(db(), id)
  if (found === undefined) throw new Error(`There is no run ${id}.`)
  return found
}

const rowsOf = (id: string) => listEvaluationRows(db(), id)
const nameOf = ({ arm, caseId, repetition }: EvaluationRow) => `${arm} ${caseId} ${repetition}`
const names = (rows: readonly EvaluationRow[]) => rows.map(nameOf).toSorted()

async function planned(id: string): Promise<readonly string[]> {
  const plan = (await load(id)).plan as { cases: { id: string }[] }
  return plan.cases.map((golden) => `extracted ${golden.id} 1`).toSorted()
}

/** A promise that is kept when the test says so. */
function later() {
  let resolve: () => void = () => undefined
  const promise = new Promise<void>((keep) => (resolve = keep))
  return { promise, resolve: () => resolve() }
}

/** Lets so many questions be embedded and holds the next one up until it is opened. */
function holdUpAt(asked: number) {
  const reached = later()
  const opened = later()
  let count = 0
  test.embedding.fault = async (vectors) => {
    count += 1
    if (count > asked) {
      reached.resolve()
      await opened.promise
    }
    return vectors
  }
  return { reached: reached.promise, open: () => opened.resolve() }
}

async function refusalOf(work: Promise<unknown>): Promise<AppError> {
  const error = await work.then(
    () => new Error('It was not refused.'),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(AppError)
  return error as AppError
}

describe('a run', () => {
  it('is done with a row and an answer for each case of each arm, and a report', async () => {
    const id = await ask({ arms: ['extracted', 'keyword'] })
    const found = await ended(id)
    expect(found).toMatchObject({
      state: 'done',
      setName: 'handbook',
      origin: 'asked',
      error: null,
      done: 10,
      total: 10,
      corpusRevision: (await loadCorpus(db())).revision,
    })
    // No arm asks the chat model, so it makes no difference which one there is.
    expect(found.fingerprints).toMatchObject({ chat: null, corpus: await hashLibrary(db()) })
    const rows = await rowsOf(id)
    const ofOne = await planned(id)
    const ofOther = ofOne.map((name) => name.replace('extracted', 'keyword'))
    expect(names(rows)).toEqual([...ofOne, ...ofOther])
    const { rows: answers } = await db().query<{ id: string }>('select answer.id from answer')
    expect(rows.map(({ answerId }) => answerId).toSorted()).toEqual(
      answers.map((answer) => answer.id).toSorted(),
    )
    const report = found.report as Report
    expect(Object.keys(report.metrics).toSorted()).toEqual(['extracted', 'keyword'])
    expect(report.metrics['extracted']?.['hit@10']?.value).toBeTypeOf('number')
  })

  it('asks each case as often as it is told to', async () => {
    const { id, total } = await run({ limit: 2, repeat: 3 })
    expect(total).toBe(6)
    expect((await rowsOf(id)).map(({ repetition }) => repetition).toSorted()).toEqual([
      1, 1, 2, 2, 3, 3,
    ])
  })

  it('gives the same scores twice', async () => {
    const [one, other] = [await run(), await run()]
    const scores = async ({ id }: StoredEvaluation) =>
      new Map(
        (await rowsOf(id)).map((row) => [nameOf(row), (row.result as object)['scores' as never]]),
      )
    expect(await scores(other)).toEqual(await scores(one))
  })

  it('waits for another one', async () => {
    const gate = holdUpAt(0)
    const first = await ask()
    await gate.reached
    const second = await ask()
    // Also where another process takes up its job.
    const handlers = runEvaluationHandlers(evaluation())
    await handlers.run({ runId: second, slice: 0 }, new AbortController().signal)
    expect(await load(second)).toMatchObject({ state: 'waiting', done: 0, startedAt: null })
    gate.open()
    const endedAt = (await ended(first)).endedAt?.getTime() ?? 0
    const { state, startedAt, done } = await ended(second)
    expect({ state, done }).toEqual({ state: 'done', done: 5 })
    expect(startedAt?.getTime()).toBeGreaterThanOrEqual(endedAt)
  })

  it('is told of when it has ended by itself, and not when someone stopped it', async () => {
    const told: StoredEvaluation[] = []
    const onEnded = (ended: StoredEvaluation) => Promise.resolve(void told.push(ended))
    const jobs = openJobs({ onEnded })
    const [done, lost, stopped] = [await insert(), await insert(), await insert()]
    await endEvaluation(db(), stopped, { state: 'stopped' })
    for (const runId of [done, stopped]) await jobs.workOff({ runId, slice: 0 })
    for (const runId of [lost, stopped]) {
      await jobs.giveUp({ runId, slice: 0 }, 'It failed too often; the log says why.')
    }
    expect(told).toMatchObject([
      { id: done, state: 'done' },
      { id: lost, state: 'failed', errorCode: 'internal', error: expect.stringMatching('often') },
    ])
  })

  it('is the job’s to repeat where something breaks that nobody foresaw', async () => {
    const runId = await insert()
    const steps = {
      ...evaluation().steps,
      retrieve: () => Promise.reject(new TypeError('undefined is not a function')),
    }
    const jobs = openJobs({ steps })
    await expect(jobs.run({ runId, slice: 0 })).rejects.toThrow('undefined is not a function')
    expect(await load(runId)).toMatchObject({ state: 'running', done: 0 })
  })

  it('ends where the disk is nearly full', async () => {
    const runId = await insert()
    test.freeBytes = 0
    await openJobs().workOff({ runId, slice: 0 })
    expect(await load(runId)).toMatchObject({
      state: 'failed',
      error: 'The disk is nearly full: nothing more is written.',
      errorCode: 'storage-full',
      done: 0,
    })
  })
})

interface RunJob {
  readonly runId: string
  readonly slice: number
}

interface SentJob extends RunJob {
  readonly delaySeconds: number | undefined
}

/** The jobs of runs, done by the test itself: what they send is kept, and no other worker takes it. */
function openJobs(parts: Partial<EvaluationDependencies> = {}) {
  const sent: SentJob[] = []
  const queue: JobQueue = {
    ...test.services.queue,
    send: (_kind, data, { delaySeconds } = {}) =>
      Promise.resolve(void sent.push({ ...(data as RunJob), delaySeconds })),
    wake: () => undefined,
  }
  const handlers = runEvaluationHandlers({ ...evaluation(), ...parts, queue })
  const { signal } = new AbortController()
  const run = (job: RunJob) => handlers.run(job, signal)
  return {
    sent,
    run,
    giveUp: handlers.giveUp,
    /** This job and those behind it, until there is none or one has to wait. */
    async workOff(job: RunJob): Promise<void> {
      await run(job)
      for (let next = sent.pop(); next !== undefined; next = sent.pop()) {
        if (next.delaySeconds !== undefined) return void sent.push(next)
        await run(next)
      }
    },
  }
}

/** A run without its job: the test does that job’s work. */
async function insert(
  changes: EvaluationRequest = {},
  parts: Partial<EvaluationDependencies> = {},
): Promise<string> {
  const request = { ...REQUEST, limit: 2, ...changes }
  const prepared = await prepareRun(request, { ...evaluation(), ...parts })
  const id = `run_${(await listEvaluations(db(), { limit: 100 })).length}`
  await insertEvaluation(db(), { ...prepared, id, origin: 'asked' })
  return id
}

describe('a job of a run', () => {
  it('is the run’s own where it carries its number, and else does nothing', async () => {
    const runId = await insert()
    expect(await nextSlice(db(), runId)).toBe(1)
    const jobs = openJobs()
    for (const slice of [0, 2]) await jobs.run({ runId, slice })
    expect(await load(runId)).toMatchObject({ state: 'waiting', slice: 1, done: 0 })
    expect(jobs.sent).toEqual([])
    await jobs.run({ runId, slice: 1 })
    expect(await load(runId)).toMatchObject({ state: 'running', slice: 2, done: 2 })
    expect(jobs.sent).toEqual([{ runId, slice: 2, delaySeconds: undefined }])
  })

  it('that was given up ends the run, unless it is of an earlier turn', async () => {
    const runId = await insert()
    await nextSlice(db(), runId)
    const jobs = openJobs()
    await jobs.giveUp({ runId, slice: 0 }, 'It failed too often.')
    expect(await load(runId)).toMatchObject({ state: 'waiting', error: null })
    await jobs.giveUp({ runId, slice: 1 }, 'It failed too often.')
    expect(await load(runId)).toMatchObject({ state: 'failed', error: 'It failed too often.' })
    await jobs.giveUp({ runId: 'run_none', slice: 0 }, 'It failed too often.')
  })

  it('waits while another one of the run is at work in the process', async () => {
    const runId = await insert()
    const { steps } = evaluation()
    const [reached, opened] = [later(), later()]
    let asked = 0
    const jobs = openJobs({
      steps: {
        ...steps,
        retrieve: async (request) => {
          asked += 1
          reached.resolve()
          await opened.promise
          return steps.retrieve(request)
        },
      },
    })
    const first = jobs.run({ runId, slice: 0 })
    await reached.promise
    // The same one, given out again since it took too long, and one of the next turn.
    for (const slice of [0, 1]) await jobs.run({ runId, slice })
    expect(jobs.sent).toEqual([
      { runId, slice: 0, delaySeconds: 2 },
      { runId, slice: 1, delaySeconds: 2 },
    ])
    expect(asked).toBe(1)
    opened.resolve()
    await first
    expect(asked).toBe(2)
    expect(await load(runId)).toMatchObject({ state: 'running', slice: 1, done: 2 })
    await jobs.run({ runId, slice: 0 })
    expect(await load(runId)).toMatchObject({ state: 'running', slice: 1 })
    await jobs.run({ runId, slice: 1 })
    expect(await load(runId)).toMatchObject({ state: 'done', done: 2 })
    expect(asked).toBe(2)
  })

  it('that was lost is replaced', async () => {
    const waiting = await insert()
    await sendLostRuns(evaluation())
    expect(await ended(waiting)).toMatchObject({ state: 'done', done: 2 })
  })

  it('that was lost is replaced when someone asks that the run go on', async () => {
    const running = await insert()
    await startEvaluation(db(), running)
    expect(await ask({ resume: running })).toBe(running)
    expect(await ended(running)).toMatchObject({ state: 'done', done: 2 })
  })

  it('that is there is not replaced', async () => {
    const gate = holdUpAt(0)
    const [first, second] = [await ask(), await ask()]
    await gate.reached
    await sendLostRuns(evaluation())
    for (const id of [first, second]) expect(await load(id)).toMatchObject({ slice: 0 })
    gate.open()
    for (const id of [first, second]) expect(await ended(id)).toMatchObject({ state: 'done' })
  })
})

describe('a refresh', () => {
  it('waits while a run is on, and goes on after it', async () => {
    const gate = holdUpAt(0)
    const id = await ask()
    await gate.reached
    const refresh = await requestRefresh(test.services, handbookId)
    await heldUp('refresh-feed')
    expect(await loadRefresh(db(), refresh.id)).toMatchObject({ state: 'waiting' })
    gate.open()
    expect((await ended(id)).state).toBe('done')
    expect(await test.ended(refresh.id)).toMatchObject({ state: 'done', error: null })
  })

  it('that has begun and is tried again goes on while a run waits for it', async () => {
    const { refresh } = await insertRefresh(db(), crypto.randomUUID(), handbookId)
    await startRefresh(db(), refresh.id)
    const id = await ask()
    await heldUp('run-evaluation')
    const data = { refreshId: refresh.id, feedId: handbookId }
    await test.services.queue.send('refresh-feed', data)
    expect(await test.ended(refresh.id)).toMatchObject({ state: 'done', error: null })
    expect(await ended(id)).toMatchObject({ state: 'done', done: 5 })
  })

  it('that is on is waited for', async () => {
    const { refresh } = await insertRefresh(db(), crypto.randomUUID(), handbookId)
    await startRefresh(db(), refresh.id)
    const id = await ask()
    await heldUp('run-evaluation')
    expect(await load(id)).toMatchObject({ state: 'waiting', done: 0 })
    await expectArticles(db(), refresh.id, [])
    expect(await ended(id)).toMatchObject({ state: 'done', done: 5 })
  })
})

describe('a run that is stopped', () => {
  /** Stopped while its third case is being asked. */
  async function stopped(changes: EvaluationRequest = {}): Promise<string> {
    const gate = holdUpAt(2)
    const id = await ask(changes)
    await gate.reached
    expect(await endEvaluation(db(), id, { state: 'stopped' })).toBe(true)
    gate.open()
    await idle()
    return id
  }

  it('keeps its rows, and goes on with no case lost or doubled', async () => {
    const id = await stopped()
    const before = await rowsOf(id)
    expect(await load(id)).toMatchObject({ state: 'stopped', report: null })
    expect(before.length).toBeGreaterThanOrEqual(2)
    expect(before.length).toBeLessThan(5)
    expect(await ask({ resume: id })).toBe(id)
    expect(await ended(id)).toMatchObject({ state: 'done', done: 5 })
    const after = await rowsOf(id)
    expect(names(after)).toEqual(await planned(id))
    expect(after).toEqual(expect.arrayContaining([...before]))
  })

  it('goes on once where two ask for it at the same moment', async () => {
    const id = await stopped()
    const both = later()
    let asking = 0
    const configuration = async () => {
      asking += 1
      if (asking === 2) both.resolve()
      await both.promise
      return evaluation().configuration()
    }
    const asked = [1, 2].map(() => ask({ resume: id }, { configuration }))
    const results = await Promise.allSettled(asked)
    const states = results.map(({ status }) => status).toSorted()
    expect(states).toEqual(['fulfilled', 'rejected'])
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'conflict', message: `The run ${id} is on already.` },
    })
    expect(await ended(id)).toMatchObject({ state: 'done', done: 5 })
    expect(names(await rowsOf(id))).toEqual(await planned(id))
  })

  it('goes on where the library has other dates and the same words', async () => {
    const id = await stopped()
    await db().query('update corpus set revision = corpus.revision + 1')
    await ask({ resume: id })
    expect(await ended(id)).toMatchObject({ state: 'done', error: null, done: 5 })
  })

  it('goes on beside another chat model, which it never asked', async () => {
    const id = await stopped()
    const configuration = () => Promise.resolve({ chat: 'none' })
    await ask({ resume: id }, { configuration, hasChat: false })
    expect(await ended(id)).toMatchObject({ state: 'done', done: 5 })
  })

  it.each([
    ['extracted', { embedding: 'onnx:other', threads: '2' }, 'embedding, threads changed'],
    ['system', { chat: 'llama:other' }, 'chat changed'],
    ['system', {}, 'chat changed'],
  ] as const)('of the arm %s does not go on with %j, and names it', async (arm, now, named) => {
    const id = await stopped({ arms: [arm] })
    const configuration = () => Promise.resolve(now)
    const error = await refusalOf(ask({ resume: id }, { configuration }))
    expect(error.code).toBe('conflict')
    expect(error.message).toContain(named)
    expect(await load(id)).toMatchObject({ state: 'stopped' })
  })

  it('does not go on in another library', async () => {
    const id = await stopped()
    const text = `update revision set text = revision.text || $1::text
      where revision.article_id = (select min(article.id) from article) and revision.revision = 1`
    await db().query(text, [' And more.'])
    const error = await refusalOf(ask({ resume: id }))
    await db().query(
      `update revision set text = left(revision.text, -10) where right(revision.text, 10) = $1::text`,
      [' And more.'],
    )
    expect(error).toMatchObject({ code: 'conflict' })
    expect(error.message).toContain('corpus changed')
  })
})

/** No job of a run is left. */
function idle(): Promise<true> {
  return until(async () => {
    const { rowCount } = await db().query(
      `select from pgboss.job where job.name = 'run-evaluation' and job.state < 'completed'`,
    )
    return rowCount === 0 ? true : undefined
  })
}

describe('going on', () => {
  it('is refused for a run that is done, or is not there', async () => {
    const { id } = await run({ limit: 1 })
    expect((await refusalOf(ask({ resume: id }))).code).toBe('conflict')
    expect((await refusalOf(ask({ resume: 'run_none' }))).code).toBe('not-found')
  })

  it('takes the key of another address again, which is kept nowhere', async () => {
    const target = 'http://:secret@127.0.0.1:9/v1'
    const prepared = await prepareRun({ set: 'handbook', limit: 1, target }, evaluation())
    await insertEvaluation(db(), { ...prepared, id: 'run_1', origin: 'asked' })
    await endEvaluation(db(), 'run_1', { state: 'stopped' })
    const addresses = new Map<string, string>()
    const other = requestEvaluation(
      { ...evaluation(), addresses },
      { resume: 'run_1', target: 'http://:secret@127.0.0.1:8/v1' },
    )
    const error = await refusalOf(other)
    expect(error).toMatchObject({ code: 'conflict' })
    expect(error.message).toBe(
      'The run run_1 asks http://127.0.0.1:9/v1, and not http://127.0.0.1:8/v1.',
    )
    await requestEvaluation({ ...evaluation(), addresses }, { resume: 'run_1', target })
    expect(addresses).toEqual(new Map([['run_1', target]]))
    expect(JSON.stringify(await ended('run_1'))).not.toContain('secret')
  })

  it('changes nothing for one that is on', async () => {
    const gate = holdUpAt(0)
    const id = await ask()
    await gate.reached
    expect(await ask({ resume: id })).toBe(id)
    gate.open()
    expect(await ended(id)).toMatchObject({ state: 'done', done: 5 })
  })
})

describe('a run whose process', () => {
  it.each([
    ['ends', false],
    ['is killed', true],
  ])('%s goes on in the next one with no case lost or doubled', async (_how, isKilled) => {
    await using own = await openTestServices()
    await own.readFeed(HANDBOOK)
    const { evaluation: parts, database, queue } = own.services
    const asked = later()
    let count = 0
    own.embedding.fault = (vectors) => {
      count += 1
      if (count <= 2) return vectors
      asked.resolve()
      return new Promise<never>(() => undefined)
    }
    const id = await requestEvaluation(parts, REQUEST)
    await asked.promise
    await queue.stop()
    const before = await listEvaluationRows(database.pool, id)
    expect(before.length).toBeGreaterThanOrEqual(1)
    expect(await loadEvaluation(database.pool, id)).toMatchObject({ state: 'running' })
    if (isKilled) {
      // Whoever is killed gives nothing back.
      await database.pool.query(
        `update pgboss.job set state = 'active' where job.name = 'run-evaluation' and job.state < 'completed'`,
      )
      await releaseJobs(database.pool)
    }
    own.embedding.fault = undefined
    const next = await openQueue({ pool: database.pool, onError: () => undefined })
    await next.work('run-evaluation', runEvaluationHandlers({ ...parts, queue: next }))
    const found = await until(async () => {
      const now = await loadEvaluation(database.pool, id)
      return now?.endedAt == null ? undefined : now
    })
    await next.stop()
    expect(found).toMatchObject({ state: 'done', done: 5 })
    const after = await listEvaluationRows(database.pool, id)
    expect(new Set(after.map(nameOf)).size).toBe(5)
    expect(after).toEqual(expect.arrayContaining([...before]))
    expect(await findBrokenInvariants(database.pool)).toEqual([])
  })
})

describe('an arm that asks the chat model', () => {
  it.each(['system', 'closed-book', 'gold-evidence', 'hidden-evidence', 'langchain'] as const)(
    'is refused where there is none: %s',
    async (arm) => {
      const error = await refusalOf(ask({ arms: ['extracted', arm] }, { hasChat: false }))
      expect(error.code).toBe('invalid-request')
      expect(error.message).toContain(`The arm ${arm} `)
      expect(await listEvaluations(db(), { limit: 1 })).toEqual([])
    },
  )

  it('is not what is asked where there is none and no arm is named', async () => {
    const request = { set: 'handbook', limit: 5 }
    const prepared = await prepareRun(request, { ...evaluation(), hasChat: false })
    expect(prepared.plan.arms).toEqual(['extracted'])
    expect((await prepareRun(request, evaluation())).plan.arms).toEqual(['system'])
  })

  it('waits until the model is loaded', async () => {
    const runId = await insert({ arms: ['system'] })
    let isReady = false
    const jobs = openJobs({ isChatReady: () => isReady })
    await jobs.workOff({ runId, slice: 0 })
    expect(await load(runId)).toMatchObject({ state: 'waiting', startedAt: null, done: 0 })
    expect(jobs.sent).toEqual([{ runId, slice: 0, delaySeconds: 2 }])
    isReady = true
    await jobs.workOff({ runId, slice: 0 })
    expect(await load(runId)).toMatchObject({ state: 'done', done: 2 })
  })

  const unavailable = () => {
    throw new AppError('model-unavailable', 'The weights are missing.')
  }

  it('ends the run when the model cannot be had', async () => {
    const runId = await insert({ arms: ['extracted', 'system'] })
    await openJobs({ isChatReady: unavailable }).workOff({ runId, slice: 0 })
    expect(await load(runId)).toMatchObject({
      state: 'failed',
      error: 'The weights are missing.',
      errorCode: 'model-unavailable',
      done: 0,
    })
  })

  it('is all that waits for the model', async () => {
    const runId = await insert({ arms: ['extracted', 'keyword'] })
    const jobs = openJobs({ isChatReady: unavailable, hasChat: false })
    await jobs.workOff({ runId, slice: 0 })
    expect(await load(runId)).toMatchObject({ state: 'done', done: 4 })
  })

  describe('in a run that a service without one comes upon', () => {
    const MINUTE_MS = 60_000

    async function comeUpon(runId: string) {
      const told: StoredEvaluation[] = []
      const onEnded = (run: StoredEvaluation) => Promise.resolve(void told.push(run))
      const jobs = openJobs({ hasChat: false, isChatReady: unavailable, onEnded })
      await jobs.workOff({ runId, slice: 0 })
      expect(told).toEqual([])
      return { run: await load(runId), sent: jobs.sent }
    }

    async function ageBy(ms: number, runId: string): Promise<void> {
      const values = [runId, ms]
      await db().query(
        `update evaluation set
           created_at = created_at - $2::integer * interval '1 millisecond',
           started_at = started_at - $2::integer * interval '1 millisecond'
         where evaluation.id = $1::text`,
        values,
      )
      await db().query(
        `update evaluation_row set ended_at = ended_at - $2::integer * interval '1 millisecond'
         where evaluation_row.evaluation_id = $1::text`,
        values,
      )
    }

    const failedRow: EvaluationRow = {
      arm: 'system',
      caseId: 'a',
      repetition: 1,
      answerId: null,
      result: null,
      error: 'The chat model did not answer.',
    }

    it.each(['waiting', 'running'] as const)('is left alone while it is %s', async (state) => {
      const runId = await insert({ arms: ['system'] })
      if (state === 'running') await startEvaluation(db(), runId)
      await ageBy(4.5 * MINUTE_MS, runId)
      const { run, sent } = await comeUpon(runId)
      expect(run).toMatchObject({ state, done: 0, error: null })
      expect(sent).toEqual([{ runId, slice: 0, delaySeconds: 30 }])
    })

    it('is left alone as long as its rows end, however old it is', async () => {
      const runId = await insert({ arms: ['system'] })
      await startEvaluation(db(), runId)
      await ageBy(60 * MINUTE_MS, runId)
      await insertEvaluationRow(db(), runId, failedRow)
      expect((await comeUpon(runId)).run).toMatchObject({ state: 'running', done: 1 })
    })

    it('is left alone where it waits for another run, however long', async () => {
      const runId = await insert({ arms: ['system'] })
      await ageBy(60 * MINUTE_MS, runId)
      expect((await comeUpon(runId)).run).toMatchObject({ state: 'waiting' })
    })

    it.each(['running', 'begun'] as const)(
      'is stopped, and tells how it goes on, where it is %s and nothing came of it for long',
      async (state) => {
        const runId = await insert({ arms: ['system'] })
        await startEvaluation(db(), runId)
        if (state === 'begun') await insertEvaluationRow(db(), runId, failedRow)
        await ageBy(5.5 * MINUTE_MS, runId)
        expect((await comeUpon(runId)).run).toMatchObject({
          state: 'stopped',
          error: `The run was cut off. Go on with: footnote eval --resume ${runId}`,
          errorCode: null,
        })
        expect(await ask({ resume: runId })).toBe(runId)
        expect(await ended(runId)).toMatchObject({ state: 'done', error: null, done: 2 })
      },
    )
  })

  it('ends the run where the faults in a row are spread over its jobs', async () => {
    chat.script = {
      pieces: [],
      throwAt: 0,
      error: new AppError('model-timeout', 'The model took too long.'),
    }
    const runId = await insert({ arms: ['system'], limit: 8 })
    const { steps } = evaluation()
    // Each case takes up a whole job’s time.
    let passedMs = 0
    const now = performance.now.bind(performance)
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + passedMs)
    const jobs = openJobs({
      steps: {
        ...steps,
        retrieve: (request) => {
          passedMs += 60_000
          return steps.retrieve(request)
        },
      },
    })
    await jobs.workOff({ runId, slice: 0 }).finally(() => clock.mockRestore())
    const failed = await load(runId)
    expect(failed).toMatchObject({ state: 'failed', errorCode: 'model-unavailable', done: 5 })
    expect(failed.slice).toBe(4)
    expect(failed.error).toMatch(/^5 cases in a row could not be asked/)
  })

  it('ends the run when the model fails five times in a row, and goes on when it is mended', async () => {
    chat.script = {
      pieces: [],
      throwAt: 0,
      error: new AppError('model-unavailable', 'The model is away.'),
    }
    const failed = await run({ arms: ['system'], limit: 8 })
    expect(failed).toMatchObject({ state: 'failed', errorCode: 'model-unavailable', done: 5 })
    expect(failed.error).toMatch(/^5 cases in a row could not be asked: .*--resume\.$/)
    expect((await rowsOf(failed.id)).map(({ error }) => error)).toEqual(
      Array(5).fill('The chat model did not answer.'),
    )
    chat.script = { pieces: ['They answer nothing.'] }
    await ask({ resume: failed.id })
    expect(await ended(failed.id)).toMatchObject({ state: 'done', error: null, done: 8 })
    const rows = await rowsOf(failed.id)
    expect(rows.every(({ error, result }) => error === null && result !== null)).toBe(true)
    expect(new Set(rows.map(nameOf)).size).toBe(8)
  })

  it('does not end the run when the model fails now and then, but a run of errors says nothing', async () => {
    let asked = 0
    const away = new AppError('model-timeout', 'The model took too long.')
    const generate = chat.generate.bind(chat)
    chat.generate = (input) => {
      asked += 1
      chat.script = {
        pieces: ['Nothing.'],
        ...(asked % 2 === 0 ? { throwAt: 0, error: away } : {}),
      }
      return generate(input)
    }
    const failed = await run({ arms: ['system'], limit: 8 }).finally(() => {
      chat.generate = generate
    })
    expect(failed).toMatchObject({ state: 'failed', errorCode: 'model-unavailable', done: 8 })
    expect(failed.error).toMatch(/^4 of 8 cases ended in an error, so the run says nothing\./)
  })
})

describe('a choice of cases', () => {
  it('is of those that another run got wrong', async () => {
    const first = await run({ limit: 20 })
    const failing = (await rowsOf(first.id))
      .filter(({ result }) => !(result as { scores: { correct: boolean } }).scores.correct)
      .map(({ caseId }) => caseId)
    expect(failing.length).toBeGreaterThan(0)
    expect(failing.length).toBeLessThan(20)
    const again = await run({ set: 'handbook', limit: 1000, onlyFailing: first.id })
    expect(again).toMatchObject({ state: 'done', done: failing.length })
    expect((await rowsOf(again.id)).map(({ caseId }) => caseId).toSorted()).toEqual(
      failing.toSorted(),
    )
    expect((await refusalOf(ask({ onlyFailing: 'run_none' }))).code).toBe('not-found')
  })

  it('is of one id, kind, tag or article', async () => {
    const wanted = (await loadSet('handbook')).cases[1]?.id
    const { plan } = await prepareRun({ ...REQUEST, filter: `id=${wanted}` }, evaluation())
    expect(plan.cases.map(({ id }) => id)).toEqual([wanted])
    const error = await refusalOf(ask({ filter: 'id=nobody' }))
    expect(error).toMatchObject({ code: 'invalid-request' })
    expect(error.message).toContain('id=nobody')
  })
})

describe('the set', () => {
  it('is the one whose articles are there where none is named', async () => {
    const { setName } = await prepareRun({ arms: ['extracted'] }, evaluation())
    expect(setName).toBe('handbook')
  })

  it('of cases that were kept from reviews is asked as “reviews”', async () => {
    expect((await refusalOf(ask({ set: 'reviews' }))).code).toBe('not-found')
    const [golden] = (await loadSet('handbook')).cases
    const review = await openReview(db(), {
      question: 'What?',
      questionKey: 'what',
      reasons: ['asked-for'],
      reopens: false,
    })
    const body = { ...golden, id: 'rev-00000001' }
    await insertKeptCase(db(), { id: body.id, reviewId: review?.id ?? '', body })
    const found = await run({ set: 'reviews' })
    expect(found).toMatchObject({ state: 'done', setName: 'reviews', done: 1 })
    expect(names(await rowsOf(found.id))).toEqual(['extracted rev-00000001 1'])
  })

  it('is not there', async () => {
    expect((await refusalOf(ask({ set: 'whales' }))).code).toBe('not-found')
  })

  it('speaks of another library', async () => {
    const error = await refusalOf(ask({ set: 'glad-labs' }))
    expect(error.code).toBe('invalid-request')
    expect(error.message).toContain('The library lacks 10 of the 10 articles')
  })

  it('is not held against a baseline of another one, or of nothing', async () => {
    const missing = await refusalOf(ask({ baseline: '/nowhere/baseline.json' }))
    expect(missing.code).toBe('not-found')
  })
})

describe('a library that changes', () => {
  const addOther = () =>
    addFeed(test.services, { url: test.writeFeed(toRss(LIBRARY)), refreshMinutes: 60 })

  it('while a run is on ends it with a clear sentence', async () => {
    const { id } = await test.readFeed(test.writeFeed(toRss(LIBRARY)))
    const gate = holdUpAt(2)
    const runId = await ask()
    await gate.reached
    await removeFeed(test.services, id)
    gate.open()
    const { state, error, errorCode, report } = await ended(runId)
    expect({ state, errorCode, report }).toEqual({
      state: 'failed',
      errorCode: 'conflict',
      report: null,
    })
    expect(error).toMatch(/^The library changed while the run was on.*Start it anew\.$/)
  })

  it('before the first case has the run planned anew', async () => {
    const gate = holdUpAt(0)
    const { feed } = await addOther()
    await gate.reached
    const runId = await ask()
    const before = await load(runId)
    await heldUp('run-evaluation')
    gate.open()
    const after = await ended(runId)
    expect(after).toMatchObject({ state: 'done', done: 5 })
    expect(after.corpusRevision).toBeGreaterThan(before.corpusRevision)
    expect(after.corpusRevision).toBe((await loadCorpus(db())).revision)
    expect(after.fingerprints['corpus']).toBe(await hashLibrary(db()))
    expect(after.fingerprints['corpus']).not.toBe(before.fingerprints['corpus'])
    await removeFeed(test.services, feed.id)
  })

  it('so that the set no longer fits ends the run before its first case, and says why', async () => {
    const feed = await test.readFeed(test.writeFeed(toRss(LIBRARY)))
    const { refresh } = await insertRefresh(db(), crypto.randomUUID(), feed.id)
    await startRefresh(db(), refresh.id)
    const runId = await ask()
    await heldUp('run-evaluation')
    await removeFeed(test.services, handbookId)
    await expectArticles(db(), refresh.id, [])
    const { state, error, errorCode, done } = await ended(runId)
    expect({ state, errorCode, done }).toEqual({
      state: 'failed',
      errorCode: 'invalid-request',
      done: 0,
    })
    expect(error).toContain('The library lacks')
    handbookId = (await test.readFeed(HANDBOOK)).id
    await removeFeed(test.services, feed.id)
  })
})

describe('another Footnote', () => {
  it('is asked the same cases, and its answers are kept here', async () => {
    await using app = await openTestApp({ services: () => test.services })
    const target = `http://:secret@127.0.0.1:${app.port}`
    const id = await requestEvaluation(evaluation(), { set: 'handbook', limit: 3, target })
    const found = await ended(id)
    expect(found).toMatchObject({ state: 'done', error: null, done: 3 })
    expect(JSON.stringify(found)).not.toContain('secret')
    expect(found.fingerprints['target']).toBe(`http://127.0.0.1:${app.port}/`)
    const rows = await rowsOf(id)
    const { rows: shown } = await loadReportInput(db(), found)
    expect(shown.map(({ answer }) => answer?.answerId).toSorted()).toEqual(
      rows.map(({ answerId }) => answerId).toSorted(),
    )
    for (const { answerId } of rows) expect(await loadAnswer(db(), answerId ?? '')).toBeDefined()
  })

  it('is asked where there is no chat model', async () => {
    await using app = await openTestApp({ services: () => test.services })
    const target = `http://127.0.0.1:${app.port}/`
    const prepared = await prepareRun({ set: 'handbook', limit: 2, target }, evaluation())
    await insertEvaluation(db(), { ...prepared, id: 'run_1', origin: 'asked' })
    const isChatReady = () => false
    await openJobs({ hasChat: false, isChatReady }).workOff({ runId: 'run_1', slice: 0 })
    expect(await load('run_1')).toMatchObject({ state: 'done', error: null, done: 2 })
  })

  it('is not asked for a part of this service', async () => {
    const error = await refusalOf(ask({ target: 'http://:secret@127.0.0.1:9/' }))
    expect(error.code).toBe('invalid-request')
    expect(error.message).toContain('extracted')
    expect(error.message).not.toContain('secret')
  })
})

describe('a judge', () => {
  it('judges what was answered, is tried in the run itself, and is closed', async () => {
    let closed = 0
    const judge = {
      judge: () =>
        Promise.resolve({ accuracy: 1, faithfulness: 0.5, toxicity: 0, verdict: 'It is so.' }),
      close: () => Promise.resolve(void (closed += 1)),
    }
    const parts = { judgeModel: 'ollama:judge', openJudge: () => Promise.resolve(judge) }
    const runId = await insert({ limit: 20 }, parts)
    await openJobs(parts).workOff({ runId, slice: 0 })
    const { state, done, total, report } = await load(runId)
    expect({ state, closed }).toEqual({ state: 'done', closed: 1 })
    expect(done).toBe(total)
    const rows = await rowsOf(runId)
    const tried = rows.filter(({ arm }) => arm === JUDGE_ARM)
    expect(tried.length).toBeGreaterThan(0)
    expect(rows).toHaveLength(20 + tried.length)
    // It finds every answer right, the wrong ones too.
    expect((report as Report).judge).toMatchObject({
      model: 'ollama:judge',
      truePositiveRate: 1,
      falsePositiveRate: 1,
      checked: tried.length,
      isTrusted: false,
    })
  })

  it('that cannot be had spoils nothing: the report says that nothing was judged', async () => {
    const parts = {
      judgeModel: 'ollama:judge',
      openJudge: () => Promise.reject(new AppError('model-unavailable', 'It is away.')),
    }
    const runId = await insert({ limit: 20 }, parts)
    await openJobs(parts).workOff({ runId, slice: 0 })
    const { state, error, report } = await load(runId)
    expect({ state, error }).toEqual({ state: 'done', error: null })
    const rows = await rowsOf(runId)
    expect(rows).toHaveLength(20)
    expect(rows.every(isUnjudged)).toBe(true)
    expect((report as Report).judge).toBeNull()
    expect((report as Report).notes).toContain(
      'The judge ollama:judge could not be had: nothing was judged.',
    )
  })

  it.each([
    ['fails', () => Promise.reject(new AppError('model-timeout', 'It took too long.'))],
    ['gives nothing', () => Promise.resolve(null)],
  ])('that %s at every answer spoils no row', async (_what, judge) => {
    const opened = { judge, close: () => Promise.resolve() }
    const parts = { judgeModel: 'ollama:judge', openJudge: () => Promise.resolve(opened) }
    const runId = await insert({ limit: 20 }, parts)
    await openJobs(parts).workOff({ runId, slice: 0 })
    const { state, error, done, total } = await load(runId)
    expect({ state, error, done }).toEqual({ state: 'done', error: null, done: total })
    const rows = await rowsOf(runId)
    expect(rows.some(({ arm }) => arm === JUDGE_ARM)).toBe(true)
    expect(rows.every(isUnjudged)).toBe(true)
  })

  const isUnjudged = ({ error, result }: EvaluationRow) =>
    error === null && (result as { judge: unknown }).judge === null

  it('is closed where its run was stopped between two jobs, and not for another run’s sake', async () => {
    let closed = 0
    const opened = {
      judge: () => Promise.resolve(null),
      close: () => Promise.resolve(void (closed += 1)),
    }
    const parts = { judgeModel: 'ollama:judge', openJudge: () => Promise.resolve(opened) }
    const [runId, other] = [await insert({}, parts), await insert({}, parts)]
    const jobs = openJobs(parts)
    await jobs.run({ runId, slice: 0 })
    await endEvaluation(db(), other, { state: 'stopped' })
    await jobs.run({ runId: other, slice: 0 })
    expect(closed).toBe(0)
    await endEvaluation(db(), runId, { state: 'stopped' })
    await jobs.run({ runId, slice: 1 })
    expect(closed).toBe(1)
  })
})

import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Flip, Report } from '../../eval/report.ts'
import { openTestDatabase } from '../../test/open-test-database.ts'
import type { Database } from '../db/database.ts'
import {
  endEvaluation,
  insertEvaluation,
  loadEvaluation,
  type StoredEvaluation,
} from '../store/evaluations.ts'
import { createNotifier, toEvent } from './notify-webhook.ts'

const FELL =
  'system: hit@1 fell by 3.1 points, from 0.900 to 0.869 over the 200 compared cases (p = .031).'

function reportOf(reasons: readonly string[], changes: Partial<Report> = {}): Report {
  return {
    verdict: reasons.length === 0 ? 'passed' : 'regressed',
    reasons,
    baseline: null,
    metrics: {},
    flips: [],
    heldOut: [],
    notes: [],
    judge: null,
    ...changes,
  }
}

type Night = Parameters<typeof toEvent>[0]

const done = (...reasons: readonly string[]): Night => ({
  state: 'done',
  report: reportOf(reasons),
  error: null,
})

const failed = (error: string): Night => ({ state: 'failed', report: null, error })

describe('a night', () => {
  it.each<[string, Night | undefined, Night, ReturnType<typeof toEvent>]>([
    ['green, the first', undefined, done(), null],
    ['green again and again', done(), done(), null],
    ['red, the first', undefined, done(FELL), 'breach'],
    ['red after green', done(), done(FELL), 'breach'],
    ['red for the same reason', done(FELL), done(FELL), null],
    [
      'red for the same reason with other figures',
      done(FELL),
      done(
        'system: hit@1 fell by 12.0 points, from 0.900 to 0.780 over the 198 compared cases (p < .001).',
      ),
      null,
    ],
    ['red for another metric', done(FELL), done(FELL.replace('hit@1', 'hit@3')), 'breach'],
    ['red for another arm', done(FELL), done(FELL.replace('system', 'keyword')), 'breach'],
    [
      'red for a reason more',
      done(FELL),
      done(FELL, 'system: hit@1 is 0.800 (0.740 to 0.850), below its floor of 0.850.'),
      'breach',
    ],
    ['red for a reason less', done(FELL, FELL.replace('hit@1', 'hit@3')), done(FELL), null],
    ['green after red', done(FELL), done(), 'recovery'],
    ['failed after green', done(), failed('The model is away.'), 'breach'],
    [
      'failed for the same reason',
      failed('The model is away.'),
      failed('The model is away.'),
      null,
    ],
    ['failed with other figures', failed('4 of 8 cases'), failed('5 of 8 cases'), null],
    ['failed after red', done(FELL), failed('The model is away.'), 'breach'],
    ['red after failed', failed('The model is away.'), done(FELL), 'breach'],
    ['green after failed', failed('The model is away.'), done(), 'recovery'],
  ])('that is %s', (...[, before, now, event]) => {
    expect(toEvent(now, before)).toBe(event)
  })
})

const posts: { readonly type: string | undefined; readonly body: unknown }[] = []
let statuses: readonly number[] = []
const log: string[] = []
const logger = pino({ level: 'info' }, { write: (line: string) => void log.push(line) })

const server = createServer((request, response: ServerResponse) => {
  void (async () => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const status = statuses[posts.length] ?? 200
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString())
    posts.push({ type: request.headers['content-type'], body })
    response.writeHead(status).end()
  })()
})

let database: Database & AsyncDisposable
let url: string

beforeAll(async () => {
  database = await openTestDatabase()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
})

afterAll(async () => {
  server.close()
  await database[Symbol.asyncDispose]()
})

afterEach(async () => {
  posts.length = 0
  log.length = 0
  statuses = []
  runs = 0
  await database.pool.query('delete from evaluation')
})

let runs = 0

interface RunSketch {
  readonly origin?: StoredEvaluation['origin']
  readonly setName?: string
  readonly state?: 'done' | 'failed' | 'stopped'
  readonly error?: string
}

/** A run of the next night, ended so. */
async function ended(report: Report | null, sketch: RunSketch = {}): Promise<StoredEvaluation> {
  const { origin = 'nightly', setName = 'whales', state = 'done', error } = sketch
  runs += 1
  const id = `run_${runs}`
  const plan = { plan: {}, request: {}, fingerprints: {}, corpusRevision: 1, total: 1 }
  await insertEvaluation(database.pool, { id, setName, origin, ...plan })
  await database.pool.query(
    `update evaluation set created_at = created_at + $2::integer * interval '1 day'
     where evaluation.id = $1::text`,
    [id, runs],
  )
  await endEvaluation(database.pool, id, {
    state,
    ...(report === null ? {} : { report }),
    ...(error === undefined ? {} : { error }),
  })
  const run = await loadEvaluation(database.pool, id)
  if (run === undefined) throw new Error('The run is not there.')
  return run
}

const tell = (run: StoredEvaluation, to: string | undefined = url) =>
  createNotifier({ database, url: to, logger, pauseMs: 1 })(run)

function flip(caseId: string, changes: Partial<Flip> = {}): Flip {
  return {
    caseId,
    arm: 'system',
    of: 'answer',
    direction: 'broken',
    stage: 'retrieval',
    explanation: `${caseId} flipped. 🐋`,
    ...changes,
  }
}

describe('the webhook', () => {
  it('is told of a breach, with the three worst flips first', async () => {
    const [worst, unclear, fixed] = [
      flip('worst'),
      flip('unclear', { stage: 'unclear' }),
      flip('fixed', { direction: 'fixed' }),
    ]
    const noise = flip('noise', { stage: 'noise' })
    const second = flip('second', { stage: 'generation' })
    const flips = [fixed, noise, unclear, worst, second]
    const run = await ended(reportOf([FELL], { flips }))
    await tell(run)
    expect(posts).toEqual([
      {
        type: 'application/json',
        body: {
          event: 'breach',
          run: run.id,
          set: 'whales',
          verdict: 'regressed',
          error: null,
          reasons: [FELL],
          worstFlips: [worst, second, noise],
          report: `/v1/evaluations/${run.id}`,
          endedAt: run.endedAt?.toISOString(),
        },
      },
    ])
    expect(log).toEqual([])
  })

  it('is told of a recovery, and of no night that is as the one before', async () => {
    for (const reasons of [[], [FELL], [FELL], [], []]) await tell(await ended(reportOf(reasons)))
    expect(posts.map(({ body }) => [(body as { event: string }).event])).toEqual([
      ['breach'],
      ['recovery'],
    ])
  })

  it('is told of a run that failed, with its reason', async () => {
    await tell(await ended(null, { state: 'failed', error: 'The model is away.' }))
    expect(posts).toMatchObject([
      {
        body: {
          event: 'breach',
          verdict: null,
          error: 'The model is away.',
          reasons: [],
          worstFlips: [],
        },
      },
    ])
  })

  it('looks at the last night of the same set alone', async () => {
    await ended(reportOf([FELL]))
    await ended(reportOf([]), { setName: 'seals' })
    await ended(reportOf([]), { origin: 'asked' })
    await ended(null, { state: 'stopped' })
    await tell(await ended(reportOf([FELL])))
    expect(posts).toEqual([])
  })

  it('is not told of a run that a person started', async () => {
    await tell(await ended(reportOf([FELL]), { origin: 'asked' }))
    expect(posts).toEqual([])
  })

  it('is tried again where it answers with an error', async () => {
    statuses = [500, 503, 200]
    await tell(await ended(reportOf([FELL])))
    expect(posts).toHaveLength(3)
    expect(log).toEqual([])
  })

  it('is given up after three times, which the log says', async () => {
    statuses = [500, 500, 500, 200]
    await tell(await ended(reportOf([FELL])))
    expect(posts).toHaveLength(3)
    expect(log.join('')).toContain('it answered 500')
  })

  it('that is away is a line in the log and nothing more', async () => {
    await tell(await ended(reportOf([FELL])), 'http://127.0.0.1:9/hook')
    expect(log).toHaveLength(1)
    expect(log.join('')).toContain('the webhook was not reached')
  })

  it('is told nothing where there is none', async () => {
    await createNotifier({ database, url: undefined, logger })(await ended(reportOf([FELL])))
    expect([posts, log]).toEqual([[], []])
  })
})

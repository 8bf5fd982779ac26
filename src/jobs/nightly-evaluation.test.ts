import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadReportInput } from '../../eval/report-input.ts'
import { formatReport } from '../../eval/report-text.ts'
import { goldenSetsDir, loadSet } from '../../eval/set-folder.ts'
import { openTestServices, type TestServices } from '../../test/open-test-services.ts'
import { LIBRARY, toRss } from '../../test/test-feed.ts'
import { AppError } from '../errors.ts'
import {
  endEvaluation,
  listEvaluations,
  loadEvaluation,
  type StoredEvaluation,
} from '../store/evaluations.ts'
import { insertKeptCase } from '../store/kept-cases.ts'
import { openReview } from '../store/reviews.ts'
import { removeFeed } from './manage-feeds.ts'
import { nightlyEvaluationHandlers } from './nightly-evaluation.ts'
import { requestEvaluation, type EvaluationDependencies } from './run-evaluation.ts'

let test: TestServices

beforeEach(async () => {
  test = await openTestServices()
})

afterEach(() => test[Symbol.asyncDispose]())

/** What the night asked for and what it could not, a line a run, what it told, and what it logged. */
async function night(parts: Partial<EvaluationDependencies> = {}) {
  const log: string[] = []
  const logger = pino({ level: 'info' }, { write: (line: string) => void log.push(line) })
  const told: StoredEvaluation[] = []
  const onEnded = (run: StoredEvaluation) => Promise.resolve(void told.push(run))
  const dependencies = { ...test.services.evaluation, onEnded, ...parts }
  const handlers = nightlyEvaluationHandlers({ ...dependencies, logger })
  const before = new Set((await listRuns()).map(({ id }) => id))
  await handlers.run({}, new AbortController().signal)
  const runs = (await listRuns()).filter(({ id }) => !before.has(id))
  // Nobody waits for them here.
  for (const { id } of runs) {
    await endEvaluation(test.services.database.pool, id, { state: 'stopped' })
  }
  const failed = runs.filter(({ state }) => state === 'failed')
  const asked = runs.filter((run) => !failed.includes(run))
  return {
    asked: asked.map(({ setName, origin }) => `${setName} ${origin}`).toSorted(),
    failed: failed.map(({ setName, origin }) => `${setName} ${origin}`),
    told,
    log: log.join(''),
  }
}

const listRuns = () => listEvaluations(test.services.database.pool, { limit: 100 })

/** As a person does. */
async function askAndStop(): Promise<void> {
  const request = { set: 'handbook', arms: ['extracted' as const], limit: 1 }
  const run = await requestEvaluation(test.services.evaluation, request)
  await endEvaluation(test.services.database.pool, run, { state: 'stopped' })
}

/** So long ago was what was asked up to now. */
async function passMinutes(minutes: number): Promise<void> {
  await test.services.database.pool.query(
    `update evaluation set created_at = created_at - $1::integer * interval '1 minute'`,
    [minutes],
  )
}

async function keepCase(changes: object = {}): Promise<void> {
  const { pool } = test.services.database
  const review = await openReview(pool, {
    question: 'What?',
    questionKey: 'what',
    reasons: ['asked-for'],
    reopens: false,
  })
  const [golden] = (await loadSet('handbook')).cases
  const body = { ...golden, id: 'rev-00000001', ...changes }
  await insertKeptCase(pool, { id: 'rev-00000001', reviewId: review?.id ?? '', body })
}

const readHandbook = () => test.readFeed(join(goldenSetsDir, 'handbook', 'feed.xml'))

const tornOnce = () => {
  let calls = 0
  return () => {
    calls += 1
    if (calls > 1) return Promise.resolve({})
    return Promise.reject(new AppError('model-file-invalid', 'The weights are torn.'))
  }
}

describe('a night', () => {
  it('with nothing to evaluate says so and is fine', async () => {
    await test.readFeed(test.writeFeed(toRss(LIBRARY)))
    const { asked, log } = await night()
    expect(asked).toEqual([])
    expect(log).toContain('no golden set speaks of the library')
  })

  it('runs the sets whose articles are in the library', async () => {
    await readHandbook()
    expect((await night()).asked).toEqual(['handbook nightly'])
  })

  it('runs the cases that were kept from reviews, too', async () => {
    await readHandbook()
    await keepCase()
    expect((await night()).asked).toEqual(['handbook nightly', 'reviews nightly'])
  })

  it('runs kept cases where no set speaks of the library', async () => {
    await test.readFeed(test.writeFeed(toRss(LIBRARY)))
    await keepCase({ articles: [], facts: [], evidence: [], kind: 'unanswerable' })
    const { asked, log } = await night()
    expect(asked).toEqual(['reviews nightly'])
    expect(log).not.toContain('nothing to evaluate')
  })

  it('on which one set cannot be run still runs the others, and tells which', async () => {
    await readHandbook()
    await keepCase()
    const { asked, failed, log } = await night({ configuration: tornOnce() })
    expect(asked).toEqual(['reviews nightly'])
    expect(failed).toEqual(['handbook nightly'])
    expect(log).toContain('a golden set cannot be evaluated')
    expect(log).toContain('"set":"handbook"')
    expect(log).toContain('The weights are torn.')
  })

  it('on which a kept case cannot be read still runs the others, and tells which', async () => {
    await readHandbook()
    await keepCase({ kind: 'riddle' })
    const { asked, failed, log } = await night()
    expect(asked).toEqual(['handbook nightly'])
    expect(failed).toEqual(['reviews nightly'])
    expect(log).toContain('"set":"reviews"')
    expect(log).toContain('rev-00000001')
  })

  it('on which a set cannot be run keeps that as a run that failed, and tells it', async () => {
    await readHandbook()
    const { told } = await night({ configuration: tornOnce() })
    const [run] = await listRuns()
    expect(run).toMatchObject({
      id: expect.stringMatching(/^run_/) as string,
      setName: 'handbook',
      origin: 'nightly',
      state: 'failed',
      request: { set: 'handbook' },
      error: 'The weights are torn.',
      errorCode: 'model-file-invalid',
      total: 0,
      done: 0,
      report: null,
    })
    expect(run?.endedAt).toBeInstanceOf(Date)
    expect(told).toMatchObject([{ id: run?.id, state: 'failed', error: 'The weights are torn.' }])
    const kept = await loadEvaluation(test.services.database.pool, run?.id ?? '')
    const input = await loadReportInput(test.services.database.pool, kept as StoredEvaluation)
    expect(formatReport(input, { isColour: false })).toContain('The weights are torn.')
  })

  it('runs a set whose articles are gone since another night, which fails for all to see', async () => {
    const { id } = await readHandbook()
    expect((await night()).asked).toEqual(['handbook nightly'])
    await removeFeed(test.services, id)
    await test.readFeed(test.writeFeed(toRss(LIBRARY)))
    // On the first such night, and on the next one.
    for (let nights = 0; nights < 2; nights += 1) {
      await passMinutes(24 * 60)
      const { asked, failed, told, log } = await night()
      expect([asked, failed]).toEqual([[], ['handbook nightly']])
      expect(told).toMatchObject([{ setName: 'handbook', errorCode: 'invalid-request' }])
      expect(told[0]?.error).toContain('The library lacks')
      expect(log).not.toContain('nothing to evaluate')
    }
  })

  it('does not run a set whose articles are gone and that was asked for by a person alone', async () => {
    const { id } = await readHandbook()
    await askAndStop()
    await removeFeed(test.services, id)
    expect(await night()).toMatchObject({ asked: [], failed: [], told: [] })
  })

  it('that is tried again within ten minutes asks for nothing twice', async () => {
    await readHandbook()
    await keepCase()
    const first = await night({ configuration: tornOnce() })
    expect([first.asked, first.failed]).toEqual([['reviews nightly'], ['handbook nightly']])
    await passMinutes(9)
    // What a person asks for meanwhile is not the night's.
    await askAndStop()
    expect(await night()).toMatchObject({ asked: [], failed: [], told: [] })
    await passMinutes(2)
    expect((await night()).asked).toEqual(['handbook nightly', 'reviews nightly'])
  })

  it('on which something breaks that nobody foresaw is the job’s to repeat', async () => {
    await readHandbook()
    const configuration = () => Promise.reject(new TypeError('Not one of ours.'))
    await expect(night({ configuration })).rejects.toThrow('Not one of ours.')
  })
})

import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { goldenSetsDir, loadSet } from '../../eval/set-folder.ts'
import { openTestServices, type TestServices } from '../../test/open-test-services.ts'
import { LIBRARY, toRss } from '../../test/test-feed.ts'
import { AppError } from '../errors.ts'
import { endEvaluation, listEvaluations } from '../store/evaluations.ts'
import { insertKeptCase } from '../store/kept-cases.ts'
import { openReview } from '../store/reviews.ts'
import { nightlyEvaluationHandlers } from './nightly-evaluation.ts'
import type { EvaluationDependencies } from './run-evaluation.ts'

let test: TestServices

beforeEach(async () => {
  test = await openTestServices()
})

afterEach(() => test[Symbol.asyncDispose]())

/** What the night asked for, a line a run, and what it logged. */
async function night(parts: Partial<EvaluationDependencies> = {}) {
  const log: string[] = []
  const logger = pino({ level: 'info' }, { write: (line: string) => void log.push(line) })
  const dependencies = { ...test.services.evaluation, ...parts }
  const handlers = nightlyEvaluationHandlers({ ...dependencies, logger })
  await handlers.run({}, new AbortController().signal)
  const runs = await listEvaluations(test.services.database.pool, { limit: 100 })
  // Nobody waits for them here.
  for (const { id } of runs) {
    await endEvaluation(test.services.database.pool, id, { state: 'stopped' })
  }
  return {
    asked: runs.map(({ setName, origin }) => `${setName} ${origin}`).toSorted(),
    log: log.join(''),
  }
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
    let calls = 0
    const configuration = () => {
      calls += 1
      if (calls > 1) return Promise.resolve({})
      return Promise.reject(new AppError('model-file-invalid', 'The weights are torn.'))
    }
    const { asked, log } = await night({ configuration })
    expect(asked).toEqual(['reviews nightly'])
    expect(log).toContain('a golden set cannot be evaluated')
    expect(log).toContain('"set":"handbook"')
    expect(log).toContain('The weights are torn.')
  })

  it('on which a kept case cannot be read still runs the others, and tells which', async () => {
    await readHandbook()
    await keepCase({ kind: 'riddle' })
    const { asked, log } = await night()
    expect(asked).toEqual(['handbook nightly'])
    expect(log).toContain('"set":"reviews"')
    expect(log).toContain('rev-00000001')
  })

  it('on which something breaks that nobody foresaw is the job’s to repeat', async () => {
    await readHandbook()
    const configuration = () => Promise.reject(new TypeError('Not one of ours.'))
    await expect(night({ configuration })).rejects.toThrow('Not one of ours.')
  })
})

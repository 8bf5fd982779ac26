import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AnswerSteps } from '../src/answering/answer-steps.ts'
import { transaction } from '../src/db/database.ts'
import { AppError } from '../src/errors.ts'
import { insertAnswer } from '../src/store/answers.ts'
import { insertEvaluation, insertEvaluationRow } from '../src/store/evaluations.ts'
import { listGuids } from '../src/store/library-texts.ts'
import { madeBaseline } from '../test/made-baseline.ts'
import { caseRow } from '../test/case-row.ts'
import { openTestServices, type TestServices } from '../test/open-test-services.ts'
import { createScriptedChat } from '../test/scripted-chat.ts'
import { LIBRARY, LIMIT, MISSED, toRss } from '../test/test-feed.ts'
import { ANSWERABLE } from '../test/test-golden-set.ts'
import { createArm } from './arms.ts'
import { askAgain } from './ask-again.ts'
import { createServiceTarget } from './service-target.ts'

const RUN = 'run_before'
const FLIP = { arm: 'system', caseId: ANSWERABLE.id }
const BASELINE = madeBaseline([caseRow(ANSWERABLE.id)], { run: RUN })

const chat = createScriptedChat({ script: { pieces: [LIMIT] } })
let test: TestServices

beforeAll(async () => {
  test = await openTestServices({ chat })
  await test.readFeed(test.writeFeed(toRss(LIBRARY)))
})

afterAll(() => test[Symbol.asyncDispose]())

beforeEach(async () => {
  chat.script = { pieces: [LIMIT] }
  await askBefore()
  chat.prompts.length = 0
})

afterEach(async () => {
  await db().query('delete from evaluation')
  await db().query('delete from answer')
})

const db = () => test.services.database.pool
const { signal } = new AbortController()

/** The baseline's run, whose answer is kept. */
async function askBefore(): Promise<void> {
  const { database, answerSteps } = test.services
  const arm = createArm('system', { steps: answerSteps, library: new Map() })
  const target = createServiceTarget({
    guids: await listGuids(db()),
    arms: new Map([['system', arm]]),
  })
  const kept = await target.ask({ arm: 'system', golden: ANSWERABLE, repetition: 1 }, signal)
  const run = { setName: 'made', origin: 'asked', request: {}, plan: {}, fingerprints: {} } as const
  await transaction(database, async (client) => {
    await insertEvaluation(client, { ...run, id: RUN, corpusRevision: 1, total: 1 })
    await insertAnswer(client, kept)
    await insertEvaluationRow(client, RUN, {
      arm: 'system',
      caseId: ANSWERABLE.id,
      repetition: 1,
      answerId: kept.id,
      result: { scores: {}, stages: {} },
      error: null,
    })
  })
}

/** Steps of which the search, as the first of them, fails. */
function failing(error: Error): AnswerSteps {
  return { ...test.services.answerSteps, retrieve: () => Promise.reject(error) }
}

/** A search that has lost everything but what it packs of other articles. */
async function again(changes: Partial<Parameters<typeof askAgain>[2]> = {}) {
  const { answerSteps } = test.services
  const steps: AnswerSteps = {
    ...answerSteps,
    retrieve: async (request) => ({ ...(await answerSteps.retrieve(request)), passages: [] }),
  }
  const guids = await listGuids(db())
  return askAgain(FLIP, ANSWERABLE, {
    db: db(),
    steps,
    baseline: BASELINE,
    guids,
    signal,
    ...changes,
  })
}

describe('a case that is asked again', () => {
  it('is answered from the passages of the baseline’s run, whatever is found now', async () => {
    expect(await again()).toEqual({ correct: true })
    expect(chat.prompts).toHaveLength(1)
    expect(chat.prompts[0]).toContain(LIMIT)
  })

  it('is wrong where the model now answers otherwise', async () => {
    chat.script = { pieces: [MISSED] }
    expect(await again()).toEqual({ correct: false })
  })

  it('tells nothing where the baseline’s run is not kept here', async () => {
    const other = madeBaseline([caseRow(ANSWERABLE.id)], { run: 'run_elsewhere' })
    expect(await again({ baseline: other })).toBeNull()
    expect(await again({ baseline: madeBaseline([]) })).toBeNull()
    expect(chat.prompts).toEqual([])
  })

  it.each(['model-busy', 'model-timeout', 'model-unavailable'] as const)(
    'tells nothing where the model is away, and fails nothing: %s',
    async (code) => {
      const steps = failing(new AppError(code, 'Not now.'))
      expect(await again({ steps })).toBeNull()
    },
  )

  it('tells nothing where extracts stand in for the model', async () => {
    chat.script = { pieces: [], throwAt: 0, error: new AppError('model-unavailable', 'Away.') }
    expect(await again()).toBeNull()
  })

  it('fails where something else does, or where it is called off', async () => {
    const gone = new AppError('database-unavailable', 'The database is away.')
    await expect(again({ steps: failing(gone) })).rejects.toThrow('The database is away.')
    const off = new AbortController()
    off.abort(new Error('Called off.'))
    const steps = failing(new AppError('model-busy', 'Not now.'))
    await expect(again({ steps, signal: off.signal })).rejects.toThrow('Called off.')
  })

  it('tells nothing where its answer is no longer kept', async () => {
    await db().query('delete from answer')
    expect(await again()).toBeNull()
  })

  it('tells nothing where a passage is not as it was', async () => {
    await db().query(
      `update revision set text = replace(revision.text, 'limited to 8000', 'limited to 9000')`,
    )
    expect(await again()).toBeNull()
    await db().query(
      `update revision set text = replace(revision.text, 'limited to 9000', 'limited to 8000')`,
    )
    expect(await again()).toEqual({ correct: true })
  })
})

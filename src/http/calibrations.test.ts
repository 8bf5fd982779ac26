import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { z } from 'zod'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { findCalibrationFile } from '../../eval/calibration-file.ts'
import { isAnswerable, isNearMiss, type GoldenCase } from '../../eval/golden-case.ts'
import { holdsQuote } from '../../eval/holds-quote.ts'
import { goldenSetsDir, loadSet } from '../../eval/set-folder.ts'
import { contractFaults } from '../../test/contract.ts'
import { openTestApp, type TestApp } from '../../test/open-test-app.ts'
import { openTestServices, type TestServices } from '../../test/open-test-services.ts'
import { createScriptedChat } from '../../test/scripted-chat.ts'
import { createSseParser } from '../../web/sse-parser.ts'
import { loadCalibration } from '../answering/calibration.ts'
import { ANSWER_PREFIX } from '../answering/prompt.ts'
import { AppError } from '../errors.ts'
import type { ChatModel } from '../models/chat-model.ts'
import type { Services } from '../services.ts'
import type { fusionCalibrationSchema, refusalCalibrationSchema } from './calibration-schemas.ts'

type Fusion = z.infer<typeof fusionCalibrationSchema>
type Refusal = z.infer<typeof refusalCalibrationSchema>

const CALL = 'POST /v1/calibrations'
const OWN_FILE = findCalibrationFile({ file: undefined })
const folder = mkdtempSync(join(tmpdir(), 'footnote-calibrations-'))
const file = join(folder, 'calibration.json')

let test: TestServices
let app: TestApp
/** The same service as the command line on the machine reaches it. */
let door: TestApp

beforeAll(async () => {
  test = await openTestServices()
  await test.readFeed(join(goldenSetsDir, 'handbook', 'feed.xml'))
  const services = withChat(test.services, { hasChat: true })
  app = await openTestApp({ services })
  door = await openTestApp({ services, isDoor: true })
})

beforeEach(() => cpSync(OWN_FILE, file))

afterEach(() => {
  test.embedding.fault = undefined
})

afterAll(async () => {
  await app[Symbol.asyncDispose]()
  await door[Symbol.asyncDispose]()
  await test[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

async function calibrate(body: object, by: TestApp = door) {
  const reply = await by.call(CALL, { body })
  expect(contractFaults(CALL, reply)).toEqual([])
  return reply
}

const written = () => readFileSync(file, 'utf8')

describe('calibrating the fusion', () => {
  it('fits the weight on the tuning cases, and writes it with the run that made it', async () => {
    const before = await loadCalibration(file)
    const reply = await calibrate({ what: 'fusion' })
    expect(reply.status).toBe(200)
    const sent = reply.json as Fusion
    expect(sent).toMatchObject({ what: 'fusion', model: 'onnx:fake', file })
    const { vectorWeight, fit } = sent
    const { cases } = await loadSet('handbook')
    const count = (half: string) =>
      cases.filter(({ split, articles }) => split === half && articles.length > 0).length
    const asked = { tuning: count('tuning'), test: count('test') }
    expect(fit.sets).toEqual({ handbook: { ...asked, hash: expect.any(String) as string } })
    expect(fit.check?.cases).toBe(asked.test)
    expect(fit.check?.against.previous.vectorWeight).toBe(sent.previous)
    expect(fit.check?.objective).toBe(fit.check?.curve[vectorWeight.toFixed(2)])
    expect(sent.heldOut).toEqual([])
    expect(await loadCalibration(file)).toEqual({
      ...before,
      fusion: { ...before.fusion, 'onnx:fake': { vectorWeight, fit } },
    })
  })

  it('gives the same twice, whatever the weight in use', async () => {
    const body = { what: 'fusion', sets: ['handbook', 'handbook'], dryRun: true }
    const { vectorWeight, fit } = (await calibrate(body)).json as Fusion
    const services = { ...test.services, search: withWeight(test.services, 1) }
    await using other = await openTestApp({ services: () => services, isDoor: true })
    const again = (await calibrate(body, other)).json as Fusion
    expect(again.vectorWeight).toBe(vectorWeight)
    expect(again.fit).toEqual({ ...fit, at: again.fit.at })
  })

  it('writes nothing in a dry run', async () => {
    const before = written()
    const reply = await calibrate({ what: 'fusion', dryRun: true })
    expect(reply.json).toMatchObject({ file: null })
    expect(written()).toBe(before)
  })
})

/** Right where the case's evidence lies before it; elsewhere it repeats what it was given. */
function createReader(
  cases: readonly GoldenCase[],
  { hasProbability = true }: { readonly hasProbability?: boolean } = {},
): ChatModel {
  const findRead = (prompt: string) =>
    cases.find(
      ({ question, evidence }) =>
        prompt.includes(question) &&
        evidence.length > 0 &&
        evidence.every(({ quote }) => holdsQuote(prompt, quote)),
    )
  const reader: ChatModel = {
    ...createScriptedChat({ script: { pieces: [] }, hasProbability: false }),
    async *generate({ prefix, prompt }) {
      // Asked whether the evidence states its answer, it says neither.
      if (prefix !== ANSWER_PREFIX) return yield 'Perhaps.'
      const passage = prompt.split('\n').find((line) => /^[A-Z`].*\.$/.test(line))
      yield await Promise.resolve(findRead(prompt)?.reference ?? passage ?? 'It is so.')
    },
  }
  if (!hasProbability) return reader
  return {
    ...reader,
    probability: ({ prompt }) =>
      Promise.resolve(findRead(prompt) === undefined ? [0.3, 0.7] : [0.8, 0.2]),
  }
}

function readEvents({ text }: { readonly text: string }) {
  const events = [...createSseParser().push(text)]
  return events.map(({ event, data }) => ({ event, data: JSON.parse(data) as unknown }))
}

describe('calibrating the refusals', () => {
  let cases: readonly GoldenCase[]

  beforeAll(async () => {
    ;({ cases } = await loadSet('handbook'))
  })

  afterEach(() => test.chat.setModel(null))

  const countOf = (half: string, isWanted: (golden: GoldenCase) => boolean) =>
    cases.filter((golden) => golden.split === half && isWanted(golden)).length

  it('asks every case, fits the chat model’s threshold, and tells how far it is', async () => {
    const before = await loadCalibration(file)
    test.chat.setModel(createReader(cases))
    const events = readEvents(await door.call(CALL, { body: { what: 'refusal', stream: true } }))
    const told = events.flatMap(({ event, data }) =>
      event === 'calibration-progress' ? [data as { done: number; total: number }] : [],
    )
    const { event, data } = events.at(-1) ?? {}
    expect(event).toBe('calibration-end')
    const sent = data as Refusal
    expect(contractFaults(CALL, { status: 200, json: sent })).toEqual([])
    expect(sent).toMatchObject({
      what: 'refusal',
      model: 'llama:scripted',
      previous: 0.5,
      heldOut: [],
      file,
    })
    const { fit, threshold } = sent
    const at = threshold.toFixed(2)
    expect(fit.cases).toMatchObject({
      answerable: countOf('tuning', isAnswerable),
      nearMiss: countOf('tuning', isNearMiss),
      offCorpus: countOf('tuning', (golden) => !isAnswerable(golden) && !isNearMiss(golden)),
    })
    // Most facts of the handbook are a word or a number, which another article has as well.
    expect(fit.cases.hiddenEvidence).toBeGreaterThan(0)
    expect(fit.cases.hiddenEvidence).toBeLessThan(fit.cases.answerable)
    const { tuning = 0, test: onTest = 0 } = fit.sets['handbook'] ?? {}
    expect(tuning).toBe(Object.values(fit.cases).reduce((sum, count) => sum + count, 0))
    expect(told).toEqual(
      Array.from({ length: tuning + onTest + 1 }, (_, done) => ({ done, total: tuning + onTest })),
    )
    expect(fit.auc).toBe(1)
    expect(fit.curve['0.00']).toMatchObject({ nearMiss: 0 })
    expect(fit.curve[at]).toMatchObject({ nearMiss: 1, hiddenEvidence: 1, offCorpus: 1 })
    expect(fit.curve[at]?.correct).toBe(fit.curve['0.00']?.correct)
    expect(fit.check).toMatchObject({
      cases: onTest,
      chosen: { threshold, nearMiss: { share: 1 } },
      previous: { threshold: 0.5 },
    })
    expect(await loadCalibration(file)).toEqual({
      ...before,
      statedThreshold: { ...before.statedThreshold, 'llama:scripted': { threshold, fit } },
    })
  })

  it('does not depend on the threshold in use', async () => {
    test.chat.setModel(createReader(cases))
    const { steps } = test.services.evaluation
    const withThreshold = async (threshold: number) => {
      const thresholds = { ...steps.thresholds, stated: () => threshold }
      const evaluation = { hasChat: true, steps: { ...steps, thresholds } }
      const services = withChat(test.services, evaluation)
      await using other = await openTestApp({ services, isDoor: true })
      const { json } = await calibrate({ what: 'refusal', dryRun: true }, other)
      return json as Refusal
    }
    const [low, high] = [await withThreshold(0), await withThreshold(1)]
    expect(high).toEqual({ ...low, fit: { ...low.fit, at: high.fit.at } })
    expect(low.file).toBeNull()
  })

  it('is refused without a chat model, whose threshold it is', async () => {
    const services = withChat(test.services, { hasChat: false })
    await using other = await openTestApp({ services, isDoor: true })
    const reply = await calibrate({ what: 'refusal' }, other)
    expect(reply).toMatchObject({ status: 400 })
    expect(reply.text).toContain('CHAT_MODEL=none')
  })

  it('waits for nobody while the chat model is loaded', async () => {
    const reply = await calibrate({ what: 'refusal' })
    expect(reply).toMatchObject({ status: 503, json: { code: 'model-unavailable' } })
  })

  it('is refused for a model that does not say whether the evidence states its answer', async () => {
    test.chat.setModel(createReader(cases, { hasProbability: false }))
    const before = written()
    const reply = await calibrate({ what: 'refusal' })
    expect(reply).toMatchObject({ status: 400, json: { code: 'invalid-request' } })
    expect(written()).toBe(before)
  })

  it('leaves out a question that the model fails, and ends when it fails again and again', async () => {
    const reader = createReader(cases)
    let asked = 0
    const failing = (isFailing: () => boolean): ChatModel => ({
      ...reader,
      generate(input) {
        asked += 1
        if (isFailing()) throw new AppError('model-unavailable', 'It is away.')
        return reader.generate(input)
      },
    })
    test.chat.setModel(failing(() => asked === 2))
    const once = await calibrate({ what: 'refusal', dryRun: true })
    expect((once.json as Refusal).heldOut).toEqual([
      { caseId: cases[1]?.id, why: 'The chat model did not answer.' },
    ])
    asked = 0
    test.chat.setModel(failing(() => true))
    const always = await calibrate({ what: 'refusal', dryRun: true })
    expect(always).toMatchObject({ status: 503, json: { code: 'model-unavailable' } })
    expect(asked).toBe(5)
  })

  it('ends at once where the library changes meanwhile', async () => {
    test.chat.setModel(createReader(cases))
    const { steps } = test.services.evaluation
    const retrieve: typeof steps.retrieve = async (request) => {
      const { search, passages } = await steps.retrieve(request)
      return { passages, search: { ...search, corpusRevision: search.corpusRevision + 1 } }
    }
    const services = withChat(test.services, { hasChat: true, steps: { ...steps, retrieve } })
    await using other = await openTestApp({ services, isDoor: true })
    const reply = await calibrate({ what: 'refusal' }, other)
    expect(reply).toMatchObject({ status: 409, json: { code: 'conflict' } })
  })

  it('tells on the stream what went wrong', async () => {
    const events = readEvents(await door.call(CALL, { body: { what: 'refusal', stream: true } }))
    expect(events).toEqual([
      {
        event: 'calibration-error',
        data: expect.objectContaining({ code: 'model-unavailable' }) as unknown,
      },
    ])
  })

  it('ends when its client goes', async () => {
    const reader = createReader(cases)
    const silent = createScriptedChat({ script: { pieces: [], hangAt: 0 } })
    let asked = 0
    test.chat.setModel({
      ...reader,
      generate(input) {
        asked += 1
        if (asked < 3) return reader.generate(input)
        door.hangUp()
        return silent.generate(input)
      },
    })
    const call = door.call(CALL, { body: { what: 'refusal', stream: true } })
    await expect(call).rejects.toThrow()
    await expect.poll(() => silent.aborts).toBe(1)
    expect(asked).toBe(3)
  })
})

function withChat(services: Services, change: Partial<Services['evaluation']>): () => Services {
  return () => ({
    ...services,
    calibrationFile: file,
    evaluation: { ...services.evaluation, ...change },
  })
}

function withWeight({ search }: Services, vectorWeight: number): Services['search'] {
  return (request) => search({ ...request, vectorWeight })
}

describe('what is refused', () => {
  it('is calibrating over TCP', async () => {
    const before = written()
    const reply = await calibrate({ what: 'fusion' }, app)
    expect(reply).toMatchObject({ status: 403, json: { code: 'forbidden' } })
    expect(written()).toBe(before)
  })

  it.each([
    ['another thing', { what: 'everything' }, '/what'],
    ['an unknown field', { what: 'fusion', split: 'test' }, ''],
    ['no set at all', { what: 'fusion', sets: [] }, '/sets'],
  ])('is %s', async (_what, body, path) => {
    const reply = await calibrate(body)
    expect(reply).toMatchObject({ status: 400, json: { errors: [{ path }] } })
  })

  it('is a set that is not there', async () => {
    const reply = await calibrate({ what: 'fusion', sets: ['nowhere'] })
    expect(reply).toMatchObject({ status: 404, json: { code: 'not-found' } })
  })

  it('is a library that no set speaks of', async () => {
    await using empty = await openTestServices()
    await using other = await openTestApp({ services: () => empty.services, isDoor: true })
    const reply = await calibrate({ what: 'fusion', dryRun: true }, other)
    expect(reply.status).toBe(400)
    expect(reply.text).toContain('No golden set speaks of the library')
  })

  it('is a search without vectors, whose figures would be of keywords alone', async () => {
    test.embedding.fault = () => Promise.reject(new Error('away'))
    const before = written()
    const reply = await calibrate({ what: 'fusion' })
    expect(reply).toMatchObject({ status: 503, json: { code: 'model-unavailable' } })
    expect(written()).toBe(before)
  })

  it('is a library that changes meanwhile', async () => {
    const search: Services['search'] = async (request) => {
      const found = await test.services.search(request)
      return { ...found, corpusRevision: found.corpusRevision + 1 }
    }
    await using other = await openTestApp({
      services: () => ({ ...test.services, search }),
      isDoor: true,
    })
    const reply = await calibrate({ what: 'fusion', dryRun: true }, other)
    expect(reply).toMatchObject({ status: 409, json: { code: 'conflict' } })
  })
})

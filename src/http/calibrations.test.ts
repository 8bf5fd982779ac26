import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { z } from 'zod'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { findCalibrationFile } from '../../eval/calibration-file.ts'
import { goldenSetsDir, loadSet } from '../../eval/set-folder.ts'
import { contractFaults } from '../../test/contract.ts'
import { openTestApp, type TestApp } from '../../test/open-test-app.ts'
import { openTestServices, type TestServices } from '../../test/open-test-services.ts'
import { loadCalibration } from '../answering/calibration.ts'
import type { Services } from '../services.ts'
import type { calibrationSchema } from './calibration-schemas.ts'

type Calibrated = z.infer<typeof calibrationSchema>

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
  const services = (): Services => ({ ...test.services, calibrationFile: file })
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
  const reply = await by.call('POST /v1/calibrations', { body })
  expect(contractFaults('POST /v1/calibrations', reply)).toEqual([])
  return reply
}

const written = () => readFileSync(file, 'utf8')

describe('calibrating the fusion', () => {
  it('fits the weight on the tuning cases, and writes it with the run that made it', async () => {
    const before = await loadCalibration(file)
    const reply = await calibrate({ what: 'fusion' })
    expect(reply.status).toBe(200)
    const sent = reply.json as Calibrated
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
    const { vectorWeight, fit } = (await calibrate(body)).json as Calibrated
    const services = { ...test.services, search: withWeight(test.services, 1) }
    await using other = await openTestApp({ services: () => services, isDoor: true })
    const again = (await calibrate(body, other)).json as Calibrated
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

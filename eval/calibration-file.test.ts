import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { check, resolveConfig } from 'prettier'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import {
  CALIBRATION,
  loadCalibration,
  type FusionFit,
  type RefusalFit,
} from '../src/answering/calibration.ts'
import { findCalibrationFile, saveFusion, saveThreshold } from './calibration-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'footnote-calibration-file-'))
afterAll(() => rmSync(folder, { recursive: true }))

const OWN_FILE = findCalibrationFile({ file: undefined })
const path = join(folder, 'calibration.json')
beforeEach(() => cpSync(OWN_FILE, path))

const against = { vectorWeight: 0, objective: 0.8, difference: 0.1, low: -0.1, high: 0.3, p: 0.5 }
const FIT: FusionFit = {
  at: '2026-11-24T00:00:00.000Z',
  commit: 'c0ffee',
  corpus: 'beef',
  sets: { made: { hash: 'feed', tuning: 2, test: 1 } },
  curve: { '0.00': 0.5, '0.35': 0.9, '1.00': 0 },
  check: {
    cases: 1,
    objective: 0.9,
    against: { keyword: against, vector: against, previous: against },
    curve: { '0.00': 0.8, '0.35': 0.9, '1.00': 0.1 },
  },
}

const outcome = {
  objective: 0.75,
  correct: 1,
  falseRefusals: 0,
  nearMiss: 0.5,
  offCorpus: null,
  hiddenEvidence: 0.5,
}
const measured = { share: 0.5, low: 0.2, high: 0.8, of: 4 }
const totals = {
  threshold: 0.6,
  objective: 0.75,
  correct: measured,
  falseRefusals: measured,
  nearMiss: measured,
  offCorpus: null,
  hiddenEvidence: measured,
}
const REFUSAL_FIT: RefusalFit = {
  at: '2026-11-24T00:00:00.000Z',
  commit: 'c0ffee',
  corpus: 'beef',
  sets: { made: { hash: 'feed', tuning: 4, test: 12 } },
  cases: { answerable: 1, nearMiss: 2, offCorpus: 0, hiddenEvidence: 1 },
  auc: 0.9,
  curve: { '0.00': outcome, '0.60': outcome },
  check: { cases: 12, auc: null, chosen: totals, previous: totals },
}

describe('where a calibration is written', () => {
  it('is the file that is named', () => {
    expect(findCalibrationFile({ file: '/srv/own.json', project: folder })).toBe('/srv/own.json')
  })

  it('is in a checkout the one that is committed', () => {
    const project = join(folder, 'checkout')
    const source = join(project, 'src', 'answering')
    mkdirSync(source, { recursive: true })
    writeFileSync(join(source, 'calibration.json'), '')
    const found = findCalibrationFile({ file: undefined, project })
    expect(found).toBe(join(source, 'calibration.json'))
  })

  it('is nowhere in an image, which says what to set', () => {
    const find = () => findCalibrationFile({ file: undefined, project: join(folder, 'image') })
    expect(find).toThrow(/set CALIBRATION_FILE/)
  })
})

describe('saving a weight', () => {
  it('sets it for its model and leaves everything else', async () => {
    await saveFusion(path, { model: 'onnx:b', vectorWeight: 0.35, fit: FIT })
    await saveFusion(path, { model: 'onnx:a', vectorWeight: 0.4, fit: FIT })
    await saveFusion(path, { model: 'onnx:b', vectorWeight: 0.45, fit: FIT })
    const { fusion, ...rest } = await loadCalibration(path)
    const { fusion: before, ...restBefore } = CALIBRATION
    expect(rest).toEqual(restBefore)
    expect(fusion).toEqual({
      ...before,
      'onnx:a': { vectorWeight: 0.4, fit: FIT },
      'onnx:b': { vectorWeight: 0.45, fit: FIT },
    })
    const models = Object.keys(fusion)
    expect(models[0]).toBe('default')
    expect(models.slice(1)).toEqual(models.slice(1).toSorted())
    expect(readdirSync(folder).filter((name) => name.includes('tmp'))).toEqual([])
  })

  it('writes it as the formatter would', async () => {
    await saveFusion(path, { model: 'onnx:a', vectorWeight: 0.4, fit: FIT })
    const options = { ...(await resolveConfig(OWN_FILE)), filepath: path }
    expect(await check(readFileSync(path, 'utf8'), options)).toBe(true)
  })

  it('keeps what a person broke, and says what is wrong with it', async () => {
    writeFileSync(path, '{"fusion": ')
    const saving = saveFusion(path, { model: 'onnx:a', vectorWeight: 0.4, fit: FIT })
    await expect(saving).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/^Nothing was written.*not JSON/) as string,
    })
    expect(readFileSync(path, 'utf8')).toBe('{"fusion": ')
  })
})

describe('saving a threshold', () => {
  it('sets it for its chat model and leaves everything else', async () => {
    await saveThreshold(path, { model: 'llama:b', threshold: 0.6, fit: REFUSAL_FIT })
    await saveThreshold(path, { model: 'llama:a', threshold: 0.4, fit: REFUSAL_FIT })
    const { statedThreshold, ...rest } = await loadCalibration(path)
    const { statedThreshold: before, ...restBefore } = CALIBRATION
    expect(rest).toEqual(restBefore)
    expect(statedThreshold).toEqual({
      ...before,
      'llama:a': { threshold: 0.4, fit: REFUSAL_FIT },
      'llama:b': { threshold: 0.6, fit: REFUSAL_FIT },
    })
    const models = Object.keys(statedThreshold)
    expect(models[0]).toBe('default')
    expect(models.slice(1)).toEqual(models.slice(1).toSorted())
  })

  it('writes it as the formatter would', async () => {
    await saveThreshold(path, { model: 'llama:a', threshold: 0.4, fit: REFUSAL_FIT })
    const options = { ...(await resolveConfig(OWN_FILE)), filepath: path }
    expect(await check(readFileSync(path, 'utf8'), options)).toBe(true)
  })
})

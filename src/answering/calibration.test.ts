import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import {
  CALIBRATION,
  calibratedValues,
  loadCalibration,
  thresholdsOf,
  vectorWeightOf,
  type Calibration,
} from './calibration.ts'

const folder = mkdtempSync(join(tmpdir(), 'footnote-calibration-'))
afterAll(() => rmSync(folder, { recursive: true }))

const MADE = {
  fusion: { default: { vectorWeight: 0.6 }, 'onnx:known': { vectorWeight: 0.35 } },
  extractedThreshold: 0.55,
  statedThreshold: { default: { threshold: 0.5 }, 'llama:known': { threshold: 0.7 } },
} satisfies Calibration

function write(text: string): string {
  const path = join(folder, 'calibration.json')
  writeFileSync(path, text)
  return path
}

describe('the calibration', () => {
  it('is the one that comes with the code where no file is named', async () => {
    expect(await loadCalibration(undefined)).toBe(CALIBRATION)
  })

  it('is the named file’s', async () => {
    expect(await loadCalibration(write(JSON.stringify(MADE)))).toEqual(MADE)
  })

  it('is by model, and for one that nothing was fitted for the default', () => {
    expect(vectorWeightOf(MADE, 'onnx:known')).toBe(0.35)
    expect(vectorWeightOf(MADE, 'onnx:other')).toBe(0.6)
    const { stated, extracted } = thresholdsOf(MADE)
    expect([stated('llama:known'), stated('llama:other'), extracted]).toEqual([0.7, 0.5, 0.55])
  })

  it('is the same fitted anew to the same values', () => {
    const fit = { ...FIT, at: '2026-12-01T00:00:00.000Z' }
    const again = { ...MADE.fusion, 'onnx:known': { vectorWeight: 0.35, fit } }
    expect(calibratedValues({ ...MADE, fusion: again })).toEqual(calibratedValues(MADE))
    const other = { ...MADE.fusion, 'onnx:known': { vectorWeight: 0.4 } }
    expect(calibratedValues({ ...MADE, fusion: other })).not.toEqual(calibratedValues(MADE))
  })

  it('is by the values alone, whatever run a threshold came from', () => {
    const fitted = (threshold: number) => ({
      ...MADE,
      statedThreshold: { ...MADE.statedThreshold, 'llama:known': { threshold, fit: REFUSAL_FIT } },
    })
    expect(calibratedValues(fitted(0.7))).toEqual(calibratedValues(MADE))
    expect(calibratedValues(fitted(0.71))).not.toEqual(calibratedValues(MADE))
  })
})

const FIT = {
  at: '2026-11-24T00:00:00.000Z',
  commit: null,
  corpus: 'c0ffee',
  sets: { made: { hash: 'beef', tuning: 2, test: 0 } },
  curve: { '0.35': 0.9 },
  check: null,
}

const REFUSAL_FIT = {
  ...FIT,
  cases: { answerable: 1, nearMiss: 1, offCorpus: 0, hiddenEvidence: 0 },
  auc: 1,
  curve: {},
}

describe('a calibration file that cannot be used', () => {
  const faultOf = (path: string) =>
    loadCalibration(path).then(
      () => 'none',
      ({ code, message }: { code: string; message: string }) => `${code}: ${message}`,
    )

  it('is not there: the one to begin with is named', async () => {
    const path = join(folder, 'nowhere.json')
    const fault = await faultOf(path)
    expect(fault).toContain(`config-invalid: CALIBRATION_FILE is ${path}`)
    expect(fault).toMatch(/begin with a copy of \/.*src\/answering\/calibration\.json/)
  })

  it('is no JSON', async () => {
    expect(await faultOf(write('{'))).toMatch(/^config-invalid: CALIBRATION_FILE .* not JSON/)
  })

  it('is JSON of something else', async () => {
    expect(await faultOf(write('[]'))).toMatch(/cannot be used: Invalid input/)
  })

  it('is a folder', async () => {
    expect(await faultOf(folder)).toMatch(/^config-invalid: CALIBRATION_FILE .*EISDIR/)
  })

  it.each([
    [
      'fusion.onnx:known.vectorWeight',
      { fusion: { ...MADE.fusion, 'onnx:known': { vectorWeight: 2 } } },
    ],
    ['fusion.default', { fusion: {} }],
    ['extractedThreshold', { extractedThreshold: undefined }],
    ['statedThreshold.default', { statedThreshold: {} }],
    ['statedThreshold.default', { statedThreshold: { default: 0.5 } }],
    ['vectorWeight', { vectorWeight: 0.6 }],
  ])('has a fault at %s, which is named', async (where, changes) => {
    const fault = await faultOf(write(JSON.stringify({ ...MADE, ...changes })))
    expect(fault).toContain(where)
    expect(fault).toMatch(/^config-invalid/)
  })
})

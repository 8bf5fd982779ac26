import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { AppError, messageOf } from '../errors.ts'
import ownFile from './calibration.json' with { type: 'json' }

const share = z.number().min(0).max(1)

/** What the chosen weight gained over another on the same cases, with the 95 % interval of the gain. */
const comparison = z.strictObject({
  vectorWeight: share,
  objective: share,
  difference: z.number(),
  low: z.number(),
  high: z.number(),
  p: share,
})

/** The objective by weight, from "0.00" to "1.00". */
const curve = z.record(z.string(), share)

/** The run that made a weight, for whoever reviews the file (eval/fit-fusion.ts). */
export const fusionFit = z.strictObject({
  at: z.iso.datetime(),
  commit: z.string().nullable(),
  /** Hash of the library that was searched. */
  corpus: z.string(),
  /** By set: the hash of its cases, and how many of each half were asked. */
  sets: z.record(
    z.string(),
    z.strictObject({ hash: z.string(), tuning: z.int().min(0), test: z.int().min(0) }),
  ),
  curve,
  /** On the other half; null where the sets have none. */
  check: z
    .strictObject({
      cases: z.int().min(1),
      objective: share,
      against: z.strictObject({ keyword: comparison, vector: comparison, previous: comparison }),
      curve,
    })
    .nullable(),
})

const fittedWeight = z.strictObject({
  /** The vector arm's share in fusion. */
  vectorWeight: share,
  /** Absent from a weight that was set by hand. */
  fit: fusionFit.optional(),
})

/** What a threshold does to the tuning cases; null of a kind of which there are none. */
const refusalOutcome = z.strictObject({
  objective: share,
  /** Of the answerable, answered and right. */
  correct: share,
  /** Of the answerable, refused. */
  falseRefusals: share,
  /** Of those to be refused, refused. */
  nearMiss: share.nullable(),
  offCorpus: share.nullable(),
  hiddenEvidence: share.nullable(),
})

/** A share with its 95 % interval; null of a kind of which there are none. */
const measuredShare = z
  .strictObject({ share, low: share, high: share, of: z.int().min(1) })
  .nullable()

const refusalTotals = z.strictObject({
  threshold: share,
  objective: share,
  correct: measuredShare,
  falseRefusals: measuredShare,
  nearMiss: measuredShare,
  offCorpus: measuredShare,
  hiddenEvidence: measuredShare,
})

const count = z.int().min(0)

/** The run that made a threshold, for whoever reviews the file (eval/fit-refusal.ts). */
export const refusalFit = z.strictObject({
  at: z.iso.datetime(),
  commit: z.string().nullable(),
  /** Hash of the library that was asked about. */
  corpus: z.string(),
  /** By set: the hash of its cases, and how many questions of each half were asked. */
  sets: z.record(z.string(), z.strictObject({ hash: z.string(), tuning: count, test: count })),
  /** The tuning questions. */
  cases: z.strictObject({
    answerable: count,
    nearMiss: count,
    offCorpus: count,
    hiddenEvidence: count,
  }),
  /** How well the model's own likelihood tells right answers from those to be refused; null where it cannot be said. */
  auc: share.nullable(),
  /** By threshold, from "0.00" to "1.00", with the chosen one. */
  curve: z.record(z.string(), refusalOutcome),
  /** On the other half; null where the sets have none of it, or only of one kind. */
  check: z
    .strictObject({
      cases: z.int().min(1),
      auc: share.nullable(),
      chosen: refusalTotals,
      previous: refusalTotals,
    })
    .nullable(),
})

const fittedThreshold = z.strictObject({
  /** How likely the evidence must state the answer. */
  threshold: share,
  /** Absent from a threshold that was set by hand. */
  fit: refusalFit.optional(),
})

const calibrationFile = z.strictObject({
  /** By embedding model. */
  fusion: z.record(z.string(), fittedWeight).and(z.object({ default: fittedWeight })),
  /** Where the best sentence is less relevant than this, extracts are refused. */
  extractedThreshold: z.number(),
  /** By chat model. */
  statedThreshold: z
    .record(z.string(), fittedThreshold)
    .and(z.object({ default: fittedThreshold })),
})

export type FusionFit = Readonly<z.output<typeof fusionFit>>
export type RefusalFit = Readonly<z.output<typeof refusalFit>>
export type Calibration = Readonly<z.output<typeof calibrationFile>>

/** What is fitted and not written by hand stands in one reviewed file, which comes with the code. */
export const CALIBRATION: Calibration = calibrationFile.parse(ownFile)

/** The file that CALIBRATION_FILE names; unset: the one that comes with the code. */
export async function loadCalibration(path: string | undefined): Promise<Calibration> {
  if (path === undefined) return CALIBRATION
  const { data, error } = calibrationFile.safeParse(parseJson(path, await readText(path)))
  if (data !== undefined) return data
  const faults = error.issues.map((issue) =>
    [issue.path.join('.'), issue.message].filter((part) => part !== '').join(': '),
  )
  throw invalid(path, faults.join('; '))
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
    const own = fileURLToPath(new URL('calibration.json', import.meta.url))
    throw invalid(path, isMissing ? `it is not there; begin with a copy of ${own}` : cause)
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw invalid(path, `it is not JSON: ${messageOf(error)}`)
  }
}

function invalid(path: string, problem: unknown): AppError {
  const message = `is ${path}, which cannot be used: ${messageOf(problem)}`
  return new AppError('config-invalid', `CALIBRATION_FILE ${message}.`, {
    errors: [{ path: 'CALIBRATION_FILE', message }],
  })
}

export function vectorWeightOf({ fusion }: Calibration, embeddingId: string): number {
  return (fusion[embeddingId] ?? fusion.default).vectorWeight
}

export interface Thresholds {
  /** By chat model. */
  readonly stated: (chatModel: string) => number
  readonly extracted: number
}

export function thresholdsOf({ statedThreshold, extractedThreshold }: Calibration): Thresholds {
  return {
    stated: (chatModel) => (statedThreshold[chatModel] ?? statedThreshold.default).threshold,
    extracted: extractedThreshold,
  }
}

/** What answers depend on, without the runs that it came from. */
export function calibratedValues(calibration: Calibration): object {
  const { fusion, statedThreshold, ...rest } = calibration
  return {
    fusion: mapValues(fusion, ({ vectorWeight }) => vectorWeight),
    ...rest,
    statedThreshold: mapValues(statedThreshold, ({ threshold }) => threshold),
  }
}

function mapValues<Value>(
  values: Readonly<Record<string, Value>>,
  map: (value: Value) => number,
): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value)]))
}

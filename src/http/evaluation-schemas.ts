import { z } from 'zod'
import { SPLITS } from '../../eval/golden-case.ts'
import { jobSchema, nullableTime, numberIn, page, text } from './schemas.ts'

export const evaluationsQuery = z.strictObject({ set: text(1, 100).optional(), ...page })
export const rowsQuery = z.strictObject(page)
export const comparisonQuery = z.strictObject({ with: text(1, 100) })
export const evaluationCursor = z.tuple([text(1, 200)])
export const rowCursor = z.tuple([text(1, 200), text(1, 200), z.int().min(1).max(1_000)])
/** How a report is to be printed. */
export const reportQuery = z.strictObject({
  width: numberIn(40, 400).optional(),
  colour: z.enum(['true', 'false']).optional(),
  /** The figures of this half alone. */
  split: z.enum(SPLITS).optional(),
})
export const blessRequest = z.strictObject({ why: text(1, 2_000) })

const metricSchema = z.object({
  value: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  scored: z.int(),
  total: z.int(),
  baseline: z.number().nullable(),
  p: z.number().nullable(),
})

const metricsSchema = z.record(z.string(), z.record(z.string(), metricSchema))

const flipSchema = z.object({
  caseId: z.string(),
  arm: z.string(),
  of: z.enum(['answer', 'evidence', 'rank']),
  direction: z.enum(['fixed', 'broken']),
  stage: z.enum(['corpus', 'retrieval', 'generation', 'grounding', 'refusal', 'noise', 'unclear']),
  explanation: z.string(),
})

const verdict = z.enum(['passed', 'regressed', 'floor-missed', 'not-comparable'])
const heldOutSchema = z.object({ caseId: z.string(), why: z.string() })
const fingerprints = z.record(z.string(), z.string().nullable())

export const evaluationSchema = z.object({
  id: z.string(),
  set: z.string(),
  arms: z.array(z.string()),
  /** As it was asked for. */
  request: z.record(z.string(), z.unknown()),
  state: z.enum(['waiting', 'running', 'done', 'stopped', 'failed']),
  origin: z.enum(['asked', 'nightly']),
  createdAt: z.iso.datetime(),
  startedAt: nullableTime,
  endedAt: nullableTime,
  done: z.int(),
  total: z.int(),
  corpusRevision: z.int(),
  fingerprints,
  error: z.string().nullable(),
  code: z.string().nullable(),
  verdict: verdict.nullable(),
  reasons: z.array(z.string()),
  /** What the run was compared with. */
  baseline: z.object({ at: z.string(), why: z.string(), commit: z.string().nullable() }).nullable(),
  metrics: metricsSchema,
  flips: z.array(flipSchema),
  heldOut: z.array(heldOutSchema),
  notes: z.array(z.string()),
  judge: z
    .object({
      model: z.string(),
      truePositiveRate: z.number(),
      falsePositiveRate: z.number(),
      checked: z.int(),
      isTrusted: z.boolean(),
      scores: z.record(
        z.string(),
        z.object({ accuracy: z.number(), faithfulness: z.number(), toxicity: z.number() }),
      ),
    })
    .nullable(),
})

export const startedEvaluationSchema = evaluationSchema.extend({ job: jobSchema })

export const dryRunSchema = z.object({
  set: z.string(),
  arms: z.array(z.string()),
  cases: z.int(),
  total: z.int(),
  heldOut: z.array(heldOutSchema),
  missing: z.array(z.string()),
  fingerprints,
})

export const evaluationRowSchema = z.object({
  arm: z.string(),
  caseId: z.string(),
  repetition: z.int(),
  answerId: z.string().nullable(),
  result: z.record(z.string(), z.unknown()).nullable(),
  error: z.string().nullable(),
})

export const comparisonSchema = z.object({
  run: z.string(),
  with: z.string(),
  verdict,
  reasons: z.array(z.string()),
  metrics: metricsSchema,
  flips: z.array(flipSchema),
  notes: z.array(z.string()),
})

export const blessedSchema = z.object({
  set: z.string(),
  at: z.iso.datetime(),
  why: z.string(),
  commit: z.string().nullable(),
  arms: z.array(z.string()),
})

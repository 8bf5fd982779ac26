import { z } from 'zod'
import { fusionFit, refusalFit } from '../answering/calibration.ts'
import { text } from './schemas.ts'

export const calibrationRequest = z.strictObject({
  what: z.enum(['fusion', 'refusal']),
  /** Unset: the golden sets whose articles are in the library. */
  sets: z.array(text(1, 100)).min(1).optional(),
  /** Tells what would be written. */
  dryRun: z.boolean().optional(),
  /** Server-sent events, which tell how far it is. */
  stream: z.boolean().optional(),
})

const calibrated = z.object({
  /** Whose value it is. */
  model: z.string(),
  previous: z.number(),
  heldOut: z.array(z.object({ caseId: z.string(), why: z.string() })),
  /** Where it was written; null of a dry run. */
  file: z.string().nullable(),
})

export const fusionCalibrationSchema = calibrated.extend({
  what: z.literal('fusion'),
  vectorWeight: z.number(),
  fit: fusionFit,
})

export const refusalCalibrationSchema = calibrated.extend({
  what: z.literal('refusal'),
  threshold: z.number(),
  fit: refusalFit,
})

export const calibrationSchema = z.discriminatedUnion('what', [
  fusionCalibrationSchema,
  refusalCalibrationSchema,
])

import { z } from 'zod'
import { fusionFit } from '../answering/calibration.ts'
import { text } from './schemas.ts'

export const calibrationRequest = z.strictObject({
  what: z.enum(['fusion']),
  /** Unset: the golden sets whose articles are in the library. */
  sets: z.array(text(1, 100)).min(1).optional(),
  /** Tells what would be written. */
  dryRun: z.boolean().optional(),
})

export const calibrationSchema = z.object({
  what: z.enum(['fusion']),
  /** Whose value it is. */
  model: z.string(),
  previous: z.number(),
  vectorWeight: z.number(),
  fit: fusionFit,
  heldOut: z.array(z.object({ caseId: z.string(), why: z.string() })),
  /** Where it was written; null of a dry run. */
  file: z.string().nullable(),
})

import { z } from 'zod'
import file from './calibration.json' with { type: 'json' }

const calibration = z.strictObject({
  /** The vector arm's share in fusion. */
  vectorWeight: z.number().min(0).max(1),
  /** Where the best sentence is less relevant than this, extracts are refused. */
  extractedThreshold: z.number(),
  /** By chat model: how likely the evidence must state the answer. */
  statedThreshold: z
    .record(z.string(), z.number().min(0).max(1))
    .and(z.object({ default: z.number() })),
})

/** What is fitted and not written by hand stands in one reviewed file. */
export const CALIBRATION = calibration.parse(file)

export function statedThreshold(chatModel: string): number {
  return CALIBRATION.statedThreshold[chatModel] ?? CALIBRATION.statedThreshold.default
}

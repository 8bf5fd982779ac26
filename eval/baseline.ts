import { z } from 'zod'

// The figures that a run is compared with. The file is committed and moves only by `eval bless --why`.

const rank = z.int().nullable()
const flag = z.boolean().nullable()
const hash = z.string().nullable()

const stages = z.strictObject({
  goldRanks: z.strictObject({ keyword: rank, vector: rank, fused: rank }).nullable(),
  isGoldFound: flag,
  isGoldInContext: flag,
  isQuoteInContext: flag,
  candidates: hash,
  passages: hash,
  prompt: hash,
  generated: hash,
  dropped: hash,
  grounded: z.string(),
  reason: z.string().nullable(),
  statesAnswer: z.number().nullable(),
})

const baselineCase = z.strictObject({
  /** Of the case with its evidence sentences; another hash is another case. */
  hash: z.string(),
  /** By metric: numerator and denominator. */
  values: z.record(z.string(), z.tuple([z.number(), z.number()])),
  stages,
})

const baselineArm = z.strictObject({
  run: z.string(),
  fingerprints: z.record(z.string(), z.string().nullable()),
  /** Two runs of the same code: the share of cases whose retrieval and whose answer differed. */
  noise: z.strictObject({ retrieval: z.number(), answers: z.number(), cases: z.int() }).nullable(),
  cases: z.record(z.string(), baselineCase),
})

export const baselineFile = z.strictObject({
  set: z.string(),
  blessed: z.strictObject({ at: z.iso.datetime(), why: z.string(), commit: z.string().nullable() }),
  /** Guid → hash of the text, of the library's articles that cases speak of or passages came from. */
  articles: z.record(z.string(), z.string()),
  arms: z.record(z.string(), baselineArm),
})

export type Baseline = Readonly<z.output<typeof baselineFile>>
export type BaselineArm = Readonly<z.output<typeof baselineArm>>
export type BaselineCase = Readonly<z.output<typeof baselineCase>>

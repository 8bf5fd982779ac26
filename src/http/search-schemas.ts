import { z } from 'zod'
import { FILTER_NAMES, OUTCOMES } from '../retrieval/explain.ts'
import { NOTHING_FOUND } from '../retrieval/search.ts'

const armStanding = z.object({
  rank: z.int().nullable(),
  score: z.number().nullable(),
  candidates: z.int(),
  lastScore: z.number().nullable(),
})

/** Where an article fell out of a search, and with which numbers. */
export const explanationSchema = z.object({
  articleId: z.string(),
  title: z.string(),
  outcome: z.enum(OUTCOMES),
  detail: z.string(),
  filters: z.array(
    z.object({
      name: z.enum(FILTER_NAMES),
      wanted: z.array(z.string()),
      actual: z.array(z.string()),
    }),
  ),
  keyword: armStanding.nullable(),
  vector: armStanding.nullable(),
  fused: z
    .object({
      rank: z.int(),
      candidates: z.int(),
      scores: z.object({
        keyword: z.number().nullable(),
        vector: z.number().nullable(),
        fused: z.number(),
      }),
      last: z.object({ rank: z.int(), fused: z.number() }),
    })
    .nullable(),
  packing: z
    .object({
      maxTokens: z.int(),
      isRepeated: z.boolean(),
      sentence: z
        .object({ text: z.string(), rank: z.int(), of: z.int(), tokens: z.int() })
        .nullable(),
    })
    .nullable(),
  place: z.int().nullable(),
})

/** Which time of publication the question was understood to ask for. */
export const askedTimeSchema = z.object({
  publishedAfter: z.iso.datetime().optional(),
  publishedBefore: z.iso.datetime().optional(),
  asOf: z.iso.datetime().optional(),
  isLatest: z.boolean(),
})

/** Of a search without passages; `over-budget`: some were found, and none fits in the tokens. */
export const NO_PASSAGES = [...NOTHING_FOUND, 'over-budget'] as const

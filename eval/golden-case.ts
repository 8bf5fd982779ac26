import { z } from 'zod'

// A golden case is one question whose right outcome is known (golden-set/README.md).

export const CASE_KINDS = [
  'fact',
  'paraphrase',
  'keyword',
  'list',
  'temporal',
  'multi',
  'followup',
  'unanswerable',
] as const

export const SPLITS = ['tuning', 'test'] as const

const text = z.string().trim().min(1)
const guid = z.string().min(1)

export const goldenCase = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be small letters, digits and hyphens'),
  question: text.max(2_000),
  /** What was said before a follow-up. */
  turns: z.array(z.strictObject({ role: z.enum(['user', 'assistant']), content: text })).optional(),
  kind: z.enum(CASE_KINDS),
  split: z.enum(SPLITS),
  /** Guids of the articles that hold the answer; none: the articles do not answer it. */
  articles: z.array(guid),
  /** What a right answer must hold, each fact with the ways it may be put. */
  facts: z.array(z.array(text).min(1)),
  must_not: z.array(text),
  reference: z.string(),
  /** A few words that find the supporting sentence in its article. */
  evidence: z.array(z.strictObject({ article: guid, quote: text })),
  /** The time that counts as now. */
  as_of: z.iso.datetime({ offset: true }).optional(),
  tags: z.array(text).optional(),
})

export type GoldenCase = Readonly<z.output<typeof goldenCase>>
export type Split = (typeof SPLITS)[number]

/** The conversation that a case is, its question last. */
export function messagesOf({ turns = [], question }: GoldenCase): NonNullable<GoldenCase['turns']> {
  return [...turns, { role: 'user', content: question }]
}

export function isAnswerable({ articles }: Pick<GoldenCase, 'articles'>): boolean {
  return articles.length > 0
}

/** Article on the topic, fact absent; the other unanswerable ones are off the corpus. */
export function isNearMiss(golden: GoldenCase): boolean {
  return !isAnswerable(golden) && golden.tags?.includes('near-miss') === true
}

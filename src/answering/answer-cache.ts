// An answer is kept under all that it depends on, so that nothing has to be invalidated and nothing stale
// can be given again (design.md, decision 13).
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { z } from 'zod'
import type { Queryable } from '../db/database.ts'
import type { Answer, Degraded, Passage } from '../domain.ts'
import { loadAnswerToRepeat } from '../store/answers.ts'
import type { UnderstoodQuestion } from './condense.ts'
import { foldQuestion } from './fold-question.ts'

/** A kept answer as it was given, without what this asking has of its own. */
export type RecalledAnswer = Pick<
  Answer,
  'id' | 'status' | 'reason' | 'answer' | 'sentences' | 'citations' | 'models'
>

export interface Recalled {
  /** What the answer will be found by; null where it is not to be given to anyone else. */
  readonly fingerprint: string | null
  readonly kept: RecalledAnswer | null
}

interface Asking {
  readonly understood: UnderstoodQuestion
  /** Whether it is to be answered anew. */
  readonly fresh?: boolean
  readonly exclude?: readonly string[]
  readonly vectorWeight?: number
}

interface Found {
  readonly passages: readonly Passage[]
  readonly search: { readonly degraded: Degraded }
}

export type Recall = (asking: Asking, found: Found) => Promise<Recalled>

const NOTHING: Recalled = { fingerprint: null, kept: null }

/** Each question is answered anew, and no answer is given to another: as in an evaluation. */
export const NEVER_RECALL: Recall = () => Promise.resolve(NOTHING)

/** What answers depend on beside the question and its passages. */
export interface AnswerConditions {
  readonly chat: string
  /** What tells it from others of its name: the hash of its weights, or its server; null if unknown. */
  readonly chatSource: string | null
  readonly embedding: string
  /** Thresholds and weights. */
  readonly calibration: object
}

interface RecallDependencies {
  readonly database: { readonly pool: Queryable }
  /** Null while there is no chat model: what is then answered is no model's answer. */
  readonly conditions: () => Promise<AnswerConditions | null>
}

export function createRecall({ database, conditions }: RecallDependencies): Recall {
  const code = hashCode()
  return async (asking, { search, passages }) => {
    if (isExperiment(asking) || search.degraded !== null) return NOTHING
    const known = await conditions()
    if (known === null) return NOTHING
    const { understood } = asking
    const fingerprint = fingerprintAnswer({ understood, passages, conditions: known, code })
    if (asking.fresh === true) return { fingerprint, kept: null }
    const body = await loadAnswerToRepeat(database.pool, fingerprint)
    return { fingerprint, kept: recalledAnswer.safeParse(body).data ?? null }
  }
}

/** It asks what would be answered if something were otherwise. */
function isExperiment({ exclude, vectorWeight }: Asking): boolean {
  return exclude !== undefined || vectorWeight !== undefined
}

interface Fingerprinted {
  readonly understood: UnderstoodQuestion
  readonly passages: readonly Passage[]
  readonly conditions: AnswerConditions
  /** Of the code that makes prompts, and answers of what the model writes. */
  readonly code: string
}

/** The same for two askings whose answers can only be the same: decoding is deterministic. */
export function fingerprintAnswer({
  understood,
  passages,
  conditions,
  code,
}: Fingerprinted): string {
  const { question, asked, earlier, earlierAnswer } = understood
  const context = [earlier ?? '', earlierAnswer ?? '']
  const { chat, chatSource, embedding, calibration } = conditions
  const parts = [
    [question, asked, ...context].map(foldQuestion),
    passages.map(describePassage),
    [chat, chatSource, embedding, calibration, code],
  ]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

/** All that is read of it or shown with it; the scores are neither. */
function describePassage(passage: Passage): unknown {
  const { articleId, revision, start, end, text, url, title, heading, publishedAt } = passage
  const sentences = passage.sentences.map((sentence) => [sentence.start, sentence.end])
  return [articleId, revision, start, end, text, url, title, heading, publishedAt, sentences]
}

/** From the rules to the refusal: a change of any of it may change every answer. */
const CODE_FOLDERS = ['.', '../retrieval', '../models'].map((name) =>
  join(import.meta.dirname, name),
)

export function hashCode(folders: readonly string[] = CODE_FOLDERS): string {
  const hash = createHash('sha256')
  const files = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  for (const file of files.filter(isCode).toSorted()) {
    hash
      .update(`${basename(file)}\0`)
      .update(readFileSync(file))
      .update('\0')
  }
  return hash.digest('hex')
}

function isCode(file: string): boolean {
  return /\.[jt]s$/.test(file) && !/\.(?:test|d)\.[jt]s$/.test(file)
}

const recalledAnswer = z.object({
  id: z.string(),
  status: z.enum(['answered', 'refused']),
  reason: z.enum(['no-evidence', 'not-answered', 'unsupported']).nullable(),
  answer: z.string(),
  sentences: z.array(
    z.object({
      text: z.string(),
      start: z.int(),
      end: z.int(),
      citations: z.array(z.int()),
      support: z.number(),
    }),
  ),
  citations: z.array(
    z.object({
      number: z.int(),
      articleId: z.string(),
      revision: z.int(),
      url: z.string().nullable(),
      title: z.string(),
      heading: z.string(),
      publishedAt: z.coerce.date().nullable(),
      quote: z.string(),
      start: z.int(),
      end: z.int(),
    }),
  ),
  models: z.object({ chat: z.string().nullable(), embedding: z.string() }),
})

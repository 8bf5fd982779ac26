import { z } from 'zod'
import type { CaseAnswer } from './case-answer.ts'

// An answer as it is kept and sent, read as what it is: data from outside. Fields that nobody scores
// are left unread, so that an older or newer service can be a target as well.

const span = z.object({ articleId: z.string(), start: z.number(), end: z.number() })
const source = span.extend({ text: z.string() })

const sentAnswer = z.object({
  id: z.string().nullable(),
  status: z.enum(['answered', 'refused', 'extracted']),
  reason: z.enum(['no-evidence', 'not-answered', 'unsupported', 'model-unavailable']).nullable(),
  answer: z.string(),
  sentences: z.array(z.object({ text: z.string(), citations: z.array(z.number()) })),
  citations: z.array(span.extend({ number: z.number(), quote: z.string() })),
  sources: z.array(source),
  models: z.object({ chat: z.string().nullable() }),
  tokens: z.object({ prompt: z.number(), completion: z.number() }),
  timings: z.object({
    searchMs: z.number(),
    firstTokenMs: z.number().nullable(),
    totalMs: z.number(),
  }),
})

const sentTrace = z.object({
  candidates: z.array(
    z.object({
      articleId: z.string(),
      chunkId: z.string(),
      keyword: z.number().nullable(),
      vector: z.number().nullable(),
      fused: z.number(),
    }),
  ),
  passages: z.array(source),
  promptHash: z.string().nullable(),
  generated: z.string().nullable(),
  dropped: z.array(z.object({ text: z.string(), why: z.string() })),
  decision: z.object({ statesAnswer: z.number().nullable(), threshold: z.number().nullable() }),
})

interface ToOptions {
  /** Article id → guid; an article that has gone keeps its id. */
  readonly guids: ReadonlyMap<string, string>
}

/** An answer with its trace, null where its service gave none; null where it is no answer at all. */
export function toCaseAnswer(
  { body, trace }: { readonly body: unknown; readonly trace: unknown },
  { guids }: ToOptions,
): CaseAnswer | null {
  const { data: answer } = sentAnswer.safeParse(body)
  if (answer === undefined) return null
  const how = sentTrace.safeParse(trace).data ?? null
  const guidOf = (id: string) => guids.get(id) ?? id
  const toSpan = ({ articleId, start, end, text }: z.output<typeof source>) => {
    return { guid: guidOf(articleId), start, end, text }
  }
  const { id, status, reason, sentences, timings, tokens } = answer
  return {
    ...{ status, reason, answer: answer.answer, sentences, timings, tokens },
    ...(how === null ? UNTOLD : toTold(how, guidOf)),
    answerId: id,
    citations: answer.citations.map(({ quote, number, ...place }) => ({
      ...toSpan({ ...place, text: quote }),
      number,
    })),
    passages: (how?.passages ?? answer.sources).map(toSpan),
    chatModel: answer.models.chat,
  }
}

/** Of an answer whose service does not tell how it came about. */
const UNTOLD = {
  candidates: null,
  promptHash: null,
  generated: null,
  dropped: [],
  statesAnswer: null,
  threshold: null,
}

function toTold(
  { candidates, promptHash, generated, dropped, decision }: z.output<typeof sentTrace>,
  guidOf: (id: string) => string,
) {
  return {
    candidates: candidates.map(({ articleId, ...rank }) => ({ ...rank, guid: guidOf(articleId) })),
    promptHash,
    generated,
    dropped,
    ...decision,
  }
}

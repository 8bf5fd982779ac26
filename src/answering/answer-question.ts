import { randomUUID } from 'node:crypto'
import type { Answer, AnswerReason, Filters, Passage, RefusalReason } from '../domain.ts'
import type { ChatTurn } from '../models/chat-turns.ts'
import type { SearchResult } from '../retrieval/search.ts'
import type { Thresholds } from './calibration.ts'
import type { UnderstoodQuestion } from './condense.ts'
import { extractAnswer } from './extracted.ts'
import type { Generate, Generated } from './generate.ts'
import type { ground, Grounded } from './grounding.ts'
import { describeNothing, describeRefusal, type decide } from './refusal.ts'

export interface AnswerRequest {
  readonly understood: UnderstoodQuestion
  readonly filters: Filters
  /** Ids of sentences to answer without. */
  readonly exclude?: readonly string[]
  /** The vector arm's share of the search, where it is to be another than the service's. */
  readonly vectorWeight?: number
  readonly maxPassages?: number
  readonly signal: AbortSignal
}

export type AnswerEvent =
  | { readonly type: 'sources-available'; readonly sources: readonly Passage[] }
  | { readonly type: 'answer-queued'; readonly position: number }
  | { readonly type: 'answer-delta'; readonly text: string }

export interface Retrieved {
  readonly search: SearchResult
  readonly passages: readonly Passage[]
}

/** The steps of an answer; each can be replaced alone. */
export interface AnswerSteps {
  readonly retrieve: (request: AnswerRequest) => Promise<Retrieved>
  readonly takeTurn: (options: {
    readonly signal: AbortSignal
    readonly onPosition: (position: number) => void
  }) => Promise<ChatTurn | null>
  readonly generate: Generate
  /** How near each sentence of an answer is to each sentence of the passages. */
  readonly compare: (
    sentences: readonly string[],
    passages: readonly Passage[],
    signal: AbortSignal,
  ) => Promise<readonly ReadonlyMap<string, number>[]>
  readonly split: (text: string) => readonly string[]
  readonly ground: typeof ground
  /** How likely the evidence states the answer; null where the model gives no probability. */
  readonly checkStated: (
    turn: ChatTurn,
    input: { readonly question: string; readonly grounded: Grounded },
    signal: AbortSignal,
  ) => Promise<number | null>
  readonly decide: typeof decide
  readonly models: { readonly chat: () => string | null; readonly embedding: string }
  readonly thresholds: Thresholds
}

export interface AnswerTrace {
  readonly understood: UnderstoodQuestion
  /** Of publication, as the question asks for it. */
  readonly time: SearchResult['time']
  readonly candidates: SearchResult['candidates']
  /** Packed for the model, whether it was there to read them or not. */
  readonly passages: readonly Passage[]
  readonly prompt: string | null
  readonly promptHash: string | null
  readonly generated: string | null
  readonly dropped: Grounded['dropped']
  readonly decision: {
    readonly reason: AnswerReason | null
    readonly statesAnswer: number | null
    readonly threshold: number | null
  }
  readonly fingerprint: { readonly chat: string | null; readonly embedding: string }
}

export interface Answered {
  readonly answer: Answer
  readonly trace: AnswerTrace
}

type OnEvent = (event: AnswerEvent) => void

/** Question in, answer out: retrieve, generate, ground, decide (design.md, section 2). */
export async function answerQuestion(
  request: AnswerRequest,
  steps: AnswerSteps,
  onEvent: OnEvent = () => undefined,
): Promise<Answered> {
  const startedAt = performance.now()
  const retrieved = await steps.retrieve(request)
  const searchMs = sinceMs(startedAt)
  onEvent({ type: 'sources-available', sources: retrieved.passages })
  const draft = { request, steps, retrieved, startedAt, searchMs }
  if (retrieved.passages.length === 0) return refuse(draft, 'no-evidence')
  const turn = await steps.takeTurn({
    signal: request.signal,
    onPosition: (position) => onEvent({ type: 'answer-queued', position }),
  })
  if (turn === null) return extract(draft)
  try {
    return await write(draft, turn, onEvent)
  } finally {
    turn.release()
  }
}

interface Draft {
  readonly request: AnswerRequest
  readonly steps: AnswerSteps
  readonly retrieved: Retrieved
  readonly startedAt: number
  readonly searchMs: number
}

async function write(draft: Draft, turn: ChatTurn, onEvent: OnEvent): Promise<Answered> {
  const { request, steps, retrieved } = draft
  const { passages } = retrieved
  const { signal } = request
  const generated = await steps.generate(turn, {
    ...request.understood,
    passages,
    signal,
    onText: (text) => onEvent({ type: 'answer-delta', text }),
  })
  // No first word: the articles are still there, and what they say is better than an error.
  if (generated === null) return extract(draft)
  const sentences = steps.split(generated.text)
  const similarities = await steps.compare(sentences, passages, signal)
  const { question } = request.understood
  const grounded = steps.ground({ question, sentences, passages, similarities })
  const statesAnswer =
    grounded.sentences.length === 0
      ? null
      : await steps.checkStated(turn, { question, grounded }, signal)
  const threshold = steps.thresholds.stated(turn.model.id)
  const reason = steps.decide({
    sentences: grounded.sentences,
    passages,
    generated: generated.text,
    statesAnswer,
    threshold,
  })
  const written = { turn, generated, grounded, decision: { reason, statesAnswer, threshold } }
  return reason === null ? accept(draft, written) : refuse(draft, reason, written)
}

interface Written {
  readonly turn: ChatTurn
  readonly generated: Generated
  readonly grounded: Grounded
  readonly decision: AnswerTrace['decision']
}

function accept(draft: Draft, written: Written): Answered {
  const { answer, sentences, citations } = written.grounded
  const { passages } = draft.retrieved
  return finish(
    draft,
    { status: 'answered', reason: null, answer, sentences, citations, sources: passages },
    written,
  )
}

function refuse(draft: Draft, reason: RefusalReason, written?: Written): Answered {
  const { passages, search } = draft.retrieved
  const answer =
    search.reason === null
      ? describeRefusal(reason, passages)
      : describeNothing(search.reason, search.time)
  return finish(
    draft,
    { status: 'refused', reason, answer, sentences: [], citations: [], sources: passages },
    written,
  )
}

function extract(draft: Draft): Answered {
  const extracted = extractAnswer(draft.retrieved.search.chunks, {
    question: draft.request.understood.question,
    threshold: draft.steps.thresholds.extracted,
  })
  if (extracted === null) return refuse(draft, 'no-evidence')
  return finish(draft, { status: 'extracted', reason: 'model-unavailable', ...extracted })
}

type Outcome = Pick<Answer, 'status' | 'reason' | 'answer' | 'sentences' | 'citations' | 'sources'>

function finish(draft: Draft, outcome: Outcome, written?: Written): Answered {
  const { request, steps, retrieved, startedAt, searchMs } = draft
  const chat = steps.models.chat()
  return {
    answer: {
      id: `ans_${randomUUID()}`,
      question: request.understood.question,
      ...outcome,
      models: { chat, embedding: steps.models.embedding },
      tokens: written?.generated.tokens ?? { prompt: 0, completion: 0 },
      timings: {
        queuedMs: written?.turn.queuedMs ?? 0,
        searchMs,
        firstTokenMs: written === undefined ? null : written.generated.firstTokenAt(startedAt),
        totalMs: sinceMs(startedAt),
      },
      cached: false,
      corpusRevision: retrieved.search.corpusRevision,
      degraded: retrieved.search.degraded,
    },
    trace: toTrace(draft, outcome.reason, written),
  }
}

function toTrace(draft: Draft, reason: AnswerReason | null, written?: Written): AnswerTrace {
  const { request, steps, retrieved } = draft
  return {
    understood: request.understood,
    time: retrieved.search.time,
    candidates: retrieved.search.candidates,
    passages: retrieved.passages,
    ...(written === undefined ? unwritten(reason) : describeWritten(written)),
    fingerprint: { chat: steps.models.chat(), embedding: steps.models.embedding },
  }
}

type WrittenTrace = Pick<
  AnswerTrace,
  'prompt' | 'promptHash' | 'generated' | 'dropped' | 'decision'
>

function describeWritten({ generated, grounded, decision }: Written): WrittenTrace {
  const { prompt, promptHash, text } = generated
  return { prompt, promptHash, generated: text, dropped: grounded.dropped, decision }
}

function unwritten(reason: AnswerReason | null): WrittenTrace {
  const decision = { reason, statesAnswer: null, threshold: null }
  return { prompt: null, promptHash: null, generated: null, dropped: [], decision }
}

function sinceMs(startedAt: number): number {
  return Math.round(performance.now() - startedAt)
}

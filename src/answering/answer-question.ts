import { randomUUID } from 'node:crypto'
import type { Answer, AnswerReason, Passage, RefusalReason } from '../domain.ts'
import type { ChatPlace, ChatTurn } from '../models/chat-turns.ts'
import type { SearchResult } from '../retrieval/search.ts'
import type { RecalledAnswer } from './answer-cache.ts'
import type { AnswerEvent, AnswerRequest, AnswerSteps, Retrieved } from './answer-steps.ts'
import type { Stated } from './ask-stated.ts'
import { checkDraft, type CheckedDraft } from './check-draft.ts'
import type { UnderstoodQuestion } from './condense.ts'
import { extractAnswer } from './extracted.ts'
import type { Grounded } from './grounding.ts'
import { describeNothing, describeRefusal } from './refusal.ts'
import { timeSteps, type StepTimings } from './time-steps.ts'

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
    /** What `statesAnswer` was read from; null where there is none. */
    readonly basis: Stated['basis'] | null
    readonly threshold: number | null
  }
  readonly timings: StepTimings
  readonly fingerprint: {
    readonly chat: string | null
    readonly embedding: string
    /** Of all that the answer depends on; null where it is not given to anyone else. */
    readonly answer: string | null
  }
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
  // Before the search: a full queue is told at once, and costs nothing.
  const place = steps.enterQueue()
  try {
    return await answerFrom(place, { request, onEvent, ...timeSteps(steps) })
  } finally {
    place.leave()
  }
}

interface Asked {
  readonly request: AnswerRequest
  readonly steps: AnswerSteps
  readonly timings: StepTimings
  readonly onEvent: OnEvent
}

async function answerFrom(place: ChatPlace, { onEvent, ...asked }: Asked): Promise<Answered> {
  const { request, steps } = asked
  const startedAt = performance.now()
  const retrieved = await steps.retrieve(request)
  const searchMs = sinceMs(startedAt)
  onEvent({ type: 'sources-available', sources: retrieved.passages })
  const blank = { ...asked, retrieved, startedAt, searchMs, queuedMs: 0, fingerprint: null }
  if (retrieved.passages.length === 0) return refuse(blank, 'no-evidence')
  const { kept, fingerprint } = await steps.recall(request, retrieved)
  if (kept !== null) return giveAgain(blank, kept, onEvent)
  const draft = { ...blank, fingerprint }
  const queuedAt = performance.now()
  const turn = await place.take({
    signal: request.signal,
    onPosition: (position) => onEvent({ type: 'answer-queued', position }),
  })
  if (turn === null) return extract({ ...draft, queuedMs: sinceMs(queuedAt) })
  return write({ ...draft, queuedMs: turn.queuedMs }, turn, onEvent)
}

interface Draft extends Omit<Asked, 'onEvent'> {
  readonly retrieved: Retrieved
  readonly startedAt: number
  readonly searchMs: number
  readonly queuedMs: number
  readonly fingerprint: string | null
}

/** Words that a refusal took back are not said again. */
function giveAgain(draft: Draft, kept: RecalledAnswer, onEvent: OnEvent): Answered {
  const text = kept.sentences.map((sentence) => sentence.text).join(' ')
  if (text !== '') onEvent({ type: 'answer-delta', text })
  const { answer, trace } = finish(draft, { ...kept, sources: draft.retrieved.passages })
  return { answer: { ...answer, ...kept, cached: true }, trace }
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
  const checked = await checkDraft({ request, steps, retrieved, turn, generated })
  const { reason } = checked.decision
  return reason === null ? accept(draft, checked) : refuse(draft, reason, checked)
}

function accept(draft: Draft, written: CheckedDraft): Answered {
  const { answer, sentences, citations } = written.grounded
  const { passages } = draft.retrieved
  return finish(
    draft,
    { status: 'answered', reason: null, answer, sentences, citations, sources: passages },
    written,
  )
}

function refuse(draft: Draft, reason: RefusalReason, written?: CheckedDraft): Answered {
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

function finish(draft: Draft, outcome: Outcome, written?: CheckedDraft): Answered {
  const { request, steps, retrieved, startedAt, searchMs, queuedMs } = draft
  const chat = steps.models.chat()
  return {
    answer: {
      id: `ans_${randomUUID()}`,
      question: request.understood.question,
      ...outcome,
      models: { chat, embedding: steps.models.embedding },
      tokens: written?.generated.tokens ?? { prompt: 0, completion: 0 },
      timings: {
        queuedMs,
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

function toTrace(draft: Draft, reason: AnswerReason | null, written?: CheckedDraft): AnswerTrace {
  const { request, steps, retrieved, timings } = draft
  return {
    understood: request.understood,
    time: retrieved.search.time,
    candidates: retrieved.search.candidates,
    passages: retrieved.passages,
    ...(written === undefined ? unwritten(reason) : describeWritten(written)),
    timings: { ...timings },
    fingerprint: {
      chat: steps.models.chat(),
      embedding: steps.models.embedding,
      answer: written === undefined || written.isBlind ? null : draft.fingerprint,
    },
  }
}

type WrittenTrace = Pick<
  AnswerTrace,
  'prompt' | 'promptHash' | 'generated' | 'dropped' | 'decision'
>

function describeWritten({ generated, grounded, decision }: CheckedDraft): WrittenTrace {
  const { prompt, promptHash, text } = generated
  return { prompt, promptHash, generated: text, dropped: grounded.dropped, decision }
}

function unwritten(reason: AnswerReason | null): WrittenTrace {
  const decision = { reason, statesAnswer: null, basis: null, threshold: null }
  return { prompt: null, promptHash: null, generated: null, dropped: [], decision }
}

function sinceMs(startedAt: number): number {
  return Math.round(performance.now() - startedAt)
}

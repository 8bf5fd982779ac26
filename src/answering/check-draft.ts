import type { RefusalReason } from '../domain.ts'
import type { ChatTurn } from '../models/chat-turns.ts'
import type { AnswerRequest, AnswerSteps, Retrieved } from './answer-steps.ts'
import type { Stated } from './ask-stated.ts'
import type { Generated } from './generate.ts'
import type { Grounded } from './grounding.ts'

export interface Decision {
  readonly reason: RefusalReason | null
  readonly statesAnswer: number | null
  /** What `statesAnswer` was read from; null where there is none. */
  readonly basis: Stated['basis'] | null
  readonly threshold: number
}

export interface CheckedDraft {
  readonly generated: Generated
  readonly grounded: Grounded
  readonly decision: Decision
  /** The embedding model went away meanwhile: the answer may be worse than it would be with it. */
  readonly isBlind: boolean
}

interface Draft {
  readonly request: AnswerRequest
  readonly steps: AnswerSteps
  readonly retrieved: Retrieved
  readonly turn: ChatTurn
  readonly generated: Generated
}

/** From the model's words to what may be shown of them, and whether it answers the question. */
export async function checkDraft(draft: Draft): Promise<CheckedDraft> {
  const { request, steps, retrieved, turn, generated } = draft
  const { passages } = retrieved
  const { question } = request.understood
  const sentences = steps.split(generated.text)
  const similarities = await steps.compare(sentences, passages, request.signal)
  const grounded = steps.ground({ question, sentences, passages, similarities })
  const words = { question, passages, generated: generated.text }
  const quoted = steps.quote(grounded, { ...words, similarities, search: retrieved.search })
  const { evidence } = quoted
  const stated =
    quoted.grounded.sentences.length === 0
      ? null
      : await steps.checkStated(turn, { ...words, evidence, kept: grounded }, request.signal)
  const threshold = steps.thresholds.stated(turn.model.id)
  const statesAnswer = stated?.probability ?? null
  const reason = steps.decide({
    sentences: grounded.sentences,
    passages,
    generated: generated.text,
    statesAnswer,
    threshold,
  })
  return {
    generated,
    grounded: quoted.grounded,
    decision: { reason, statesAnswer, basis: stated?.basis ?? null, threshold },
    isBlind: sentences.length > 0 && similarities.length === 0,
  }
}

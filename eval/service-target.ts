import { answerQuestion, type Answered } from '../src/answering/answer-question.ts'
import type { AnswerRequest } from '../src/answering/answer-steps.ts'
import { condense } from '../src/answering/condense.ts'
import { toKeptAnswer } from '../src/answering/keep-answer.ts'
import { AppError } from '../src/errors.ts'
import { needsChat, type Arm, type ArmName } from './arms.ts'
import { messagesOf, type GoldenCase } from './golden-case.ts'
import type { Target } from './target.ts'

interface ServiceOptions {
  readonly guids: ReadonlyMap<string, string>
  readonly arms: ReadonlyMap<ArmName, Arm>
}

/** The service in this process, each arm with its part replaced. */
export function createServiceTarget({ guids, arms }: ServiceOptions): Target {
  return {
    guids,
    async ask({ arm, golden }, signal) {
      const steps = arms.get(arm)?.stepsFor(golden)
      if (steps === undefined) throw new AppError('internal', `There is no arm ${arm}.`)
      const answered = await answerQuestion(toRequest(golden, signal), steps)
      if (arm !== 'keyword' && answered.answer.degraded !== null) throw searchedBlind()
      if (needsChat(arm) && isUnwritten(answered)) {
        throw new AppError('model-unavailable', 'The chat model did not answer.')
      }
      return toKeptAnswer(answered)
    },
  }
}

/** Figures of a search by keywords alone would be taken for those of the whole. */
export function searchedBlind(): AppError {
  return new AppError(
    'model-unavailable',
    'The search went by keywords alone: the embedding model did not answer, or the library is still being embedded with it.',
  )
}

/** The best sentences, or a refusal because none is near enough, stood in for the model's words. */
function isUnwritten({ trace }: Answered): boolean {
  return trace.generated === null && trace.passages.length > 0
}

export function toRequest(golden: GoldenCase, signal: AbortSignal): AnswerRequest {
  const { as_of } = golden
  return {
    understood: condense(messagesOf(golden)),
    filters: as_of === undefined ? {} : { asOf: new Date(as_of) },
    signal,
  }
}

import { queueUnsureAnswer } from '../../eval/reviews.ts'
import { answerQuestion, type Answered } from '../answering/answer-question.ts'
import type { AnswerEvent, AnswerRequest } from '../answering/answer-steps.ts'
import { keepAnswer } from '../answering/keep-answer.ts'
import { transaction } from '../db/database.ts'
import type { Answer } from '../domain.ts'
import { AppError } from '../errors.ts'
import type { Services } from '../services.ts'
import type { HttpContext } from './context.ts'
import { toAppError } from './problem.ts'

/** What every way of asking over HTTP does: answer, keep the answer, and count it. */
export async function giveAnswer(
  { services, metrics }: Pick<HttpContext, 'services' | 'metrics'>,
  request: AnswerRequest,
  onEvent?: (event: AnswerEvent) => void,
): Promise<Answer> {
  const opened = services()
  try {
    const answered = await answerQuestion(request, opened.answerSteps, onEvent)
    await keep(opened, answered)
    metrics.countAnswer(answered)
    return answered.answer
  } catch (error) {
    metrics.countFailure(hasGone(request.signal) ? 'client-gone' : toAppError(error).code)
    throw error
  }
}

/** A service that stops aborts with its own error. */
function hasGone(signal: AbortSignal): boolean {
  return signal.aborted && !(signal.reason instanceof AppError)
}

/** Kept before it is sent whole: what a reader saw end can always be looked up again. */
async function keep({ database }: Services, answered: Answered): Promise<void> {
  if (answered.answer.cached) return
  await transaction(database, async (client) => {
    await keepAnswer(client, answered)
    await queueUnsureAnswer(client, answered)
  })
}

import type { Queryable } from '../db/database.ts'
import { insertAnswer, type KeptAnswer } from '../store/answers.ts'
import type { Passage } from '../domain.ts'
import type { Answered } from './answer-question.ts'
import { presentAnswer, presentTrace } from './present-answer.ts'

/** Keeps an answer with its trace, as they are sent. Must run in a transaction. */
export async function keepAnswer(db: Queryable, answered: Answered): Promise<void> {
  await insertAnswer(db, toKeptAnswer(answered))
}

export function toKeptAnswer({ answer, trace }: Answered): KeptAnswer {
  return {
    ...answer,
    promptHash: trace.promptHash,
    fingerprint: trace.fingerprint.answer,
    body: presentAnswer(answer),
    trace: presentTrace(trace),
    articleIds: articlesOf([...answer.sources, ...trace.passages]),
  }
}

function articlesOf(passages: readonly Passage[]): readonly string[] {
  return [...new Set(passages.map(({ articleId }) => articleId))]
}

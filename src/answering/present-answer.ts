import type { Answer, Passage } from '../domain.ts'
import type { AnswerTrace } from './answer-question.ts'

// An answer as it is sent and kept.

/** A passage as it is sent: without the ids of its sentences, which mean nothing outside. */
export function presentPassage({ sentences: _sentences, ...source }: Passage) {
  return source
}

export function presentAnswer(answer: Answer) {
  return { ...answer, sources: answer.sources.map(presentPassage) }
}

export function presentTrace(trace: AnswerTrace) {
  return {
    ...trace,
    candidates: trace.candidates.map(({ scores, ...candidate }) => ({ ...candidate, ...scores })),
    passages: trace.passages.map(presentPassage),
  }
}

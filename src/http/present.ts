import type { Answer, Passage } from '../domain.ts'
import type { Answered } from '../answering/answer-question.ts'
import type { Refresh } from '../store/refreshes.ts'

/** A passage as it is sent: without the ids of its sentences, which mean nothing outside. */
export function presentPassage({ sentences: _sentences, ...source }: Passage) {
  return source
}

export function presentAnswer(answer: Answer) {
  return { ...answer, sources: answer.sources.map(presentPassage) }
}

export function presentTrace({ trace }: Answered) {
  return {
    ...trace,
    candidates: trace.candidates.map(({ scores, ...candidate }) => ({ ...candidate, ...scores })),
    passages: trace.passages.map(presentPassage),
  }
}

export function presentJob({ id, state, total, done, error, errorCode }: Refresh) {
  return { id, kind: 'refresh-feed', state, progress: { done, total }, error, code: errorCode }
}

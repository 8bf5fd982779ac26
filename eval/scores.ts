// What a case's answer is worth. Every figure of a report is a mean over rows of these.

/** In the order in which they are looked for; null is a right outcome. */
export const FAILURE_CLASSES = [
  'error',
  'gold-not-in-candidates',
  'gold-not-in-context',
  'quote-not-in-context',
  'refused-wrongly',
  'wrong-fact',
  'uncited',
  'hallucinated',
] as const

export type FailureClass = (typeof FAILURE_CLASSES)[number]

/** Of one arm of the search, over articles in the order in which they were found. */
export interface RetrievalScores {
  readonly recallAt: Readonly<Record<1 | 3 | 5 | 10, number>>
  readonly hitAt: Readonly<Record<1 | 3 | 5 | 10, number>>
  /** 1 where all gold articles are among the first k. */
  readonly allAt: Readonly<Record<1 | 3 | 5 | 10, number>>
  readonly mrrAt10: number
  readonly ndcgAt10: number
}

export interface ContextScores {
  /** Share of the gold articles that the model was given, and whether any or all. */
  readonly recallAtContext: number
  readonly hitAtContext: number
  readonly allAtContext: number
  /** 1 where every golden quote stood in what the model was given. */
  readonly evidenceAtContext: number
  /** Share of the gold articles among the candidates of both arms together; null where a target does not tell. */
  readonly candidateRecall: number | null
}

export interface AnswerScores {
  readonly factRecall: number
  readonly hasForbidden: boolean
  readonly tokenF1: number
  readonly contentRecall: number
  readonly groundedness: number
  readonly isUngrounded: boolean
  readonly hasUnsupportedNumber: boolean
  readonly citationMarks: number
  readonly validMarks: number
  readonly evidenceMarks: number
  readonly sentences: number
  readonly citedSentences: number
  readonly supportedSentences: number
  readonly citesGold: boolean
}

export interface CaseScores {
  readonly answerable: boolean
  readonly nearMiss: boolean
  readonly refused: boolean
  /** Answerable: every fact and nothing forbidden. Unanswerable: refused. */
  readonly correct: boolean
  readonly failure: FailureClass | null
  /** Of answerable cases; by arm of the search. Null where a target does not tell its candidates. */
  readonly retrieval: Readonly<Record<'keyword' | 'vector' | 'fused', RetrievalScores>> | null
  /** Of answerable cases. Null where a target gives no passages. */
  readonly context: ContextScores | null
  /** Of answers that were given. */
  readonly answer: AnswerScores | null
}

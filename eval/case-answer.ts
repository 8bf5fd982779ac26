import type { AnswerReason, AnswerStatus } from '../src/domain.ts'

// What was answered to a case, as the scorers, the comparison and the reports see it: articles by the
// guid of their feed, which is the same in every library, and everything as plain JSON.

export interface CandidateRank {
  readonly guid: string
  readonly chunkId: string
  /** Null where that arm did not find the chunk. */
  readonly keyword: number | null
  readonly vector: number | null
  readonly fused: number
}

/** A piece of an article, by its offsets in the article's plain text. */
export interface ArticleSpan {
  readonly guid: string
  readonly start: number
  readonly end: number
  readonly text: string
}

export interface CaseCitation extends ArticleSpan {
  readonly number: number
}

export interface CaseAnswer {
  readonly answerId: string | null
  readonly status: AnswerStatus
  readonly reason: AnswerReason | null
  /** With its marks, such as [1]. */
  readonly answer: string
  readonly sentences: readonly {
    readonly text: string
    readonly citations: readonly number[]
  }[]
  readonly citations: readonly CaseCitation[]
  /** What the model was given to read, best first. */
  readonly passages: readonly ArticleSpan[]
  /** Chunks of both arms, best first; null where a target does not tell. */
  readonly candidates: readonly CandidateRank[] | null
  readonly promptHash: string | null
  /** The model's own words, before grounding. */
  readonly generated: string | null
  readonly dropped: readonly { readonly text: string; readonly why: string }[]
  readonly statesAnswer: number | null
  readonly threshold: number | null
  readonly chatModel: string | null
  readonly timings: {
    readonly searchMs: number
    readonly firstTokenMs: number | null
    readonly totalMs: number
  }
  readonly tokens: { readonly prompt: number; readonly completion: number }
}

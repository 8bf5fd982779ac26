import type { Filters, Passage } from '../domain.ts'
import type { ChatPlace, ChatTurn } from '../models/chat-turns.ts'
import type { SearchResult } from '../retrieval/search.ts'
import type { Recall } from './answer-cache.ts'
import type { Stated } from './ask-stated.ts'
import type { Thresholds } from './calibration.ts'
import type { StatedInput } from './check-stated.ts'
import type { UnderstoodQuestion } from './condense.ts'
import type { Generate } from './generate.ts'
import type { ground } from './grounding.ts'
import type { quoteFrom } from './quote-evidence.ts'
import type { decide } from './refusal.ts'

export interface AnswerRequest {
  readonly understood: UnderstoodQuestion
  readonly filters: Filters
  /** Ids of sentences to answer without. */
  readonly exclude?: readonly string[]
  /** The vector arm's share of the search, where it is to be another than the service's. */
  readonly vectorWeight?: number
  readonly maxPassages?: number
  /** Whether it is answered anew, where an answer is kept already. */
  readonly fresh?: boolean
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
  /** Throws `model-busy` where no place is free. */
  readonly enterQueue: () => ChatPlace
  /** What was answered to the same question from the same passages. */
  readonly recall: Recall
  readonly generate: Generate
  /** How near each sentence of an answer is to each sentence of the passages. */
  readonly compare: (
    sentences: readonly string[],
    passages: readonly Passage[],
    signal: AbortSignal,
  ) => Promise<readonly ReadonlyMap<string, number>[]>
  readonly split: (text: string) => readonly string[]
  readonly ground: typeof ground
  readonly quote: typeof quoteFrom
  /** Whether the evidence states the answer; null where the model does not say. */
  readonly checkStated: (
    turn: ChatTurn,
    input: StatedInput,
    signal: AbortSignal,
  ) => Promise<Stated | null>
  readonly decide: typeof decide
  readonly models: { readonly chat: () => string | null; readonly embedding: string }
  readonly thresholds: Thresholds
}

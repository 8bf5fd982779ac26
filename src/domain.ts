// The vocabulary of Footnote, one word per idea. Read this file first.
// Offsets everywhere are UTF-16 code units, as JavaScript counts them.

export type BlockKind = 'heading' | 'paragraph' | 'list' | 'code' | 'quote' | 'table'

/** One entry of a feed as it came, before its HTML is read. Dates are valid or null. */
export interface FeedItem {
  /** What tells this article from the others of its feed: guid, else address, else a content hash. */
  readonly identity: string
  readonly guid: string | null
  readonly title: string
  /** Absolute http(s) address, or null where the feed gives none that can be linked. */
  readonly url: string | null
  readonly author: string | null
  readonly publishedAt: Date | null
  readonly updatedAt: Date | null
  readonly categories: readonly string[]
  readonly html: string
}

export interface ParsedFeed {
  readonly title: string
  readonly siteUrl: string | null
  readonly items: readonly FeedItem[]
}

/** A piece of an article's structure. A heading's `level` is 1–6; other blocks have none. */
export interface Block {
  readonly kind: BlockKind
  readonly text: string
  readonly level?: number
}

/** A sentence: the unit of evidence. Offsets into the revision's plain text. */
export interface SentenceSpan {
  readonly start: number
  readonly end: number
}

/** Neighbouring blocks under one heading path. Offsets into the revision's plain text. */
export interface ChunkSpan {
  readonly headingPath: readonly string[]
  readonly start: number
  readonly end: number
  readonly sentences: readonly SentenceSpan[]
}

/** An article's text as it will be stored: plain text, and the chunks and sentences in it. */
export interface ChunkedArticle {
  readonly text: string
  readonly chunks: readonly ChunkSpan[]
}

/** A vector of the configured embedding model, of unit length. */
export type Vector = readonly number[]

export interface Filters {
  readonly feed?: readonly string[]
  readonly author?: readonly string[]
  readonly category?: readonly string[]
  /** Inclusive. */
  readonly publishedAfter?: Date
  /** Exclusive. */
  readonly publishedBefore?: Date
  /** The time that counts as now; later articles are hidden. */
  readonly asOf?: Date
}

/** Null where an arm did not find the chunk. */
export interface Scores {
  readonly keyword: number | null
  readonly vector: number | null
  readonly fused: number
}

export interface Candidate {
  readonly chunkId: string
  readonly articleId: string
  readonly scores: Scores
}

/** A sentence of a live revision that an answer may rest on. */
export interface EvidenceSentence {
  readonly id: string
  readonly text: string
  /** Into the revision's plain text. */
  readonly start: number
  readonly end: number
}

/** What the model reads: neighbouring sentences of one chunk. */
export interface Passage {
  readonly articleId: string
  readonly revision: number
  readonly url: string | null
  readonly title: string
  readonly heading: string
  readonly publishedAt: Date | null
  readonly text: string
  readonly start: number
  readonly end: number
  readonly sentences: readonly EvidenceSentence[]
  readonly scores: Scores
}

export interface Citation {
  readonly number: number
  readonly articleId: string
  readonly revision: number
  readonly url: string | null
  readonly title: string
  readonly heading: string
  readonly publishedAt: Date | null
  /** The sentence of the article, word for word: the revision's text from `start` to `end`. */
  readonly quote: string
  readonly start: number
  readonly end: number
}

/** A sentence of an answer; offsets index the answer without the marks behind it. */
export interface AnswerSentence {
  readonly text: string
  readonly start: number
  readonly end: number
  readonly citations: readonly number[]
  readonly support: number
}

export type RefusalReason = 'no-evidence' | 'not-answered' | 'unsupported'
export type AnswerReason = RefusalReason | 'model-unavailable'
export type AnswerStatus = 'answered' | 'refused' | 'extracted'
export type Degraded = 'keyword-only' | null

export interface Answer {
  readonly id: string
  readonly status: AnswerStatus
  readonly reason: AnswerReason | null
  /** The question as it was understood. */
  readonly question: string
  readonly answer: string
  readonly sentences: readonly AnswerSentence[]
  readonly citations: readonly Citation[]
  readonly sources: readonly Passage[]
  readonly models: { readonly chat: string | null; readonly embedding: string }
  readonly tokens: { readonly prompt: number; readonly completion: number }
  readonly timings: {
    readonly queuedMs: number
    readonly searchMs: number
    readonly firstTokenMs: number | null
    readonly totalMs: number
  }
  readonly cached: boolean
  readonly corpusRevision: number
  readonly degraded: Degraded
}

// What each stage of an answer gave, small enough to be kept with a baseline: enough to say where two
// answers to one case parted, and without the articles' text.

export interface ArmRanks {
  /** Of the first gold article, from 1; null where the arm did not find one. */
  readonly keyword: number | null
  readonly vector: number | null
  readonly fused: number | null
}

export interface Stages {
  readonly goldRanks: ArmRanks | null
  /** All gold articles were candidates; they were in the context; the golden quotes were. */
  readonly isGoldFound: boolean | null
  readonly isGoldInContext: boolean | null
  readonly isQuoteInContext: boolean | null
  /** Short hashes: equal means the stage gave the same. */
  readonly candidates: string | null
  readonly passages: string | null
  readonly prompt: string | null
  readonly generated: string | null
  /** What grounding left out, also of an answer that was then refused; null where no model wrote. */
  readonly dropped: string | null
  readonly grounded: string
  readonly reason: string | null
  readonly statesAnswer: number | null
}

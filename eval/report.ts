import type { CaseAnswer } from './case-answer.ts'
import type { GoldenCase } from './golden-case.ts'
import type { JudgeScores } from './judge.ts'
import type { CaseScores } from './scores.ts'
import type { Stages } from './stages.ts'

// What a run says when it is done; api.md has the outer shape, which is kept stable.

export type Verdict = 'passed' | 'regressed' | 'floor-missed' | 'not-comparable'

export interface MetricValue {
  /** Null where no case of the run belongs to the metric's group. */
  readonly value: number | null
  /** The 95 % interval. */
  readonly low: number | null
  readonly high: number | null
  readonly scored: number
  readonly total: number
  /** The baseline's value over the same cases; null without one. */
  readonly baseline: number | null
  /** Of the paired test against the baseline. */
  readonly p: number | null
}

/** The stage of the flow at which an answer parted from its baseline. */
export type BlameStage =
  'corpus' | 'retrieval' | 'generation' | 'grounding' | 'refusal' | 'noise' | 'unclear'

export interface Flip {
  readonly caseId: string
  readonly arm: string
  /** What became another: the outcome; else whether the evidence was found; else the first article. */
  readonly of: 'answer' | 'evidence' | 'rank'
  readonly direction: 'fixed' | 'broken'
  readonly stage: BlameStage
  readonly explanation: string
}

export interface HeldOut {
  readonly caseId: string
  readonly why: string
}

export interface JudgeReport {
  readonly model: string
  /** On labelled and deliberately wrong answers, each with its count. */
  readonly truePositiveRate: number
  readonly falsePositiveRate: number
  readonly checked: number
  /** Whether it passed the bar; below it, its scores are only printed. */
  readonly isTrusted: boolean
  /** Means over the judged answers, 0 to 1, by arm. */
  readonly scores: Readonly<
    Record<
      string,
      { readonly accuracy: number; readonly faithfulness: number; readonly toxicity: number }
    >
  >
}

export interface Report {
  readonly verdict: Verdict
  /** What decided the verdict, a sentence each, the gravest first. */
  readonly reasons: readonly string[]
  /** What the run was compared with; null without a baseline. */
  readonly baseline: {
    readonly at: string
    readonly why: string
    readonly commit: string | null
  } | null
  /** By arm and metric. */
  readonly metrics: Readonly<Record<string, Readonly<Record<string, MetricValue>>>>
  readonly flips: readonly Flip[]
  readonly heldOut: readonly HeldOut[]
  /** What else a reader should know: missing articles, other fingerprints, the set's power. */
  readonly notes: readonly string[]
  readonly judge: JudgeReport | null
}

/** One case of one arm, asked once. */
export interface EvaluatedCase {
  readonly arm: string
  readonly repetition: number
  readonly golden: GoldenCase
  /** Null where it ended in an error. */
  readonly answer: CaseAnswer | null
  readonly scores: CaseScores | null
  /** What each stage gave; by it two answers to one case are compared. */
  readonly stages: Stages | null
  readonly judge: JudgeScores | null
  readonly error: string | null
}

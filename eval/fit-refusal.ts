import type { RefusalFit } from '../src/answering/calibration.ts'
import { auc } from './agreement.ts'
import { bestPlace } from './best-place.ts'
import { wilson } from './intervals.ts'

// Below which likelihood that the evidence states the answer a question is refused, fitted offline: each
// question is answered once, whatever the threshold, and what would be refused is counted at every one.
//
// The objective is the balanced outcome: half the share of the answerable that are answered right, half
// the share refused of those to be refused. Of these, the kinds weigh alike, however many cases each has:
// off-corpus questions are many and easy, near misses few and hard. As with the fusion's weight, the one
// is taken around which the objective is best, and not the very best, which is so by luck of few cases.

const REFUSED_KINDS = ['near-miss', 'off-corpus', 'hidden-evidence'] as const

export type RefusalKind = 'answerable' | (typeof REFUSED_KINDS)[number]

/** A question that was answered whatever the threshold. */
export interface RefusalCase {
  readonly kind: RefusalKind
  /** Null where nothing was asked about the draft: then no threshold refuses it. */
  readonly statesAnswer: number | null
  /** Another reason refuses it at every threshold. */
  readonly refusedAnyway: boolean
  /** Whether the draft is right; only of the answerable. */
  readonly correct: boolean
}

type Outcome = RefusalFit['curve'][string]
type Check = NonNullable<RefusalFit['check']>
type Totals = Check['chosen']

const STEPS = 100
const THRESHOLDS = Array.from({ length: STEPS + 1 }, (_, step) => step / STEPS)
/** To each side, which is 0.1. */
const NEIGHBOURS = 10
/** The curve is kept at every so many steps, which is 0.05. */
const CURVE_STEPS = 5
const DIGITS = 10_000

type Fitted = Pick<RefusalFit, 'curve' | 'auc' | 'cases'> & { readonly threshold: number }

/** `cases` has some that are answerable and some that are not. */
export function fitRefusal(cases: readonly RefusalCase[]): Fitted {
  const outcomes = THRESHOLDS.map((threshold) => ({ threshold, ...outcomeAt(threshold, cases) }))
  const chosen = bestPlace(
    outcomes.map(({ objective }) => objective),
    NEIGHBOURS,
  )
  const shown = outcomes.filter((_, step) => step % CURVE_STEPS === 0 || step === chosen)
  return {
    threshold: THRESHOLDS[chosen] ?? 0,
    cases: {
      answerable: countOf(cases, 'answerable'),
      nearMiss: countOf(cases, 'near-miss'),
      offCorpus: countOf(cases, 'off-corpus'),
      hiddenEvidence: countOf(cases, 'hidden-evidence'),
    },
    auc: statedAuc(cases),
    curve: toCurve(shown),
  }
}

/** Whether there are both kinds, without which nothing can be fitted. */
export function hasBothKinds(cases: readonly RefusalCase[]): boolean {
  const answerable = countOf(cases, 'answerable')
  return answerable > 0 && answerable < cases.length
}

/** What a threshold is worth on cases that it was not fitted on; null where there are none of either kind. */
export function checkRefusal(
  cases: readonly RefusalCase[],
  { threshold, previous }: { readonly threshold: number; readonly previous: number },
): RefusalFit['check'] {
  if (!hasBothKinds(cases)) return null
  return {
    cases: cases.length,
    auc: statedAuc(cases),
    chosen: refusalTotals(cases, threshold),
    previous: refusalTotals(cases, previous),
  }
}

/** What a threshold makes of the cases, with intervals; `cases` has some of both kinds. */
export function refusalTotals(cases: readonly RefusalCase[], threshold: number): Totals {
  const answerable = ofKind(cases, 'answerable')
  const isRefused = refusedAt(threshold)
  const refusals = (kind: RefusalKind) => measure(ofKind(cases, kind), isRefused)
  return {
    threshold,
    objective: round(outcomeAt(threshold, cases).objective),
    correct: measure(answerable, (one) => one.correct && !isRefused(one)),
    falseRefusals: measure(answerable, isRefused),
    nearMiss: refusals('near-miss'),
    offCorpus: refusals('off-corpus'),
    hiddenEvidence: refusals('hidden-evidence'),
  }
}

/**
 * How well the likelihood tells right answers from drafts that are to be refused, among those that a
 * threshold decides about. Null where there are none of either.
 */
export function statedAuc(cases: readonly RefusalCase[]): number | null {
  const decided = cases.filter(({ refusedAnyway }) => !refusedAnyway)
  const stated = (some: readonly RefusalCase[]) => some.flatMap((one) => one.statesAnswer ?? [])
  const right = decided.filter(({ kind, correct }) => kind === 'answerable' && correct)
  const wrong = decided.filter(({ kind }) => kind !== 'answerable')
  const area = auc(stated(right), stated(wrong))
  return area === null ? null : round(area)
}

function outcomeAt(threshold: number, cases: readonly RefusalCase[]): Outcome {
  const isRefused = refusedAt(threshold)
  const answerable = ofKind(cases, 'answerable')
  const [nearMiss, offCorpus, hiddenEvidence] = REFUSED_KINDS.map((kind) =>
    shareOf(ofKind(cases, kind), isRefused),
  )
  const recalls = [nearMiss, offCorpus, hiddenEvidence].flatMap((recall) => recall ?? [])
  const recall = recalls.reduce((sum, each) => sum + each, 0) / recalls.length
  const correct = shareOf(answerable, (one) => one.correct && !isRefused(one)) ?? 0
  return {
    objective: (correct + recall) / 2,
    correct,
    falseRefusals: shareOf(answerable, isRefused) ?? 0,
    nearMiss: nearMiss ?? null,
    offCorpus: offCorpus ?? null,
    hiddenEvidence: hiddenEvidence ?? null,
  }
}

/** As `decide` has it (src/answering/refusal.ts). */
function refusedAt(threshold: number): (one: RefusalCase) => boolean {
  return ({ statesAnswer, refusedAnyway }) =>
    refusedAnyway || (statesAnswer !== null && statesAnswer < threshold)
}

function ofKind(cases: readonly RefusalCase[], kind: RefusalKind): readonly RefusalCase[] {
  return cases.filter((one) => one.kind === kind)
}

function countOf(cases: readonly RefusalCase[], kind: RefusalKind): number {
  return ofKind(cases, kind).length
}

type Is = (one: RefusalCase) => boolean

function shareOf(cases: readonly RefusalCase[], is: Is): number | null {
  return cases.length === 0 ? null : cases.filter(is).length / cases.length
}

function measure(cases: readonly RefusalCase[], is: Is): Totals['correct'] {
  const count = cases.filter(is).length
  const interval = wilson(count, cases.length)
  if (interval === null) return null
  const { low, high } = interval
  return {
    share: round(count / cases.length),
    low: round(low),
    high: round(high),
    of: cases.length,
  }
}

function toCurve(
  outcomes: readonly (Outcome & { readonly threshold: number })[],
): RefusalFit['curve'] {
  return Object.fromEntries(
    outcomes.map(({ threshold, ...outcome }) => [threshold.toFixed(2), roundAll(outcome)]),
  )
}

function roundAll(outcome: Outcome): Outcome {
  const { objective, correct, falseRefusals, nearMiss, offCorpus, hiddenEvidence } = outcome
  const known = (share: number | null) => (share === null ? null : round(share))
  return {
    objective: round(objective),
    correct: round(correct),
    falseRefusals: round(falseRefusals),
    nearMiss: known(nearMiss),
    offCorpus: known(offCorpus),
    hiddenEvidence: known(hiddenEvidence),
  }
}

function round(value: number): number {
  return Math.round(value * DIGITS) / DIGITS
}

import type { CaseAnswer } from './case-answer.ts'
import type { JudgeCheck } from './judge-check.ts'
import type { JudgeScores } from './judge.ts'
import type { EvaluatedCase, JudgeReport } from './report.ts'

/** Accuracy from which a judge is taken to call an answer right. */
const RIGHT_FROM = 0.5

/**
 * The bar. Of 20 answers of each kind 16 right verdicts have a 95 % interval (Wilson) from .58 to .92, so
 * a coin does not pass; and since a mean of such verdicts moves by the difference of the two rates times
 * what the truth moves by, a judge at the bar still shows a drop of 5 points as one of 3.
 */
const MIN_TRUE_POSITIVE_RATE = 0.8
const MAX_FALSE_POSITIVE_RATE = 0.2
/** Of 12 right verdicts of 15 the interval begins at .55; with fewer answers a coin may pass. */
const MIN_CHECKS_OF_EACH = 15

export interface JudgeRating {
  /** Of right answers, how many were called right. */
  readonly truePositiveRate: number
  /** Of wrong answers, how many were. */
  readonly falsePositiveRate: number
  readonly checked: number
  readonly isTrusted: boolean
}

/** By the check's id; null, or missing, is unjudged. */
export type CheckScores = ReadonlyMap<string, JudgeScores | null>

/** Unjudged counts against the judge: a right answer is missed, a wrong one let through. */
export function rateJudge(checks: readonly JudgeCheck[], scores: CheckScores): JudgeRating {
  const right = checks.filter(({ isRight }) => isRight)
  const wrong = checks.filter(({ isRight }) => !isRight)
  const saysRight = ({ id }: JudgeCheck, otherwise: boolean) => {
    const accuracy = scores.get(id)?.accuracy
    return accuracy === undefined ? otherwise : accuracy >= RIGHT_FROM
  }
  const caught = right.filter((check) => saysRight(check, false)).length
  const passed = wrong.filter((check) => saysRight(check, true)).length
  // Without a check there is nothing in the judge's favour either.
  const truePositiveRate = right.length === 0 ? 0 : caught / right.length
  const falsePositiveRate = wrong.length === 0 ? 1 : passed / wrong.length
  const isTrusted =
    Math.min(right.length, wrong.length) >= MIN_CHECKS_OF_EACH &&
    truePositiveRate >= MIN_TRUE_POSITIVE_RATE &&
    falsePositiveRate <= MAX_FALSE_POSITIVE_RATE
  return { truePositiveRate, falsePositiveRate, checked: checks.length, isTrusted }
}

/** Of each arm, the answers that were given: a refusal is right or wrong without a judge. */
export function isForJudge<Row extends Pick<EvaluatedCase, 'answer'>>(
  row: Row,
): row is Row & { readonly answer: CaseAnswer } {
  return row.answer !== null && row.answer.status !== 'refused'
}

interface JudgeReportParts {
  readonly checks: readonly JudgeCheck[]
  /** Of the checks. */
  readonly scores: CheckScores
  readonly rows: readonly Pick<EvaluatedCase, 'arm' | 'judge'>[]
}

/** An arm of which nothing was judged has no means, and is left out. */
export function toJudgeReport(
  model: string,
  { checks, scores, rows }: JudgeReportParts,
): JudgeReport {
  const arms = new Set(rows.map(({ arm }) => arm))
  const means = [...arms].flatMap((arm) => {
    const judged = rows.flatMap((row) => (row.arm === arm && row.judge !== null ? [row.judge] : []))
    return judged.length === 0 ? [] : [[arm, meansOf(judged)] as const]
  })
  return { model, ...rateJudge(checks, scores), scores: Object.fromEntries(means) }
}

function meansOf(judged: readonly JudgeScores[]) {
  const meanOf = (name: 'accuracy' | 'faithfulness' | 'toxicity') =>
    judged.reduce((sum, each) => sum + each[name], 0) / judged.length
  return {
    accuracy: meanOf('accuracy'),
    faithfulness: meanOf('faithfulness'),
    toxicity: meanOf('toxicity'),
  }
}

/** Whether the judge's scores may be believed, and why not, for the report. */
export function describeJudge(report: JudgeReport): string {
  const { model, checked, isTrusted, truePositiveRate, falsePositiveRate } = report
  const bar = `at least ${percent(MIN_TRUE_POSITIVE_RATE)} and at most ${percent(MAX_FALSE_POSITIVE_RATE)}`
  if (checked < 2 * MIN_CHECKS_OF_EACH) {
    return `The judge ${model} was tried on ${checked} answers, and below ${2 * MIN_CHECKS_OF_EACH} a coin may pass: its scores are printed and gate nothing.`
  }
  const found = `The judge ${model}, tried on ${checked} answers, called ${percent(truePositiveRate)} of the right ones right and ${percent(falsePositiveRate)} of the wrong ones`
  return isTrusted
    ? `${found}, which passes the bar (${bar}).`
    : `${found}; the bar is ${bar}, so its scores are printed and gate nothing.`
}

/** Answers that could not be judged, for the report; null where there is none. */
export function describeUnjudged(
  rows: readonly Pick<EvaluatedCase, 'answer' | 'judge'>[],
): string | null {
  const given = rows.filter(isForJudge)
  const unjudged = given.filter(({ judge }) => judge === null).length
  if (unjudged === 0) return null
  return `The judge replied with nonsense to ${unjudged} of ${given.length} answers: its means are over the others.`
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

import { METRICS, ratioOfCase } from './metrics.ts'
import type { EvaluatedCase } from './report.ts'

/** What a baseline keeps of each case: all that is compared, in the order in which it is written. */
export const COMPARED_METRICS = [
  'hit@1',
  'recall@5',
  'mrr@10',
  'ndcg@10',
  'evidence@context',
  'candidate-recall',
  'correct',
  'fact-recall',
  'refusal-recall',
  'false-refusals',
  'valid-citations',
  'citation-recall',
  'citation-precision',
  'cited-gold',
  'groundedness',
] as const

export type ComparedMetric = (typeof COMPARED_METRICS)[number]

/** By metric: numerator and denominator; only those that the case has a say in. */
export type CaseValues = Readonly<Record<string, readonly [number, number]>>

// Both sides of a comparison are rounded alike, so that a baseline file stays short and nothing differs
// by what it does not keep.
const DIGITS = 10_000

/** Of one case of one arm, averaged over its repetitions. */
export function valuesOf(rows: readonly EvaluatedCase[]): Record<string, [number, number]> {
  const values: Record<string, [number, number]> = {}
  for (const name of COMPARED_METRICS) {
    const metric = METRICS[name]
    const ratio = metric === undefined ? null : ratioOfCase(metric, rows)
    if (ratio !== null) values[name] = [round(ratio.numerator), round(ratio.denominator)]
  }
  return values
}

/**
 * Whether most repetitions were right: an answerable case with every fact and nothing forbidden, an
 * unanswerable one refused. Null where the values do not tell.
 */
export function isRight(values: CaseValues): boolean | null {
  const outcome = values['correct'] ?? values['refusal-recall']
  return outcome === undefined ? null : 2 * outcome[0] > outcome[1]
}

function round(value: number): number {
  return Math.round(value * DIGITS) / DIGITS
}

import type { CandidateRank } from '../eval/case-answer.ts'
import {
  bootstrapDifference,
  bootstrapMean,
  wilson,
  type Interval,
  type Ratio,
} from '../eval/intervals.ts'
import { mcnemarExact, signFlip } from '../eval/paired-tests.ts'
import { scoreRetrieval, type SearchArm } from '../eval/retrieval-metrics.ts'

/** One figure of each question, in the questions' order. */
export type Values = readonly number[]

/** By its name; a name that begins with `hit` or `evidence` is of outcomes that are yes or no. */
export type Figures = Readonly<Record<string, Values>>

const SEED = 20_261_124

interface Scored {
  readonly candidates: readonly CandidateRank[]
  readonly gold: readonly string[]
}

/** By evaluation.md, over the articles of an arm's candidates. */
export function scoreArm(scored: readonly Scored[], arm: SearchArm): Figures {
  const scores = scored.map(({ candidates, gold }) => ({
    ...scoreRetrieval(candidates, gold)[arm],
    candidateRecall: gold.filter((guid) => candidates.some((each) => each.guid === guid)).length,
    gold: gold.length,
  }))
  return {
    'hit@1': scores.map(({ hitAt }) => hitAt[1]),
    'hit@3': scores.map(({ hitAt }) => hitAt[3]),
    'recall@1': scores.map(({ recallAt }) => recallAt[1]),
    'recall@3': scores.map(({ recallAt }) => recallAt[3]),
    'recall@5': scores.map(({ recallAt }) => recallAt[5]),
    'recall@10': scores.map(({ recallAt }) => recallAt[10]),
    'MRR@10': scores.map(({ mrrAt10 }) => mrrAt10),
    'nDCG@10': scores.map(({ ndcgAt10 }) => ndcgAt10),
    'candidate recall': scores.map(({ candidateRecall, gold }) => candidateRecall / gold),
  }
}

export interface Figure {
  readonly mean: number
  readonly interval: Interval | null
}

export function summarise(name: string, values: Values): Figure {
  const total = values.reduce((sum, value) => sum + value, 0)
  const interval = isOutcome(name)
    ? wilson(total, values.length)
    : bootstrapMean(values.map(toRatio), { seed: SEED })
  return { mean: total / values.length, interval }
}

export interface Difference extends Figure {
  readonly p: number
}

/** Of one arm less another over the same questions. */
export function compare(name: string, values: Values, others: Values): Difference {
  const differences = values.map((value, at) => value - (others[at] ?? NaN))
  const total = differences.reduce((sum, value) => sum + value, 0)
  const p = isOutcome(name)
    ? mcnemarExact(
        differences.filter((each) => each < 0).length,
        differences.filter((each) => each > 0).length,
      )
    : signFlip(differences, { seed: SEED })
  return {
    mean: total / values.length,
    interval: bootstrapDifference(others.map(toRatio), values.map(toRatio), { seed: SEED }),
    p,
  }
}

function isOutcome(name: string): boolean {
  return /^(hit|evidence)/.test(name)
}

function toRatio(value: number): Ratio {
  return { numerator: value, denominator: 1 }
}

/** In per cent, as `74.3 (63.0–83.1)`. */
export function describe({ mean, interval }: Figure): string {
  const range = interval === null ? '' : ` (${percent(interval.low)}–${percent(interval.high)})`
  return percent(mean) + range
}

/** As `+2.3 (-0.4–5.0), p .08`. */
export function describeDifference({ p, ...figure }: Difference): string {
  const shownP = p < 0.001 ? 'p <.001' : `p ${p.toFixed(3).replace(/^0/, '')}`
  return `${figure.mean > 0 ? '+' : ''}${describe(figure)}, ${shownP}`
}

function percent(share: number): string {
  // No −0.0.
  return (Math.round(share * 1000) / 10 + 0).toFixed(1)
}

/** A table as documents here have it; the first row is its head. */
export function toTable(rows: readonly (readonly string[])[]): string {
  const [head = []] = rows
  const widths = head.map((_, at) => Math.max(...rows.map((row) => (row[at] ?? '').length)))
  const toLine = (row: readonly string[]) =>
    `| ${widths.map((width, at) => (row[at] ?? '').padEnd(width)).join(' | ')} |`
  const rule = widths.map((width) => '-'.repeat(width))
  return [head, rule, ...rows.slice(1)].map(toLine).join('\n')
}

/** Figures down, arms across. */
export function tabulate(title: string, arms: ReadonlyMap<string, Figures>): string {
  const [first] = arms.values()
  const rows = Object.keys(first ?? {}).map((name) => [
    name,
    ...[...arms.values()].map((figures) => describe(summarise(name, figures[name] ?? []))),
  ])
  return toTable([[title, ...arms.keys()], ...rows])
}

interface PairOptions {
  /** The arm that the others are taken from. */
  readonly of: string
  readonly names: readonly string[]
}

/** Of one arm less each other. */
export function tabulatePairs(
  arms: ReadonlyMap<string, Figures>,
  { of, names }: PairOptions,
): string {
  const own = arms.get(of) ?? {}
  const rows = [...arms]
    .filter(([name]) => name !== of)
    .map(([other, figures]) => [
      `${of} less ${other}`,
      ...names.map((name) =>
        describeDifference(compare(name, own[name] ?? [], figures[name] ?? [])),
      ),
    ])
  return toTable([['paired', ...names], ...rows])
}

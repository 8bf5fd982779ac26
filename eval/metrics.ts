import { isAnswerable, isNearMiss, type GoldenCase } from './golden-case.ts'
import { bootstrapMean, wilson, type Interval, type Ratio } from './intervals.ts'
import type { EvaluatedCase, MetricValue } from './report.ts'
import type { AnswerScores, CaseScores, ContextScores, RetrievalScores } from './scores.ts'

export interface ScoredCase {
  readonly golden: GoldenCase
  readonly scores: CaseScores
}

export interface Metric {
  readonly group: 'retrieval' | 'answer'
  readonly kind: 'proportion' | 'mean'
  /** Whether the case can have a say here, whatever was answered. */
  readonly counts: (golden: GoldenCase) => boolean
  /** What a case adds that ended in an error: 0 of 1, or null where that would be praise. */
  readonly ofError: (golden: GoldenCase) => Ratio | null
  /** Null where the case is not in the metric's group. */
  readonly of: (scored: ScoredCase) => Ratio | null
}

const isAny = () => true
const isUnanswerable = (golden: GoldenCase) => !isAnswerable(golden)
const isOffCorpus = (golden: GoldenCase) => isUnanswerable(golden) && !isNearMiss(golden)
const isMulti = ({ articles }: GoldenCase) => articles.length > 1

const NOTHING: Ratio = { numerator: 0, denominator: 1 }
const nothingOf = (counts: Metric['counts']) => (golden: GoldenCase) =>
  counts(golden) ? NOTHING : null

const CUTOFFS = [1, 3, 5, 10] as const

/** By evaluation.md, in the order in which they are printed; `balanced` is made of two of them. */
export const METRICS: Readonly<Record<string, Metric>> = {
  ...byCutoff('hit', (k) => ofArm('fused', 'proportion', ({ hitAt }) => hitAt[k])),
  'hit@context': ofContext('proportion', ({ hitAtContext }) => hitAtContext),
  ...byCutoff('recall', (k) => ofArm('fused', 'mean', ({ recallAt }) => recallAt[k])),
  'recall@context': ofContext('mean', ({ recallAtContext }) => recallAtContext),
  ...byCutoff('all', (k) => onlyMulti(ofArm('fused', 'proportion', ({ allAt }) => allAt[k]))),
  'all@context': onlyMulti(ofContext('proportion', ({ allAtContext }) => allAtContext)),
  'mrr@10': ofArm('fused', 'mean', ({ mrrAt10 }) => mrrAt10),
  'ndcg@10': ofArm('fused', 'mean', ({ ndcgAt10 }) => ndcgAt10),
  'evidence@context': ofContext('proportion', ({ evidenceAtContext }) => evidenceAtContext),
  'candidate-recall': ofContext('mean', ({ candidateRecall }) => candidateRecall),
  ...ofSingleArm('keyword'),
  ...ofSingleArm('vector'),
  correct: share(isAnswerable, ({ correct }) => correct),
  'fact-recall': ofAnswers(({ factRecall }) => one(factRecall)),
  'refusal-recall': share(isUnanswerable, ({ refused }) => refused),
  'refusal-recall.near-miss': share(isNearMiss, ({ refused }) => refused),
  'refusal-recall.off-corpus': share(isOffCorpus, ({ refused }) => refused),
  'false-refusals': { ...share(isAnswerable, ({ refused }) => refused), ofError: () => null },
  'refusal-precision': {
    group: 'answer',
    kind: 'proportion',
    counts: isAny,
    ofError: () => null,
    of: ({ scores }) => (scores.refused ? one(!scores.answerable) : null),
  },
  hallucinated: { ...share(isUnanswerable, ({ refused }) => !refused), ofError: () => null },
  'valid-citations': ofCited(({ validMarks, citationMarks }) => [validMarks, citationMarks]),
  'citation-coverage': ofCited(({ citedSentences, sentences }) => [citedSentences, sentences]),
  'citation-recall': ofCited(({ supportedSentences, sentences }) => [
    supportedSentences,
    sentences,
  ]),
  'citation-precision': ofCited(({ evidenceMarks, citationMarks }) => [
    evidenceMarks,
    citationMarks,
  ]),
  'cited-gold': { ...ofAnswers(({ citesGold }) => one(citesGold)), kind: 'proportion' },
  groundedness: ifRead(ofAnswers(({ groundedness }) => one(groundedness))),
  ungrounded: ifRead(fault(({ isUngrounded }) => isUngrounded)),
  'unsupported-numbers': ifRead(fault(({ hasUnsupportedNumber }) => hasUnsupportedNumber)),
  'token-f1': ofAnswers(({ tokenF1 }) => one(tokenF1)),
  'content-recall': ofAnswers(({ contentRecall }) => one(contentRecall)),
}

type Kind = Metric['kind']
type Cutoff = (typeof CUTOFFS)[number]

function one(value: number | boolean): Ratio {
  return { numerator: Number(value), denominator: 1 }
}

function byCutoff(name: string, make: (k: Cutoff) => Metric): Record<string, Metric> {
  return Object.fromEntries(CUTOFFS.map((k) => [`${name}@${k}`, make(k)]))
}

function ofArm(
  arm: 'keyword' | 'vector' | 'fused',
  kind: Kind,
  pick: (scores: RetrievalScores) => number,
): Metric {
  return retrieval(kind, ({ retrieval }) => (retrieval === null ? null : pick(retrieval[arm])))
}

function ofContext(kind: Kind, pick: (scores: ContextScores) => number | null): Metric {
  return retrieval(kind, ({ context }) => (context === null ? null : pick(context)))
}

function retrieval(kind: Kind, pick: (scores: CaseScores) => number | null): Metric {
  const of = ({ golden, scores }: ScoredCase) => {
    const value = isAnswerable(golden) ? pick(scores) : null
    return value === null ? null : one(value)
  }
  return { group: 'retrieval', kind, counts: isAnswerable, ofError: nothingOf(isAnswerable), of }
}

function onlyMulti(metric: Metric): Metric {
  const of = (scored: ScoredCase) => (isMulti(scored.golden) ? metric.of(scored) : null)
  return { ...metric, counts: isMulti, ofError: nothingOf(isMulti), of }
}

/** Of the search's single arms what tells them apart; the rest is read from the fused one. */
function ofSingleArm(arm: 'keyword' | 'vector'): Record<string, Metric> {
  return {
    [`${arm}.hit@1`]: ofArm(arm, 'proportion', ({ hitAt }) => hitAt[1]),
    [`${arm}.recall@5`]: ofArm(arm, 'mean', ({ recallAt }) => recallAt[5]),
    [`${arm}.mrr@10`]: ofArm(arm, 'mean', ({ mrrAt10 }) => mrrAt10),
    [`${arm}.ndcg@10`]: ofArm(arm, 'mean', ({ ndcgAt10 }) => ndcgAt10),
  }
}

function share(counts: Metric['counts'], isTrue: (scores: CaseScores) => boolean): Metric {
  const of = ({ golden, scores }: ScoredCase) => (counts(golden) ? one(isTrue(scores)) : null)
  return { group: 'answer', kind: 'proportion', counts, ofError: nothingOf(counts), of }
}

/** Over answers to answerable questions. */
function ofAnswers(pick: (scores: AnswerScores) => Ratio): Metric {
  const of = ({ golden, scores }: ScoredCase) =>
    scores.answer === null || !isAnswerable(golden) ? null : pick(scores.answer)
  return {
    group: 'answer',
    kind: 'mean',
    counts: isAnswerable,
    ofError: nothingOf(isAnswerable),
    of,
  }
}

/** A share of the answers that is better the smaller it is, and an error is no answer. */
function fault(isFaulty: (scores: AnswerScores) => boolean): Metric {
  return {
    ...ofAnswers((scores) => one(isFaulty(scores))),
    kind: 'proportion',
    ofError: () => null,
  }
}

/** What a target does not tell to have read says nothing of how its answers rest on it. */
function ifRead(metric: Metric): Metric {
  return { ...metric, of: (scored) => (scored.scores.context === null ? null : metric.of(scored)) }
}

/** Over all answers, marks or sentences summed: an answer with more of them has more say. */
function ofCited(pick: (scores: AnswerScores) => readonly [number, number]): Metric {
  const of = ({ scores }: ScoredCase) => {
    if (scores.answer === null) return null
    const [numerator, denominator] = pick(scores.answer)
    return { numerator, denominator }
  }
  return { group: 'answer', kind: 'mean', counts: isAny, ofError: nothingOf(isAnswerable), of }
}

/** The metrics of one arm's rows; what a baseline adds is null. */
export function aggregate(rows: readonly EvaluatedCase[]): Record<string, MetricValue> {
  const cases = [...groupByCase(rows).values()]
  const values = Object.fromEntries(
    Object.entries(METRICS).map(([name, metric]) => [name, summarise(metric, cases)]),
  )
  return { ...values, balanced: balance([values['correct'], values['refusal-recall']]) }
}

/** One arm's rows by case, its repetitions together. */
export function groupByCase(
  rows: readonly EvaluatedCase[],
): ReadonlyMap<string, readonly EvaluatedCase[]> {
  const groups = new Map<string, EvaluatedCase[]>()
  for (const row of rows) {
    const group = groups.get(row.golden.id)
    if (group === undefined) groups.set(row.golden.id, [row])
    else group.push(row)
  }
  return groups
}

/** What a case adds to a metric, averaged over its repetitions; null where it has no say. */
export function ratioOfCase(metric: Metric, rows: readonly EvaluatedCase[]): Ratio | null {
  const ratios = rows.map((row) => ratioOf(metric, row)).filter((ratio) => ratio !== null)
  if (ratios.length === 0) return null
  return {
    numerator: sum(ratios.map(({ numerator }) => numerator)) / ratios.length,
    denominator: sum(ratios.map(({ denominator }) => denominator)) / ratios.length,
  }
}

/** By the scores alone: answers are deleted after a while, and what they were worth is not. */
function ratioOf(metric: Metric, { golden, scores }: EvaluatedCase): Ratio | null {
  return scores === null ? metric.ofError(golden) : metric.of({ golden, scores })
}

/** Σ numerator / Σ denominator; null where nothing has a say. */
export function meanOf(ratios: readonly Ratio[]): number | null {
  const total = sum(ratios.map(({ denominator }) => denominator))
  return total === 0 ? null : sum(ratios.map(({ numerator }) => numerator)) / total
}

// So that the same rows have the same intervals.
const SEED = 20_240_601

/** Cases drawn for one interval: all rounds over 10,000 cases held the service up for 7 s, these for 2. */
const MAX_DRAWN = 4_000_000
const MAX_ROUNDS = 2_000

function summarise(metric: Metric, cases: readonly (readonly EvaluatedCase[])[]): MetricValue {
  const counted = cases
    .map((rows) => ({ rows, ratio: ratioOfCase(metric, rows) }))
    .flatMap(({ rows, ratio }) => (ratio === null ? [] : [{ rows, ratio }]))
  const ratios = counted.map(({ ratio }) => ratio)
  const interval = intervalOf(metric.kind, ratios)
  return {
    value: meanOf(ratios),
    low: interval?.low ?? null,
    high: interval?.high ?? null,
    scored: counted.filter(({ rows }) => rows.every(({ scores }) => scores !== null)).length,
    total: counted.length,
    baseline: null,
    p: null,
  }
}

/** Repetitions that disagree make a share that is no count, so those are drawn as means are. */
function intervalOf(kind: Kind, ratios: readonly Ratio[]): Interval | null {
  const isCount = ratios.every(({ numerator }) => numerator === 0 || numerator === 1)
  if (kind === 'mean' || !isCount) {
    const rounds = Math.min(MAX_ROUNDS, Math.ceil(MAX_DRAWN / ratios.length))
    return bootstrapMean(ratios, { rounds, seed: SEED })
  }
  return wilson(sum(ratios.map(({ numerator }) => numerator)), ratios.length)
}

/** The two halves weigh the same; their intervals' arms add up as squares (Newcombe 1998, method 10). */
function balance(halves: readonly (MetricValue | undefined)[]): MetricValue {
  const known = halves.filter((half) => half !== undefined)
  const counts = {
    scored: sum(known.map(({ scored }) => scored)),
    total: sum(known.map(({ total }) => total)),
    baseline: null,
    p: null,
  }
  const [a, b] = known.map(toBounds)
  if (!a || !b) return { value: null, low: null, high: null, ...counts }
  const value = (a.value + b.value) / 2
  const below = Math.hypot(a.value - a.low, b.value - b.low) / 2
  const above = Math.hypot(a.high - a.value, b.high - b.value) / 2
  return { value, low: value - below, high: value + above, ...counts }
}

function toBounds(metric: MetricValue): (Interval & { readonly value: number }) | null {
  const { value, low, high } = metric
  return value === null || low === null || high === null ? null : { value, low, high }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

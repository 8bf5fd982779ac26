import type { CaseAnswer } from './case-answer.ts'
import type { GoldenCase, Split } from './golden-case.ts'
import { groupByCase } from './metrics.ts'
import type { BlameStage, EvaluatedCase, Flip, Report, Verdict } from './report.ts'
import { FAILURE_CLASSES, type FailureClass } from './scores.ts'

// What a report is made from, and what every kind of report says about it: in which words, and in
// which order. Times are RFC 3339.

export type RunState = 'waiting' | 'running' | 'done' | 'stopped' | 'failed'

/**
 * Rows up to which every one is shown whole. One takes some 8 kB, so that this makes a page of about
 * 16 MB, which a browser opens in a second or two; nine arms of 200 cases fit.
 */
export const MAX_WHOLE_ROWS = 2_000

export interface ReportedRun {
  readonly id: string
  readonly set: string
  readonly arms: readonly string[]
  /** Null: both halves. */
  readonly split: Split | null
  readonly state: RunState
  readonly origin: 'asked' | 'nightly'
  readonly startedAt: string | null
  readonly endedAt: string | null
  /** The address that was asked; null: the service itself. */
  readonly target: string | null
  readonly fingerprints: Readonly<Record<string, string | null>>
  readonly corpusRevision: number
  readonly error: string | null
}

/** One arm of an earlier run, or of this one. */
export interface HistoryEntry {
  readonly runId: string
  readonly at: string
  readonly arm: string
  readonly metrics: Readonly<Record<string, number | null>>
  readonly verdict: Verdict | null
}

export interface ReportedBaseline {
  readonly why: string
  readonly at: string
  readonly commit: string | null
}

export interface AnswerBefore {
  readonly caseId: string
  readonly arm: string
  readonly answer: CaseAnswer
}

export interface ReportInput {
  readonly run: ReportedRun
  /** Null while the run has not come to one. */
  readonly report: Report | null
  readonly rows: readonly EvaluatedCase[]
  readonly history: readonly HistoryEntry[]
  /** What the run was compared with. */
  readonly regressionOf?: ReportedBaseline | null
  /** Of flipped cases, where the baseline's run is still kept. */
  readonly answersBefore?: readonly AnswerBefore[]
}

export const HEADLINE_METRICS = [
  'balanced',
  'correct',
  'refusal-recall',
  'refusal-recall.near-miss',
  'false-refusals',
  'fact-recall',
  'hit@1',
  'recall@5',
  'mrr@10',
  'ndcg@10',
  'evidence@context',
  'citation-precision',
  'groundedness',
] as const

export type Outcome = 'good' | 'bad' | 'open'

export interface VerdictWords {
  readonly title: string
  readonly meaning: string
  readonly outcome: Outcome
}

const VERDICTS: Readonly<Record<Verdict, VerdictWords>> = {
  passed: {
    title: 'Passed',
    meaning: 'No floor is missed, and nothing is worse than the baseline beyond what is allowed.',
    outcome: 'good',
  },
  regressed: {
    title: 'Regressed',
    meaning: 'Something is worse than the baseline; the reasons say what and by how much.',
    outcome: 'bad',
  },
  'floor-missed': {
    title: 'Floor missed',
    meaning: 'A figure is below the least that the set asks for.',
    outcome: 'bad',
  },
  'not-comparable': {
    title: 'Not comparable',
    meaning: 'The figures stand by themselves: they cannot be held against the baseline.',
    outcome: 'open',
  },
}

const UNFINISHED: Readonly<Record<RunState, string>> = {
  waiting: 'The run has not begun.',
  running: 'The run is still going on; what follows is what there is so far.',
  stopped: 'The run was stopped before its end; its rows are kept, and it can be resumed.',
  failed: 'The run ended in an error, so there are no figures to judge.',
  done: 'The run is done and came to no verdict.',
}

export function describeVerdict({
  report,
  run,
}: Pick<ReportInput, 'report' | 'run'>): VerdictWords {
  if (report !== null) return VERDICTS[report.verdict]
  const outcome = run.state === 'failed' ? 'bad' : 'open'
  const title = run.state === 'failed' ? 'Failed' : 'No verdict'
  return { title, meaning: UNFINISHED[run.state], outcome }
}

export const FAILURE_WORDS: Readonly<Record<FailureClass, string>> = {
  error: 'ended in an error',
  'gold-not-in-candidates': 'right article not found',
  'gold-not-in-context': 'right article not given',
  'quote-not-in-context': 'right article, evidence not given',
  'refused-wrongly': 'refused though answerable',
  'wrong-fact': 'wrong or missing fact',
  uncited: 'right, but wrongly cited',
  hallucinated: 'answered what no article says',
}

export const STAGE_WORDS: Readonly<Record<BlameStage, string>> = {
  corpus: 'the articles changed',
  retrieval: 'other passages were found',
  generation: 'the model said something else',
  grounding: 'other sentences were kept',
  refusal: 'the decision to refuse changed',
  noise: 'the same again may go either way',
  unclear: 'the kept traces do not tell',
}

/** Null is a right outcome. */
export function failureOf({ scores }: EvaluatedCase): FailureClass | null {
  return scores === null ? 'error' : scores.failure
}

export function describeOutcome(row: EvaluatedCase): string {
  const failure = failureOf(row)
  if (failure !== null) return FAILURE_WORDS[failure]
  return row.scores?.refused === true ? 'rightly refused' : 'right'
}

/** The system, then what the run was asked for beside it, then any others with rows or figures. */
export function armsOf({ run, report, rows }: ReportInput): readonly string[] {
  const measured = Object.keys(report?.metrics ?? {})
  const arms = new Set([...run.arms, ...measured, ...rows.map(({ arm }) => arm)])
  return [...arms].sort((one, other) => Number(other === 'system') - Number(one === 'system'))
}

export interface CaseView {
  readonly golden: GoldenCase
  readonly rows: readonly EvaluatedCase[]
  readonly flips: readonly Flip[]
  /** Why the case is held out of the gate. */
  readonly heldOut: string | null
}

/** Broken cases first, then fixed ones, the first arm's failures by class, those held out, and the rest. */
export function orderCases(input: ReportInput): readonly CaseView[] {
  const [systemArm] = armsOf(input)
  const views = toCaseViews(input).map((view) => ({ view, rank: rankOf(view, systemArm) }))
  return views.sort((one, other) => one.rank - other.rank).map(({ view }) => view)
}

function toCaseViews({ rows, report }: ReportInput): readonly CaseView[] {
  const flips = groupBy(report?.flips ?? [], ({ caseId }) => caseId)
  const heldOut = new Map(report?.heldOut.map(({ caseId, why }) => [caseId, why]))
  return [...groupByCase(rows)].flatMap(([id, ofCase]) => {
    const golden = ofCase[0]?.golden
    if (golden === undefined) return []
    return [{ golden, rows: ofCase, flips: flips.get(id) ?? [], heldOut: heldOut.get(id) ?? null }]
  })
}

export function groupBy<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}

const FIRST_FAILURE = 2

function rankOf({ rows, flips, heldOut }: CaseView, systemArm: string | undefined): number {
  if (flips.some(({ direction }) => direction === 'broken')) return 0
  if (flips.length > 0) return 1
  const classes = rows
    .filter(({ arm }) => arm === systemArm)
    .map(failureOf)
    .filter((failure) => failure !== null)
    .map((failure) => FAILURE_CLASSES.indexOf(failure))
  if (classes.length > 0) return FIRST_FAILURE + Math.min(...classes)
  const behindFailures = FIRST_FAILURE + FAILURE_CLASSES.length
  return heldOut === null ? behindFailures + 1 : behindFailures
}

/** The history with this run in it, oldest first. */
export function historyWithRun({ run, report, history }: ReportInput): readonly HistoryEntry[] {
  const isThere = history.some(({ runId }) => runId === run.id)
  const at = run.endedAt ?? run.startedAt
  const now = isThere ? [] : toHistory({ runId: run.id, at, report })
  return [...history, ...now].sort((one, other) => Date.parse(one.at) - Date.parse(other.at))
}

interface FinishedNight {
  readonly runId: string
  readonly at: string | null
  readonly report: Report | null
}

/** An entry for each arm; none of a run that came to no report. */
export function toHistory({ runId, at, report }: FinishedNight): readonly HistoryEntry[] {
  if (report === null || at === null) return []
  return Object.entries(report.metrics).map(([arm, metrics]) => ({
    runId,
    at,
    arm,
    metrics: Object.fromEntries(Object.entries(metrics).map(([name, { value }]) => [name, value])),
    verdict: report.verdict,
  }))
}

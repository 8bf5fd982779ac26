import type { CaseAnswer } from './case-answer.ts'
import type { EvaluatedCase, Report } from './report.ts'
import {
  failureOf,
  type HistoryEntry,
  type ReportedBaseline,
  type ReportedRun,
  type ReportInput,
} from './report-view.ts'
import type { CaseScores, FailureClass } from './scores.ts'

// What programs read of a run. Fields are added, and none is renamed or taken away.

export interface ReportRow {
  readonly arm: string
  readonly caseId: string
  readonly repetition: number
  /** Under which the answer is kept, with its trace. */
  readonly answerId: string | null
  readonly status: string | null
  readonly reason: string | null
  readonly answer: string | null
  /** Null is a right outcome. */
  readonly failure: FailureClass | null
  readonly scores: CaseScores | null
  readonly judge: EvaluatedCase['judge']
  readonly totalMs: number | null
  readonly error: string | null
}

export interface ReportJson {
  readonly run: ReportedRun
  readonly baseline: ReportedBaseline | null
  /** Null while the run has not come to one. */
  readonly report: Report | null
  readonly rows: readonly ReportRow[]
  /** Oldest first. */
  readonly history: readonly HistoryEntry[]
}

export function toReportJson(input: ReportInput): ReportJson {
  const { run, report, rows, history, regressionOf = null } = input
  return { run, baseline: regressionOf, report, rows: rows.map(toReportRow), history }
}

function toReportRow(row: EvaluatedCase): ReportRow {
  const { arm, golden, repetition, answer, scores, judge, error } = row
  const outcome = { failure: failureOf(row), scores, judge, error }
  return { arm, caseId: golden.id, repetition, ...(answer ? given(answer) : NOT_GIVEN), ...outcome }
}

type Given = Pick<ReportRow, 'answerId' | 'status' | 'reason' | 'answer' | 'totalMs'>

const NOT_GIVEN: Given = { answerId: null, status: null, reason: null, answer: null, totalMs: null }

function given({ answerId, status, reason, answer, timings }: CaseAnswer): Given {
  return { answerId, status, reason, answer, totalMs: timings.totalMs }
}

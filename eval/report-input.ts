import type { Queryable } from '../src/db/database.ts'
import { listEvaluations, type StoredEvaluation } from '../src/store/evaluations.ts'
import { listGuids } from '../src/store/library-texts.ts'
import type { Baseline } from './baseline.ts'
import type { EvaluationRequest } from './evaluation-request.ts'
import { loadRunBaseline, type FinishedRun } from './finish-run.ts'
import { loadKeptAnswers, loadRows } from './load-rows.ts'
import type { Flip, Report } from './report.ts'
import type { AnswerBefore, HistoryEntry, ReportInput } from './report-view.ts'
import { parsePlan } from './run-plan.ts'

/** Nights that a plot of the history shows. */
const NIGHTS = 60
/** Flips whose answer before is shown beside the one now. */
const SHOWN_FLIPS = 50

/** Everything that a report of a run shows, of what is kept. */
export async function loadReportInput(db: Queryable, run: StoredEvaluation): Promise<ReportInput> {
  const plan = parsePlan(run.plan)
  const request = run.request as EvaluationRequest
  const report = run.report as Report | null
  const finished: FinishedRun = { ...run, plan, request }
  const baseline = await loadRunBaseline(finished).catch(() => null)
  return {
    run: {
      id: run.id,
      set: run.setName,
      arms: plan.arms,
      split: request.split ?? null,
      state: run.state,
      origin: run.origin,
      startedAt: run.startedAt?.toISOString() ?? null,
      endedAt: run.endedAt?.toISOString() ?? null,
      target: request.target ?? null,
      fingerprints: run.fingerprints,
      corpusRevision: run.corpusRevision,
      error: run.error,
    },
    report,
    rows: await loadRows(db, { runId: run.id, plan }),
    history: await loadHistory(db, run),
    regressionOf: baseline?.blessed ?? null,
    answersBefore:
      baseline === null ? [] : await loadBefore(db, { baseline, flips: report?.flips ?? [] }),
  }
}

/** Whole runs of the set alone: a part of it has other figures. */
async function loadHistory(
  db: Queryable,
  { setName, id }: StoredEvaluation,
): Promise<readonly HistoryEntry[]> {
  const runs = await listEvaluations(db, { setName, limit: NIGHTS })
  return runs.flatMap((run) => {
    const report = run.report as Report | null
    const isWhole = run.origin === 'nightly' && run.id !== id
    if (report === null || run.endedAt === null || !isWhole) return []
    const at = run.endedAt.toISOString()
    return Object.entries(report.metrics).map(([arm, metrics]) => ({
      runId: run.id,
      at,
      arm,
      metrics: Object.fromEntries(
        Object.entries(metrics).map(([name, { value }]) => [name, value]),
      ),
      verdict: report.verdict,
    }))
  })
}

interface Before {
  readonly baseline: Baseline
  readonly flips: readonly Flip[]
}

async function loadBefore(
  db: Queryable,
  { baseline, flips }: Before,
): Promise<readonly AnswerBefore[]> {
  const guids = await listGuids(db)
  const before: AnswerBefore[] = []
  for (const { arm, caseId } of flips.slice(0, SHOWN_FLIPS)) {
    const runId = baseline.arms[arm]?.run ?? ''
    const [answer] = await loadKeptAnswers(db, { runId, arm, caseId }, guids)
    if (answer !== undefined) before.push({ arm, caseId, answer })
  }
  return before
}

import type { Queryable } from '../src/db/database.ts'
import { listEvaluations, type StoredEvaluation } from '../src/store/evaluations.ts'
import { listGuids } from '../src/store/library-texts.ts'
import type { Baseline } from './baseline.ts'
import type { EvaluationRequest } from './evaluation-request.ts'
import { loadRunBaseline } from './finish-run.ts'
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
  const baseline = await loadRunBaseline({ ...run, plan, request }).catch(() => null)
  const flips = report?.flips ?? []
  return {
    run: describeRun(run, { arms: plan.arms, request }),
    report,
    rows: await loadRows(db, { runId: run.id, plan }),
    history: await loadHistory(db, run),
    regressionOf: baseline?.blessed ?? null,
    answersBefore: baseline === null ? [] : await loadBefore(db, { baseline, flips }),
  }
}

function describeRun(
  run: StoredEvaluation,
  { arms, request }: { readonly arms: readonly string[]; readonly request: EvaluationRequest },
): ReportInput['run'] {
  const { id, setName: set, state, origin, fingerprints, corpusRevision, error } = run
  return {
    ...{ id, set, arms, state, origin, fingerprints, corpusRevision, error },
    split: request.split ?? null,
    startedAt: run.startedAt?.toISOString() ?? null,
    endedAt: run.endedAt?.toISOString() ?? null,
    target: request.target ?? null,
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

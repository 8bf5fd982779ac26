import type { Queryable } from '../src/db/database.ts'
import { AppError } from '../src/errors.ts'
import { listEvaluations, type StoredEvaluation } from '../src/store/evaluations.ts'
import { listGuids } from '../src/store/library-texts.ts'
import type { Baseline } from './baseline.ts'
import type { EvaluationRequest } from './evaluation-request.ts'
import { loadBaseline } from './set-folder.ts'
import { loadKeptAnswers, loadRows } from './load-rows.ts'
import type { Split } from './golden-case.ts'
import { aggregate, METRICS } from './metrics.ts'
import type { Flip, Report } from './report.ts'
import {
  groupBy,
  toHistory,
  type AnswerBefore,
  type HistoryEntry,
  type ReportInput,
} from './report-view.ts'
import { parsePlan, REVIEWED_SET } from './run-plan.ts'

/** Nights that a plot of the history shows. */
const NIGHTS = 60
/** Flips whose answer before is shown beside the one now. */
const SHOWN_FLIPS = 50

interface ReportOptions {
  /** The figures of one half alone: what is fitted sees the tuning half, what is published the other. */
  readonly split?: Split
}

/** Everything that a report of a run shows, of what is kept. */
export async function loadReportInput(
  db: Queryable,
  run: StoredEvaluation,
  { split }: ReportOptions = {},
): Promise<ReportInput> {
  const plan = parsePlan(run.plan)
  const request = run.request as EvaluationRequest
  const report = inOrder(run.report as Report | null)
  const baseline = await findBaseline(run, report)
  const flips = report?.flips ?? []
  const rows = await loadRows(db, { runId: run.id, plan })
  const input = {
    run: describeRun(run, { arms: plan.arms, request }),
    report,
    rows,
    history: await loadHistory(db, run),
    regressionOf: report?.baseline ?? null,
    answersBefore: baseline === null ? [] : await loadBefore(db, { baseline, flips }),
  }
  return split === undefined ? input : ofHalf(input, split)
}

/** Without what was said of the whole: a half has no verdict of its own. */
function ofHalf(input: ReportInput, split: Split): ReportInput {
  const heldOut = new Set(input.report?.heldOut.map(({ caseId }) => caseId))
  const rows = input.rows.filter(({ golden }) => golden.split === split)
  const counted = rows.filter(({ golden }) => !heldOut.has(golden.id))
  const metrics = Object.fromEntries(
    [...groupBy(counted, ({ arm }) => arm)].map(([arm, ofArm]) => [arm, aggregate(ofArm)]),
  )
  const isOfHalf = ({ caseId }: { readonly caseId: string }) =>
    rows.some(({ golden }) => golden.id === caseId)
  const { report } = input
  return {
    ...input,
    run: { ...input.run, split },
    report:
      report === null
        ? null
        : {
            ...report,
            metrics,
            flips: report.flips.filter(isOfHalf),
            heldOut: report.heldOut.filter(isOfHalf),
          },
    rows,
    history: [],
  }
}

/** For the answers before: only while the baseline is still the one that the run was compared with. */
async function findBaseline(
  run: StoredEvaluation,
  report: Report | null,
): Promise<Baseline | null> {
  const { baseline: file } = run.request as EvaluationRequest
  if (report?.baseline == null || run.setName === REVIEWED_SET) return null
  const baseline = await loadBaseline(file ?? run.setName).catch((error: unknown) => {
    if (error instanceof AppError) return null
    throw error
  })
  return baseline?.blessed.at === report.baseline.at ? baseline : null
}

const METRIC_ORDER = ['balanced', ...Object.keys(METRICS)]

/** The database keeps the names of a JSON object by their length. */
function inOrder(report: Report | null): Report | null {
  if (report === null) return null
  const sorted = Object.entries(report.metrics).map(([arm, metrics]) => [
    arm,
    Object.fromEntries(
      Object.entries(metrics).sort(([a], [b]) => METRIC_ORDER.indexOf(a) - METRIC_ORDER.indexOf(b)),
    ),
  ])
  return { ...report, metrics: Object.fromEntries(sorted) as Report['metrics'] }
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

/** The nights before it: they are of the whole set, and a part of it has other figures. */
async function loadHistory(
  db: Queryable,
  { setName, id }: StoredEvaluation,
): Promise<readonly HistoryEntry[]> {
  const runs = await listEvaluations(db, { setName, origin: 'nightly', after: id, limit: NIGHTS })
  return runs.flatMap((run) =>
    toHistory({
      runId: run.id,
      at: run.endedAt?.toISOString() ?? null,
      report: run.report as Report | null,
    }),
  )
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

import type { AnswerSteps } from '../src/answering/answer-steps.ts'
import type { Queryable } from '../src/db/database.ts'
import { AppError } from '../src/errors.ts'
import { listRowsOfArm, listEvaluations, loadEvaluation } from '../src/store/evaluations.ts'
import { toComparable } from './bless-run.ts'
import { listGuids } from '../src/store/library-texts.ts'
import { askAgain } from './ask-again.ts'
import { needsChat } from './arms.ts'
import type { Baseline } from './baseline.ts'
import { compareWithBaseline, type Comparison } from './compare.ts'
import { isUnselected, isWholeRun, type EvaluationRequest } from './evaluation-request.ts'
import { CHAT_FINGERPRINTS, isSameModel, type Fingerprints } from './fingerprints.ts'
import { DEFAULT_FLOORS, judgeRun, tooManyErrors, type Floors } from './gate.ts'
import { holdOut } from './hold-out.ts'
import { toJudgeChecks } from './judge-check.ts'
import { describeJudge, describeUnjudged, isForJudge, toJudgeReport } from './judge-report.ts'
import { loadRows } from './load-rows.ts'
import { judgeResult } from './row-result.ts'
import type { EvaluatedCase, HeldOut, JudgeReport, Report } from './report.ts'
import { casesOf, JUDGE_ARM, JUDGE_SEED, REVIEWED_SET, type RunPlan } from './run-plan.ts'
import { loadBaseline } from './set-folder.ts'

export interface FinishedRun {
  readonly id: string
  readonly setName: string
  readonly request: EvaluationRequest
  readonly plan: RunPlan
  readonly fingerprints: Fingerprints
}

interface FinishOptions {
  readonly db: Queryable
  /** With these a flipped case is answered again from its old passages. */
  readonly steps: AnswerSteps
  readonly judgeModel: string | null
  readonly signal: AbortSignal
}

/** So many flips are asked about again; more of them have one cause, which these show. */
const MAX_ASKED_AGAIN = 10
/** They share the time of one job with the report. */
const ASKING_AGAIN_MS = 60_000

/** What a run says, when every case has its row. */
export async function finishRun(run: FinishedRun, options: FinishOptions): Promise<Report> {
  const rows = await loadRows(options.db, { runId: run.id, plan: run.plan })
  if (tooManyErrors(rows)) throw tooMany(rows)
  const baseline = await loadRunBaseline(run, options.db)
  const heldOut = findHeldOut(run, { rows, baseline })
  const comparison = await compare(run, { rows, baseline, heldOut, options })
  const judged = await reportJudge(run, { rows, ...options })
  const floors = hasFloors(run) ? mergeFloors(run.plan.floors ?? {}) : {}
  return {
    ...judgeRun({
      comparison,
      floors,
      isBaselineLost: run.plan.hasBaseline && baseline === null,
      regressed: run.setName === REVIEWED_SET ? findBrokenReviews(comparison) : [],
    }),
    baseline: baseline?.blessed ?? null,
    metrics: comparison.metrics,
    flips: comparison.flips,
    heldOut,
    notes: [...describeRun(run, baseline), ...comparison.notes, ...judged.notes],
    judge: judged.judge,
  }
}

/** Of the few cases that people made, each that breaks is worth a look. */
function findBrokenReviews({ flips }: Comparison): readonly string[] {
  return flips
    .filter(
      ({ of, direction, stage }) => of === 'answer' && direction === 'broken' && stage !== 'noise',
    )
    .map(
      ({ arm, caseId }) =>
        `${arm}: ${caseId}, which a review made, was right the last time and is wrong now.`,
    )
}

/** They are for this service over a whole set, or half of it; a selection has other figures. */
function hasFloors({ setName, request }: FinishedRun): boolean {
  return setName !== REVIEWED_SET && isUnselected(request)
}

/** A set's own floors stand beside the usual ones, metric by metric. */
function mergeFloors(own: Floors): Floors {
  const arms = new Set([...Object.keys(DEFAULT_FLOORS), ...Object.keys(own)])
  return Object.fromEntries([...arms].map((arm) => [arm, { ...DEFAULT_FLOORS[arm], ...own[arm] }]))
}

interface JudgeOptions extends Pick<FinishOptions, 'db' | 'judgeModel'> {
  readonly rows: readonly EvaluatedCase[]
}

interface JudgePart {
  readonly judge: JudgeReport | null
  readonly notes: readonly string[]
}

async function reportJudge(
  { id, plan }: FinishedRun,
  { db, judgeModel, rows }: JudgeOptions,
): Promise<JudgePart> {
  if (judgeModel === null) return { judge: null, notes: [] }
  const tried = await listRowsOfArm(db, id, JUDGE_ARM)
  const checkScores = new Map(
    tried.map(({ caseId, result }) => [caseId, judgeResult.safeParse(result).data?.judge ?? null]),
  )
  // A few cases alone leave it nothing to be tried on, and are judged all the same.
  if (tried.length === 0 && rows.every(({ judge }) => judge === null)) {
    return { judge: null, notes: [`The judge ${judgeModel} could not be had: nothing was judged.`] }
  }
  const checks = toJudgeChecks(plan.cases, { seed: JUDGE_SEED })
  const judged = rows.filter(isForJudge)
  const judge = toJudgeReport(judgeModel, { checks, scores: checkScores, rows: judged })
  const unjudged = describeUnjudged(judged)
  return { judge, notes: [describeJudge(judge), ...(unjudged === null ? [] : [unjudged])] }
}

function tooMany(rows: readonly EvaluatedCase[]): AppError {
  const failed = rows.filter(({ error }) => error !== null)
  const first = failed[0]?.error ?? ''
  return new AppError(
    'model-unavailable',
    `${failed.length} of ${rows.length} cases ended in an error, so the run says nothing. The first: ${first}`,
  )
}

/** The one that the run was planned with, or that has been blessed since; of reviewed cases the last run. */
async function loadRunBaseline(run: FinishedRun, db: Queryable): Promise<Baseline | null> {
  const { setName, request, plan } = run
  if (request.target === undefined && setName === REVIEWED_SET) return loadLastReviews(db, run)
  if (!plan.hasBaseline) return null
  return loadBaseline(request.baseline ?? setName)
}

const RUNS_LOOKED_AT = 20

async function loadLastReviews(db: Queryable, { id }: FinishedRun): Promise<Baseline | null> {
  const runs = await listEvaluations(db, {
    setName: REVIEWED_SET,
    after: id,
    limit: RUNS_LOOKED_AT,
  })
  const last = runs.find(
    ({ state, request }) => state === 'done' && isWholeRun(request as EvaluationRequest),
  )
  const run = last === undefined ? undefined : await loadEvaluation(db, last.id)
  if (run === undefined) return null
  const { blessed, ...rest } = await toComparable(db, run)
  return { ...rest, blessed: { ...blessed, at: (run.endedAt ?? run.createdAt).toISOString() } }
}

interface Compared {
  readonly rows: readonly EvaluatedCase[]
  readonly baseline: Baseline | null
}

function findHeldOut({ plan }: FinishedRun, { rows, baseline }: Compared): readonly HeldOut[] {
  return holdOut({
    set: { cases: plan.cases },
    newer: new Set(plan.newer),
    check: {
      heldOut: plan.heldOut,
      hashes: new Map(Object.entries(plan.hashes)),
      missing: plan.missing,
    },
    baseline,
    passagesByCase: joinPassages(rows),
  })
}

/** What the service itself gave the model: a weaker arm comes upon articles that it would not. */
function joinPassages(rows: readonly EvaluatedCase[]): ReadonlyMap<string, ReadonlySet<string>> {
  const guids = new Map<string, Set<string>>()
  for (const { arm, golden, answer } of rows) {
    if (arm !== 'system' && arm !== 'extracted') continue
    const ofCase = guids.get(golden.id) ?? new Set()
    for (const { guid } of answer?.passages ?? []) ofCase.add(guid)
    guids.set(golden.id, ofCase)
  }
  return guids
}

interface CompareOptions extends Compared {
  readonly heldOut: readonly HeldOut[]
  readonly options: FinishOptions
}

async function compare(
  run: FinishedRun,
  { rows, baseline, heldOut, options }: CompareOptions,
): Promise<Comparison> {
  const input = {
    set: run.setName,
    rows,
    baseline,
    heldOut,
    hashes: new Map(Object.entries(run.plan.hashes)),
    articles: new Map(Object.entries(run.plan.articles)),
    newer: new Set(run.plan.newer),
    isSameChatModel: (arm: string) =>
      !needsChat(arm) || isSameModel(baseline?.arms[arm]?.fingerprints ?? {}, run.fingerprints),
  }
  const first = compareWithBaseline(input)
  const isOther = run.request.target !== undefined
  if (baseline === null || isOther || first.toRegenerate.length === 0) return first
  const guids = await listGuids(options.db)
  const regenerated = []
  const ofSystem = first.toRegenerate.filter(({ arm }) => arm === 'system')
  const askedUntil = performance.now() + ASKING_AGAIN_MS
  for (const flip of ofSystem.slice(0, MAX_ASKED_AGAIN)) {
    const golden = casesOf(flip.arm, run.plan).find(({ id }) => id === flip.caseId)
    if (golden === undefined || performance.now() > askedUntil) continue
    const again = await askAgain(flip, golden, { ...options, baseline, guids })
    if (again !== null) regenerated.push({ ...flip, ...again })
  }
  return compareWithBaseline({ ...input, regenerated })
}

/** What the figures do not show: what else than the code may have made the difference. */
function describeRun(run: FinishedRun, baseline: Baseline | null): readonly string[] {
  const { plan, fingerprints } = run
  const missing = plan.missing.length === 0 ? [] : [`The library lacks ${plan.missing.join(', ')}.`]
  const others = plan.arms.flatMap((arm) => {
    const before = baseline?.arms[arm]?.fingerprints
    if (before === undefined) return []
    const names = Object.keys(before).filter(
      (name) =>
        name !== 'commit' &&
        (needsChat(arm) || !CHAT_FINGERPRINTS.includes(name)) &&
        before[name] !== (fingerprints[name] ?? null),
    )
    return names.length === 0 ? [] : [`${arm}: other than at the baseline: ${names.join(', ')}.`]
  })
  return [...missing, ...others]
}

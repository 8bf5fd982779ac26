import type { Queryable } from '../src/db/database.ts'
import { AppError } from '../src/errors.ts'
import {
  listRowsOfArm,
  listRunsOfFingerprints,
  type EvaluationRow,
  type StoredEvaluation,
} from '../src/store/evaluations.ts'
import type { Baseline } from './baseline.ts'
import { formatBaseline, toBaseline } from './bless.ts'
import { compareWithBaseline, type Comparison } from './compare.ts'
import { isWholeRun, type EvaluationRequest } from './evaluation-request.ts'
import { isSameModel } from './fingerprints.ts'
import { judgeRun, type Judgement } from './gate.ts'
import { groupBy } from './report-view.ts'
import { loadLibrary } from './library.ts'
import { loadRows } from './load-rows.ts'
import { measureNoise, type Noise } from './noise.ts'
import type { EvaluatedCase } from './report.ts'
import { rowResult } from './row-result.ts'
import { parsePlan, REVIEWED_SET } from './run-plan.ts'
import { loadBaseline, saveBaseline } from './set-folder.ts'

/** Of so many runs of the same code, the latest, some may lack an arm or its cases. */
const RUNS_LOOKED_AT = 50
/** At the end of the name of a commit beside which something was changed (fingerprints.ts). */
const UNCOMMITTED = '-dirty'

/** Makes a run the baseline of its set, with the reason. */
export async function blessRun(
  db: Queryable,
  run: StoredEvaluation,
  why: string,
): Promise<Baseline> {
  requireBlessable(run)
  const rows = await loadRows(db, { runId: run.id, plan: parsePlan(run.plan) })
  const previous = await loadBaseline(run.setName)
  const noise = await findNoise(db, run, rows)
  const baseline = await makeBaseline(db, { run, rows, why, previous, noise })
  await saveBaseline(run.setName, formatBaseline(baseline))
  return baseline
}

function requireBlessable({ id, setName, state, ...run }: StoredEvaluation): void {
  const request = run.request as EvaluationRequest
  const problem =
    setName === REVIEWED_SET
      ? 'reviewed cases are judged by people: export them into a set, which has a baseline'
      : state !== 'done'
        ? `it is ${state}: only a run that is done can be a baseline`
        : request.target !== undefined
          ? 'it asked another system: a baseline is of this one'
          : isWholeRun(request)
            ? null
            : 'it asked a part of the set: a baseline of two runs would be of two versions'
  if (problem !== null)
    throw new AppError('conflict', `The run ${id} cannot be blessed: ${problem}.`)
}

/** A run as a baseline to hold another against, without blessing it. */
export async function toComparable(db: Queryable, run: StoredEvaluation): Promise<Baseline> {
  const rows = await loadRows(db, { runId: run.id, plan: parsePlan(run.plan) })
  const parts = { run, rows, why: 'the run before', previous: null, noise: new Map() }
  return makeBaseline(db, parts)
}

interface BaselineParts {
  readonly run: StoredEvaluation
  readonly rows: readonly EvaluatedCase[]
  readonly why: string
  readonly previous: Baseline | null
  readonly noise: ReadonlyMap<string, Noise>
}

async function makeBaseline(
  db: Queryable,
  { run, rows, why, previous, noise }: BaselineParts,
): Promise<Baseline> {
  const plan = parsePlan(run.plan)
  const guids = rows.flatMap(({ answer }) => answer?.passages.map(({ guid }) => guid) ?? [])
  const library = await loadLibrary(db, [...new Set([...Object.keys(plan.articles), ...guids])])
  return toBaseline({
    set: run.setName,
    why,
    commit: run.fingerprints['commit'] ?? null,
    at: new Date().toISOString(),
    run: run.id,
    previous,
    rowsByArm: groupBy(rows, ({ arm }) => arm),
    hashes: new Map(Object.entries(plan.hashes)),
    // The set's articles as the run found them; of the others nobody noted it.
    articles: new Map([
      ...[...library].map(([guid, { hash }]) => [guid, hash] as const),
      ...Object.entries(plan.articles),
    ]),
    fingerprints: run.fingerprints,
    noise,
  })
}

/**
 * By arm, from the latest other run of the same code that has its cases. Of what was not committed nobody
 * knows whether it was the same.
 */
export async function findNoise(
  db: Queryable,
  run: StoredEvaluation,
  rows: readonly EvaluatedCase[],
): Promise<ReadonlyMap<string, Noise>> {
  const noise = new Map<string, Noise>()
  const commit = run.fingerprints['commit'] ?? null
  if (commit === null || commit.endsWith(UNCOMMITTED)) return noise
  const others = await listRunsOfFingerprints(db, { ...run, limit: RUNS_LOOKED_AT })
  const byArm = groupBy(rows, ({ arm }) => arm)
  for (const id of others) {
    if (noise.size === byArm.size) break
    if (id === run.id) continue
    for (const [arm, ofArm] of byArm) {
      if (noise.has(arm)) continue
      const found = measureNoise(ofArm, toRepeated(await listRowsOfArm(db, id, arm), ofArm))
      if (found.cases > 0) noise.set(arm, found)
    }
  }
  return noise
}

/** The rows of the cases that were asked the first time as well, without their answers. */
function toRepeated(
  again: readonly EvaluationRow[],
  first: readonly EvaluatedCase[],
): readonly EvaluatedCase[] {
  const cases = new Map(first.map(({ golden }) => [golden.id, golden]))
  return again.flatMap(({ arm, caseId, repetition, result, error }) => {
    const golden = cases.get(caseId)
    if (golden === undefined) return []
    const { scores = null, stages = null, judge = null } = rowResult.safeParse(result).data ?? {}
    return [{ arm, repetition, golden, answer: null, scores, stages, judge, error }]
  })
}

/** A run held against another, as if that one had been blessed. */
export async function compareRuns(
  db: Queryable,
  run: StoredEvaluation,
  other: StoredEvaluation,
): Promise<Judgement & Pick<Comparison, 'metrics' | 'flips' | 'notes'>> {
  const plan = parsePlan(run.plan)
  const rows = await loadRows(db, { runId: run.id, plan })
  const baseline = await toComparable(db, other)
  const comparison = compareWithBaseline({
    set: run.setName,
    rows,
    baseline,
    heldOut: [],
    hashes: new Map(Object.entries(plan.hashes)),
    articles: new Map(Object.entries(plan.articles)),
    isSameChatModel: () => isSameModel(other.fingerprints, run.fingerprints),
  })
  const { metrics, flips, notes } = comparison
  return { ...judgeRun({ comparison, floors: {} }), metrics, flips, notes }
}

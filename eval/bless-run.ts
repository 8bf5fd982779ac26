import type { Queryable } from '../src/db/database.ts'
import { AppError } from '../src/errors.ts'
import { listEvaluations, loadEvaluation, type StoredEvaluation } from '../src/store/evaluations.ts'
import type { Baseline } from './baseline.ts'
import { formatBaseline, toBaseline } from './bless.ts'
import { compareWithBaseline, type Comparison } from './compare.ts'
import { judgeRun, type Judgement } from './gate.ts'
import { groupBy } from './report-view.ts'
import { loadLibrary } from './library.ts'
import { loadRows } from './load-rows.ts'
import { measureNoise, type Noise } from './noise.ts'
import { REVIEWED_SET } from './prepare-run.ts'
import type { EvaluatedCase } from './report.ts'
import { parsePlan } from './run-plan.ts'
import { loadBaseline, saveBaseline } from './set-folder.ts'

/** So many runs back one of the same code is looked for. */
const RUNS_LOOKED_AT = 50

/** Makes a run the baseline of its set, with the reason. */
export async function blessRun(
  db: Queryable,
  run: StoredEvaluation,
  why: string,
): Promise<Baseline> {
  requireBlessable(run)
  const rows = await loadRows(db, { runId: run.id, plan: parsePlan(run.plan) })
  const previous = await loadBaseline(run.setName)
  const baseline = await makeBaseline(db, { run, rows, why, previous })
  await saveBaseline(run.setName, formatBaseline(baseline))
  return baseline
}

function requireBlessable({ id, setName, state, request }: StoredEvaluation): void {
  const problem =
    setName === REVIEWED_SET
      ? 'reviewed cases are judged by people: export them into a set, which has a baseline'
      : state !== 'done'
        ? `it is ${state}: only a run that is done can be a baseline`
        : isOfAnother(request)
          ? 'it asked another system: a baseline is of this one'
          : null
  if (problem !== null)
    throw new AppError('conflict', `The run ${id} cannot be blessed: ${problem}.`)
}

function isOfAnother(request: unknown): boolean {
  return typeof request === 'object' && request !== null && 'target' in request
}

interface BaselineParts {
  readonly run: StoredEvaluation
  readonly rows: readonly EvaluatedCase[]
  readonly why: string
  readonly previous: Baseline | null
}

async function makeBaseline(
  db: Queryable,
  { run, rows, why, previous }: BaselineParts,
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
    articles: new Map([...library].map(([guid, { hash }]) => [guid, hash])),
    fingerprints: run.fingerprints,
    noise: await findNoise(db, run, rows),
  })
}

/** By arm, from the latest other run whose fingerprints are all the same: two runs of one code. */
async function findNoise(
  db: Queryable,
  run: StoredEvaluation,
  rows: readonly EvaluatedCase[],
): Promise<ReadonlyMap<string, Noise>> {
  const runs = await listEvaluations(db, { setName: run.setName, limit: RUNS_LOOKED_AT })
  const noise = new Map<string, Noise>()
  for (const other of runs) {
    if (other.id === run.id || other.state !== 'done' || !isSameCode(other, run)) continue
    const whole = await loadEvaluation(db, other.id)
    if (whole === undefined) continue
    const again = await loadRows(db, { runId: other.id, plan: parsePlan(whole.plan) })
    for (const [arm, ofArm] of groupBy(rows, (row) => row.arm)) {
      const found = measureNoise(
        ofArm,
        again.filter((row) => row.arm === arm),
      )
      if (!noise.has(arm) && found.cases > 0) noise.set(arm, found)
    }
  }
  return noise
}

function isSameCode(
  a: Pick<StoredEvaluation, 'fingerprints'>,
  b: Pick<StoredEvaluation, 'fingerprints'>,
): boolean {
  const commit = a.fingerprints['commit'] ?? null
  const names = Object.keys({ ...a.fingerprints, ...b.fingerprints }).filter(
    (name) => name !== 'set',
  )
  return commit !== null && names.every((name) => a.fingerprints[name] === b.fingerprints[name])
}

/** A run held against another, as if that one had been blessed. */
export async function compareRuns(
  db: Queryable,
  run: StoredEvaluation,
  other: StoredEvaluation,
): Promise<Judgement & Pick<Comparison, 'metrics' | 'flips' | 'notes'>> {
  const plan = parsePlan(run.plan)
  const rows = await loadRows(db, { runId: run.id, plan })
  const before = await loadRows(db, { runId: other.id, plan: parsePlan(other.plan) })
  const baseline = await makeBaseline(db, {
    run: other,
    rows: before,
    why: `compared with ${run.id}`,
    previous: null,
  })
  const comparison = compareWithBaseline({
    set: run.setName,
    rows,
    baseline,
    heldOut: [],
    hashes: new Map(Object.entries(plan.hashes)),
    articles: new Map(Object.entries(plan.articles)),
    isSameChatModel: () => run.fingerprints['chat'] === other.fingerprints['chat'],
  })
  const { metrics, flips, notes } = comparison
  return { ...judgeRun({ comparison, floors: {} }), metrics, flips, notes }
}

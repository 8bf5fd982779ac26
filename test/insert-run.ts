import type { EvaluationRequest } from '../eval/evaluation-request.ts'
import type { EvaluatedCase, Report } from '../eval/report.ts'
import { NO_PLAN, type RunPlan } from '../eval/run-plan.ts'
import type { Queryable } from '../src/db/database.ts'
import {
  endEvaluation,
  insertEvaluation,
  insertEvaluationRow,
  loadEvaluation,
  type StoredEvaluation,
} from '../src/store/evaluations.ts'
import { hashesOf } from './made-baseline.ts'

interface MadeRun {
  readonly id: string
  readonly setName: string
  readonly rows: readonly EvaluatedCase[]
  readonly origin?: StoredEvaluation['origin']
  readonly request?: EvaluationRequest
  readonly plan?: Partial<RunPlan>
  /** With one it is done, without it has only just asked its last case. */
  readonly report?: Report
}

/** A run as it is stored when these rows were asked, but without their answers. */
export async function insertRun(db: Queryable, run: MadeRun): Promise<StoredEvaluation> {
  const { id, setName, rows, origin = 'asked', request = {}, report } = run
  const plan = { ...planOf(rows), ...run.plan }
  const parts = { fingerprints: {}, corpusRevision: 1, total: rows.length }
  await insertEvaluation(db, { id, setName, origin, request, plan, ...parts })
  for (const { arm, golden, repetition, scores, stages, judge, error } of rows) {
    const result = scores === null ? null : { scores, stages, judge }
    const row = { arm, caseId: golden.id, repetition, answerId: null, result, error }
    await insertEvaluationRow(db, id, row)
  }
  if (report !== undefined) await endEvaluation(db, id, { state: 'done', report })
  const stored = await loadEvaluation(db, id)
  if (stored === undefined) throw new Error(`There is no run ${id}.`)
  return stored
}

function planOf(rows: readonly EvaluatedCase[]): RunPlan {
  const cases = new Map(rows.map(({ golden }) => [golden.id, golden]))
  return {
    ...NO_PLAN,
    arms: [...new Set(rows.map(({ arm }) => arm))] as RunPlan['arms'],
    cases: [...cases.values()],
    hashes: Object.fromEntries(hashesOf([...cases.keys()])),
    articles: { gold: 'gold-hash', other: 'other-hash' },
  }
}

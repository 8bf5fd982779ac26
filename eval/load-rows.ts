import type { Queryable } from '../src/db/database.ts'
import { listGuids } from '../src/store/library-texts.ts'
import {
  listAnswersOfCase,
  listRowsWithAnswers,
  type EvaluationRowWithAnswer,
} from '../src/store/evaluations.ts'
import type { CaseAnswer } from './case-answer.ts'
import type { GoldenCase } from './golden-case.ts'
import { MAX_WHOLE_ROWS } from './report-view.ts'
import type { EvaluatedCase } from './report.ts'
import { rowResult } from './row-result.ts'
import { casesOf, type RunPlan } from './run-plan.ts'
import { toCaseAnswer } from './sent-answer.ts'

const PAGE = 200
/** What a report shows of a search; a stage's hashes and scores were taken from all of them. */
const KEPT_CANDIDATES = 20

interface LoadOptions {
  readonly runId: string
  readonly plan: RunPlan
}

/** Every row of a run with its case and its answer, in the order of arms and cases. */
export async function loadRows(
  db: Queryable,
  { runId, plan }: LoadOptions,
): Promise<readonly EvaluatedCase[]> {
  const guids = await listGuids(db)
  const cases = new Map<string, GoldenCase>(
    plan.arms.flatMap((arm) =>
      casesOf(arm, plan).map((golden) => [`${arm} ${golden.id}`, golden] as const),
    ),
  )
  const rows: EvaluatedCase[] = []
  let after: EvaluationRowWithAnswer | null = null
  for (;;) {
    const page: readonly EvaluationRowWithAnswer[] = await listRowsWithAnswers(db, runId, {
      after,
      limit: PAGE,
    })
    for (const row of page) {
      const golden = cases.get(`${row.arm} ${row.caseId}`)
      if (golden === undefined) continue
      const evaluated = toEvaluated(row, { golden, guids })
      const isShownWhole = rows.length < MAX_WHOLE_ROWS || evaluated.scores?.failure != null
      rows.push(isShownWhole ? evaluated : withoutTexts(evaluated))
    }
    after = page.at(-1) ?? null
    if (page.length < PAGE) return rows
  }
}

/** Of thousands of rows, the texts of those that are right do not fit in memory, and no report shows them. */
function withoutTexts(row: EvaluatedCase): EvaluatedCase {
  if (row.answer === null) return row
  const passages = row.answer.passages.map((passage) => ({ ...passage, text: '' }))
  return {
    ...row,
    answer: { ...row.answer, passages, candidates: [], dropped: [], generated: null },
  }
}

interface RowContext {
  readonly golden: GoldenCase
  readonly guids: ReadonlyMap<string, string>
}

function toEvaluated(row: EvaluationRowWithAnswer, { golden, guids }: RowContext): EvaluatedCase {
  const result = rowResult.safeParse(row.result).data
  const answer = toCaseAnswer({ body: row.body, trace: row.trace }, { guids })
  return {
    arm: row.arm,
    repetition: row.repetition,
    golden,
    answer:
      answer === null
        ? null
        : {
            ...answer,
            // Another Footnote's answer has its own id there.
            answerId: row.answerId,
            candidates: answer.candidates?.slice(0, KEPT_CANDIDATES) ?? null,
          },
    scores: result?.scores ?? null,
    stages: result?.stages ?? null,
    judge: result?.judge ?? null,
    error: row.error,
  }
}

/** The answers that a run's arm gave to one case. */
export async function loadKeptAnswers(
  db: Queryable,
  { runId, arm, caseId }: { readonly runId: string; readonly arm: string; readonly caseId: string },
  guids: ReadonlyMap<string, string>,
): Promise<readonly CaseAnswer[]> {
  const rows = await listAnswersOfCase(db, runId, { arm, caseId })
  return rows.flatMap((row) => toCaseAnswer(row, { guids }) ?? [])
}

import type { Queryable } from '../db/database.ts'

export type EvaluationState = 'waiting' | 'running' | 'done' | 'stopped' | 'failed'

/** A run as it is stored; what `request`, `plan`, `report` and `result` hold is eval's to say. */
export interface StoredEvaluation {
  readonly id: string
  readonly setName: string
  readonly origin: 'asked' | 'nightly'
  readonly state: EvaluationState
  readonly request: unknown
  readonly plan: unknown
  readonly fingerprints: Readonly<Record<string, string | null>>
  readonly corpusRevision: number
  readonly total: number
  /** The job that carries this number is the run's. */
  readonly slice: number
  /** Rows there are. */
  readonly done: number
  /** When the last row ended, or the run began. */
  readonly activeAt: Date | null
  readonly report: unknown
  readonly error: string | null
  readonly errorCode: string | null
  readonly createdAt: Date
  readonly startedAt: Date | null
  readonly endedAt: Date | null
}

export interface EvaluationRow {
  readonly arm: string
  readonly caseId: string
  readonly repetition: number
  readonly answerId: string | null
  readonly result: unknown
  readonly error: string | null
}

/** A row with the answer as it was kept; null where the answer has gone. */
export interface EvaluationRowWithAnswer extends EvaluationRow {
  readonly body: unknown
  readonly trace: unknown
}

/** A run without its plan, whose cases may be thousands. */
export type EvaluationSummary = Omit<StoredEvaluation, 'plan'>

const COLUMNS = `
    evaluation.id, evaluation.set_name as "setName", evaluation.origin, evaluation.state,
    evaluation.request, evaluation.fingerprints,
    evaluation.corpus_revision::integer as "corpusRevision", evaluation.total, evaluation.slice,
    coalesce((select max(evaluation_row.ended_at) from evaluation_row
      where evaluation_row.evaluation_id = evaluation.id), evaluation.started_at) as "activeAt",
    (select count(*)::integer from evaluation_row
     where evaluation_row.evaluation_id = evaluation.id) as done,
    evaluation.report, evaluation.error, evaluation.error_code as "errorCode",
    evaluation.created_at as "createdAt", evaluation.started_at as "startedAt",
    evaluation.ended_at as "endedAt"`

export async function insertEvaluation(
  db: Queryable,
  run: Pick<
    StoredEvaluation,
    'id' | 'setName' | 'origin' | 'request' | 'plan' | 'fingerprints' | 'corpusRevision' | 'total'
  >,
): Promise<void> {
  await db.query(
    `insert into evaluation
       (id, set_name, origin, request, plan, fingerprints, corpus_revision, total)
     values ($1::text, $2::text, $3::text, $4::jsonb, $5::jsonb, $6::jsonb, $7::bigint, $8::integer)`,
    [
      run.id,
      run.setName,
      run.origin,
      JSON.stringify(run.request),
      JSON.stringify(run.plan),
      JSON.stringify(run.fingerprints),
      run.corpusRevision,
      run.total,
    ],
  )
}

export async function loadEvaluation(
  db: Queryable,
  id: string,
): Promise<StoredEvaluation | undefined> {
  const { rows } = await db.query<StoredEvaluation>(
    'select evaluation.plan,' + COLUMNS + ' from evaluation where evaluation.id = $1::text',
    [id],
  )
  return rows[0]
}

/** Without its plan, which grows with the set. */
export async function loadEvaluationSummary(
  db: Queryable,
  id: string,
): Promise<EvaluationSummary | undefined> {
  const { rows } = await db.query<EvaluationSummary>(
    'select' + COLUMNS + ' from evaluation where evaluation.id = $1::text',
    [id],
  )
  return rows[0]
}

export async function loadEvaluationState(
  db: Queryable,
  id: string,
): Promise<EvaluationState | undefined> {
  const { rows } = await db.query<{ state: EvaluationState }>(
    'select evaluation.state from evaluation where evaluation.id = $1::text',
    [id],
  )
  return rows[0]?.state
}

interface ListOptions {
  readonly setName?: string
  readonly origin?: StoredEvaluation['origin']
  /** The last run of the page before. */
  readonly after?: string
  readonly limit: number
}

/** Newest first. */
export async function listEvaluations(
  db: Queryable,
  { setName, origin, after, limit }: ListOptions,
): Promise<readonly EvaluationSummary[]> {
  const { rows } = await db.query<EvaluationSummary>(
    'select' +
      COLUMNS +
      ` from evaluation
       where ($1::text is null or evaluation.set_name = $1::text)
         and ($2::text is null or (evaluation.created_at, evaluation.id) < (
           select previous.created_at, previous.id from evaluation as previous
           where previous.id = $2::text))
         and ($4::text is null or evaluation.origin = $4::text)
       order by evaluation.created_at desc, evaluation.id desc limit $3::integer`,
    [setName ?? null, after ?? null, limit, origin ?? null],
  )
  return rows
}

interface SameFingerprints {
  readonly setName: string
  /** All that such a run has, but for the set's. */
  readonly fingerprints: Readonly<Record<string, string | null>>
  readonly limit: number
}

/** Ids of the runs that are done and whose fingerprints are these, whatever their set's is; newest first. */
export async function listRunsOfFingerprints(
  db: Queryable,
  { setName, fingerprints, limit }: SameFingerprints,
): Promise<readonly string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select evaluation.id from evaluation
     where evaluation.set_name = $1::text and evaluation.state = 'done'
       and evaluation.fingerprints - 'set' = $2::jsonb - 'set'
     order by evaluation.created_at desc, evaluation.id desc limit $3::integer`,
    [setName, JSON.stringify(fingerprints), limit],
  )
  return rows.map(({ id }) => id)
}

interface Ending {
  readonly state: 'done' | 'stopped' | 'failed'
  readonly report?: unknown
  readonly error?: string
  readonly errorCode?: string
}

/** False where it has ended already. */
export async function endEvaluation(
  db: Queryable,
  id: string,
  { state, report, error, errorCode }: Ending,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update evaluation set state = $2::text, report = $3::jsonb, error = $4::text,
       error_code = $5::text, ended_at = now()
     where evaluation.id = $1::text and evaluation.state in ('waiting', 'running')`,
    [
      id,
      state,
      report === undefined ? null : JSON.stringify(report),
      error ?? null,
      errorCode ?? null,
    ],
  )
  return rowCount === 1
}

/** Whether a run waits or is on: refreshes then wait. */
export async function isEvaluating(db: Queryable): Promise<boolean> {
  const { rows } = await db.query<{ found: boolean }>(
    `select exists (select 1 from evaluation
       where evaluation.state in ('waiting', 'running')) as found`,
  )
  return rows[0]?.found === true
}

/** A case that is there already stays as it is. */
export async function insertEvaluationRow(
  db: Queryable,
  evaluationId: string,
  row: EvaluationRow,
): Promise<void> {
  await db.query(
    `insert into evaluation_row
       (evaluation_id, arm, case_id, repetition, answer_id, result, error)
     values ($1::text, $2::text, $3::text, $4::integer, $5::text, $6::jsonb, $7::text)
     on conflict do nothing`,
    [
      evaluationId,
      row.arm,
      row.caseId,
      row.repetition,
      row.answerId,
      row.result === null ? null : JSON.stringify(row.result),
      row.error,
    ],
  )
}

const SELECT_ROW = `
  select evaluation_row.arm, evaluation_row.case_id as "caseId", evaluation_row.repetition,
    evaluation_row.answer_id as "answerId", evaluation_row.result, evaluation_row.error`

/** In the order in which they ended. */
export async function listEvaluationRows(
  db: Queryable,
  evaluationId: string,
): Promise<readonly EvaluationRow[]> {
  const { rows } = await db.query<EvaluationRow>(
    SELECT_ROW +
      ` from evaluation_row where evaluation_row.evaluation_id = $1::text
       order by evaluation_row.ended_at, evaluation_row.arm, evaluation_row.case_id,
         evaluation_row.repetition`,
    [evaluationId],
  )
  return rows
}

/** One arm's rows, without their answers. */
export async function listRowsOfArm(
  db: Queryable,
  evaluationId: string,
  arm: string,
): Promise<readonly EvaluationRow[]> {
  const { rows } = await db.query<EvaluationRow>(
    SELECT_ROW +
      ` from evaluation_row
       where evaluation_row.evaluation_id = $1::text and evaluation_row.arm = $2::text
       order by evaluation_row.case_id, evaluation_row.repetition`,
    [evaluationId, arm],
  )
  return rows
}

/** Which cases have their row, without what the rows hold. */
export async function listFinishedCases(
  db: Queryable,
  evaluationId: string,
): Promise<readonly Pick<EvaluationRow, 'arm' | 'caseId' | 'repetition'>[]> {
  const { rows } = await db.query<Pick<EvaluationRow, 'arm' | 'caseId' | 'repetition'>>(
    `select evaluation_row.arm, evaluation_row.case_id as "caseId", evaluation_row.repetition
     from evaluation_row where evaluation_row.evaluation_id = $1::text`,
    [evaluationId],
  )
  return rows
}

interface RowPage {
  /** The last row of the page before. */
  readonly after: Pick<EvaluationRow, 'arm' | 'caseId' | 'repetition'> | null
  readonly limit: number
}

const PAGE_OF_ROWS = `
  where evaluation_row.evaluation_id = $1::text
    and ($2::text is null or (evaluation_row.arm, evaluation_row.case_id, evaluation_row.repetition)
      > ($2::text, $3::text, $4::integer))
  order by evaluation_row.arm, evaluation_row.case_id, evaluation_row.repetition
  limit $5::integer`

function pageValues(evaluationId: string, { after, limit }: RowPage): readonly unknown[] {
  return [evaluationId, after?.arm ?? null, after?.caseId ?? null, after?.repetition ?? null, limit]
}

export async function listRowPage(
  db: Queryable,
  evaluationId: string,
  page: RowPage,
): Promise<readonly EvaluationRow[]> {
  const { rows } = await db.query<EvaluationRow>(
    SELECT_ROW + ' from evaluation_row' + PAGE_OF_ROWS,
    [...pageValues(evaluationId, page)],
  )
  return rows
}

/** A page of rows with their answers: whole runs of thousands of traces do not fit in memory at once. */
export async function listRowsWithAnswers(
  db: Queryable,
  evaluationId: string,
  page: RowPage,
): Promise<readonly EvaluationRowWithAnswer[]> {
  const { rows } = await db.query<EvaluationRowWithAnswer>(
    SELECT_ROW +
      `, answer.body, answer.trace
       from evaluation_row left join answer on answer.id = evaluation_row.answer_id` +
      PAGE_OF_ROWS,
    [...pageValues(evaluationId, page)],
  )
  return rows
}

/** The answers to one case of one arm, in the order of the repetitions; those that are still kept. */
export async function listAnswersOfCase(
  db: Queryable,
  evaluationId: string,
  { arm, caseId }: Pick<EvaluationRow, 'arm' | 'caseId'>,
): Promise<readonly Pick<EvaluationRowWithAnswer, 'body' | 'trace'>[]> {
  const { rows } = await db.query<Pick<EvaluationRowWithAnswer, 'body' | 'trace'>>(
    `select answer.body, answer.trace
     from evaluation_row join answer on answer.id = evaluation_row.answer_id
     where evaluation_row.evaluation_id = $1::text and evaluation_row.arm = $2::text
       and evaluation_row.case_id = $3::text
     order by evaluation_row.repetition`,
    [evaluationId, arm, caseId],
  )
  return rows
}

/** Rows that ended in an error are asked again when a run goes on. */
export async function deleteFailedRows(db: Queryable, evaluationId: string): Promise<void> {
  await db.query(
    `delete from evaluation_row
     where evaluation_row.evaluation_id = $1::text and evaluation_row.error is not null`,
    [evaluationId],
  )
}

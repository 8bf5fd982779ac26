import type { Queryable } from '../db/database.ts'
import type { StoredEvaluation } from './evaluations.ts'

/**
 * False while another run is on or a feed is being read: the library stands still for one run at a time.
 * One that was begun already is begun again.
 */
export async function startEvaluation(db: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `update evaluation
     set state = 'running', started_at = coalesce(evaluation.started_at, now())
     where evaluation.id = $1::text and evaluation.state in ('waiting', 'running')
       and not exists (select 1 from evaluation as other
         where other.state = 'running' and other.id <> evaluation.id)
       and not exists (select 1 from refresh where refresh.state = 'running')`,
    [id],
  )
  return rowCount === 1
}

/** A run that has not asked anything yet, after its library has changed. */
export async function replanEvaluation(
  db: Queryable,
  id: string,
  run: Pick<StoredEvaluation, 'plan' | 'fingerprints' | 'corpusRevision' | 'total'>,
): Promise<void> {
  await db.query(
    `update evaluation
     set plan = $2::jsonb, fingerprints = $3::jsonb, corpus_revision = $4::bigint, total = $5::integer
     where evaluation.id = $1::text`,
    [id, JSON.stringify(run.plan), JSON.stringify(run.fingerprints), run.corpusRevision, run.total],
  )
}

/** A run that ended early goes on behind its last row; null where someone else has it going already. */
export async function reopenEvaluation(db: Queryable, id: string): Promise<number | null> {
  const { rows } = await db.query<{ slice: number }>(
    `update evaluation
     set state = 'waiting', slice = evaluation.slice + 1, ended_at = null, error = null,
       error_code = null, report = null
     where evaluation.id = $1::text and evaluation.state in ('stopped', 'failed')
     returning evaluation.slice`,
    [id],
  )
  return rows[0]?.slice ?? null
}

/** The number of the next job; null where the run is no longer on. */
export async function nextSlice(db: Queryable, id: string): Promise<number | null> {
  const { rows } = await db.query<{ slice: number }>(
    `update evaluation set slice = evaluation.slice + 1
     where evaluation.id = $1::text and evaluation.state in ('waiting', 'running')
     returning evaluation.slice`,
    [id],
  )
  return rows[0]?.slice ?? null
}

/** Ids of the runs that wait or are on, with no job left to go on with them. */
export async function listLostRuns(db: Queryable): Promise<readonly string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select evaluation.id from evaluation
     where evaluation.state in ('waiting', 'running') and not exists (
       select 1 from pgboss.job
       where job.name = 'run-evaluation' and job.state < 'completed'
         and job.data -> 'data' ->> 'runId' = evaluation.id)
     order by evaluation.created_at`,
  )
  return rows.map(({ id }) => id)
}

import type { Queryable } from '../db/database.ts'

/**
 * Gives back the jobs that a killed process held. Only where no other process can hold any: on the
 * embedded database, which one process owns.
 */
export async function releaseJobs(db: Queryable): Promise<void> {
  await db.query(
    `update pgboss.job set state = 'retry', start_after = now() where job.state = 'active'`,
  )
}

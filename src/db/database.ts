import type pg from 'pg'

/** What a store function works on: the pool, or a client inside a transaction. */
export type Queryable = Pick<pg.PoolClient, 'query'>

export interface Database {
  readonly pool: pg.Pool
  readonly engine: 'embedded' | 'server'
  /** Free bytes where the database writes; infinity where only the server knows. */
  freeBytes(): number
  /**
   * `work` whose statements may take minutes, as the migration of a large library does: the embedded database
   * gives them the time. On a server it needs connections without a limit of their own, the owner's.
   */
  unhurried<T>(work: () => Promise<T>): Promise<T>
  close(): Promise<void>
}

interface TransactionOptions {
  /** Reads alone, all of them from one snapshot. */
  readonly isReadOnly?: boolean
}

/**
 * Runs `work` in one transaction. Nothing but SQL may be awaited inside: the embedded database has a
 * single connection, and a model or a network call in between would hold up everyone else.
 */
export async function transaction<T>(
  database: Pick<Database, 'pool'>,
  work: (client: Queryable) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  const client = await database.pool.connect()
  let broken: Error | undefined
  try {
    await client.query(
      options.isReadOnly === true ? 'begin isolation level repeatable read read only' : 'begin',
    )
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch((failure: unknown) => {
      broken = failure as Error
    })
    throw error
  } finally {
    client.release(broken)
  }
}

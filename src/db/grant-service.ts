import type pg from 'pg'

/**
 * Gives the service's role what it needs, and nothing that changes the schema. Run by the owner after
 * its migrations; the names are quoted by the server's own `format`.
 */
export async function grantService(owner: pg.Pool, role: string): Promise<void> {
  for (const schema of ['public', 'pgboss']) {
    const { rows } = await owner.query<{ statement: string }>(
      `select format(template.text, $1::text, $2::text) as statement
       from unnest(array[
         'grant usage on schema %1$I to %2$I',
         'grant select, insert, update, delete on all tables in schema %1$I to %2$I',
         'grant usage on all sequences in schema %1$I to %2$I'
       ]) as template (text)`,
      [schema, role],
    )
    for (const { statement } of rows) await owner.query(statement)
  }
}

export async function currentRole(pool: pg.Pool): Promise<string> {
  const { rows } = await pool.query<{ role: string }>('select current_user as role')
  return rows[0]?.role ?? ''
}

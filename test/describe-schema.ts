import type { Queryable } from '../src/db/database.ts'

// Not-null constraints are left to the columns: Postgres 18 lists them among the constraints, 16 does not.
const SCHEMA = `
  with owned as (
    select pg_class.oid, pg_class.relname, pg_class.relkind from pg_class
    where pg_class.relnamespace = 'public'::regnamespace
      and pg_class.relname not like 'schema_migration%'
      and not exists (select 1 from pg_depend
        where pg_depend.objid = pg_class.oid and pg_depend.deptype = 'e')
  ), line as (
    select owned.relname as owner, 0 as kind, 0 as place, 'table ' || owned.relname as text
    from owned where owned.relkind = 'r'
    union all
    select owned.relname, 1, pg_attribute.attnum, concat_ws(' ', '  column', pg_attribute.attname,
      format_type(pg_attribute.atttypid, pg_attribute.atttypmod),
      case when pg_attribute.attnotnull then 'not null' end,
      case when pg_attribute.attidentity <> '' then concat('identity ', pg_attribute.attidentity) end,
      'default ' || pg_get_expr(pg_attrdef.adbin, pg_attrdef.adrelid))
    from owned
    join pg_attribute on pg_attribute.attrelid = owned.oid and pg_attribute.attnum > 0
      and not pg_attribute.attisdropped
    left join pg_attrdef on pg_attrdef.adrelid = owned.oid
      and pg_attrdef.adnum = pg_attribute.attnum
    where owned.relkind = 'r'
    union all
    select owned.relname, 2, 0, concat_ws(' ', '  constraint', pg_constraint.conname,
      pg_get_constraintdef(pg_constraint.oid))
    from owned join pg_constraint on pg_constraint.conrelid = owned.oid
    where pg_constraint.contype <> 'n'
    union all
    select owned.relname, 3, 0, '  index ' || pg_get_indexdef(pg_index.indexrelid)
    from owned join pg_index on pg_index.indrelid = owned.oid
    union all
    select owned.relname, 0, 0, concat_ws(' ', owned.relkind, owned.relname)
    from owned where owned.relkind not in ('r', 'i', 'S')
    union all
    select '', 0, 0, 'extension ' || pg_extension.extname from pg_extension
    where pg_extension.extname <> 'plpgsql'
  )
  select line.text from line
  order by line.owner collate "C", line.kind, line.place, line.text collate "C"`

/** The schema as the catalogues have it: a line for each table, column, constraint and index. */
export async function describeSchema(db: Queryable): Promise<string> {
  const { rows } = await db.query<{ text: string }>(SCHEMA)
  return rows.map(({ text }) => `${text}\n`).join('')
}

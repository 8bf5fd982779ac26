// What must hold of a library at any moment, whatever was killed, cut off or full before
// (reliability.md, I1 to I3 and I15): each check is a query that finds nothing.
import type { Queryable } from '../src/db/database.ts'

const CHECKS: Readonly<Record<string, string>> = {
  'the corpus counts its live chunks and their lexemes': `
    select corpus.chunks, corpus.lexemes, counted.* from corpus cross join (
      select count(*) as live, coalesce(sum(chunk.length), 0) as length from chunk where chunk.live
    ) as counted
    where corpus.chunks <> counted.live or corpus.lexemes <> counted.length`,
  'each lexeme is counted in as many live chunks as it stands in': `
    select coalesce(lexeme.lexeme, counted.lexeme) as lexeme, lexeme.chunks, counted.live
    from lexeme full join (
      select posting.lexeme, posting.form, count(*) as live
      from posting join chunk on chunk.id = posting.chunk_id
      where chunk.live group by posting.lexeme, posting.form
    ) as counted on counted.lexeme = lexeme.lexeme and counted.form = lexeme.form
    where lexeme.chunks is distinct from counted.live`,
  'a posting knows how long its chunk is': `
    select posting.chunk_id from posting join chunk on chunk.id = posting.chunk_id
    where posting.length <> chunk.length`,
  'the corpus is one row': `
    select count(*) from corpus having count(*) <> 1`,
  'a chunk is as long as its postings of stems': `
    select chunk.id from chunk left join posting
      on posting.chunk_id = chunk.id and posting.form = 'stem'
    group by chunk.id having chunk.length <> coalesce(sum(posting.frequency), 0)`,
  'nothing is left of what is gone': `
    select 'chunk' from chunk left join article on article.id = chunk.article_id
      where article.id is null
    union all
    select 'sentence' from sentence left join chunk on chunk.id = sentence.chunk_id
      where chunk.id is null
    union all
    select 'posting' from posting left join chunk on chunk.id = posting.chunk_id
      where chunk.id is null
    union all
    select 'revision' from revision left join article on article.id = revision.article_id
      where article.id is null
    union all
    select 'refresh' from refresh left join feed on feed.id = refresh.feed_id
      where feed.id is null`,
  'an article has the text of its current revision, and of each before it': `
    select article.id from article left join revision on revision.article_id = article.id
    group by article.id, article.revision
    having count(revision.revision) <> article.revision
      or max(revision.revision) is distinct from article.revision`,
  'a live article with text has chunks': `
    select article.id from article
    join revision on revision.article_id = article.id and revision.revision = article.revision
    where article.status = 'live' and revision.text <> '' and not exists (
      select 1 from chunk where chunk.article_id = article.id and chunk.live)`,
  'chunks are of the current revision': `
    select chunk.id from chunk join article on article.id = chunk.article_id
    where chunk.revision <> article.revision`,
  'the ordinals of an article’s chunks count from 0': `
    select chunk.article_id from chunk group by chunk.article_id
    having min(chunk.ordinal) <> 0 or max(chunk.ordinal) <> count(*) - 1
      or count(distinct chunk.ordinal) <> count(*)`,
  'the ordinals of a chunk’s sentences count from 0': `
    select sentence.chunk_id from sentence group by sentence.chunk_id
    having min(sentence.ordinal) <> 0 or max(sentence.ordinal) <> count(*) - 1
      or count(distinct sentence.ordinal) <> count(*)`,
  'the vectors of an article are of one model and one length': `
    select chunk.article_id from chunk left join sentence on sentence.chunk_id = chunk.id
    group by chunk.article_id
    having count(distinct chunk.embedding_model) > 1
      or min(coalesce(sentence.embedding_model, chunk.embedding_model))
        <> max(coalesce(sentence.embedding_model, chunk.embedding_model))
      or min(coalesce(sentence.embedding_model, chunk.embedding_model)) <> min(chunk.embedding_model)
      or min(vector_dims(coalesce(sentence.embedding, chunk.embedding)))
        <> max(vector_dims(coalesce(sentence.embedding, chunk.embedding)))
      or min(vector_dims(chunk.embedding)) <> max(vector_dims(chunk.embedding))`,
  'an identity is one article of its feed': `
    select article.feed_id, article.identity from article
    group by article.feed_id, article.identity having count(*) > 1`,
  'a refresh has an end exactly when it is over': `
    select refresh.id from refresh
    where (refresh.ended_at is not null) <> (refresh.state in ('done', 'failed'))
      or refresh.done > refresh.total`,
  'an evaluation has an end exactly when it is over': `
    select evaluation.id from evaluation
    where (evaluation.ended_at is not null) <> (evaluation.state in ('done', 'stopped', 'failed'))`,
  'an evaluation has a row for each of its cases and no more, and a report when it is done': `
    select evaluation.id from evaluation
    left join evaluation_row on evaluation_row.evaluation_id = evaluation.id
    group by evaluation.id having count(evaluation_row.case_id) > evaluation.total
      or (evaluation.state = 'done' and evaluation.report is null)`,
}

/** A line for each thing that does not hold, with the rows that show it. */
export async function findBrokenInvariants(db: Queryable): Promise<readonly string[]> {
  const broken: string[] = []
  for (const [rule, query] of Object.entries(CHECKS)) {
    const { rows } = await db.query(query)
    if (rows.length > 0) broken.push(`not so: ${rule}: ${JSON.stringify(rows.slice(0, 5))}`)
  }
  return [...broken, ...(await findWrongOffsets(db))]
}

/** Offsets count UTF-16 units, and Postgres counts characters: compared here. */
async function findWrongOffsets(db: Queryable): Promise<readonly string[]> {
  const { rows } = await db.query<{ id: string; is: string; text: string; at: [number, number] }>(
    `select chunk.id::text, chunk.text as is, revision.text,
       array[chunk.start_offset, chunk.end_offset] as at
     from chunk join revision
       on revision.article_id = chunk.article_id and revision.revision = chunk.revision`,
  )
  const { rows: outside } = await db.query<{ id: string }>(
    `select sentence.id::text from sentence join chunk on chunk.id = sentence.chunk_id
     where sentence.start_offset < chunk.start_offset or sentence.end_offset > chunk.end_offset
       or sentence.start_offset >= sentence.end_offset`,
  )
  return [
    ...rows.filter(({ is, text, at }) => text.slice(...at) !== is).map(({ id }) => `chunk ${id}`),
    ...outside.map(({ id }) => `sentence ${id}`),
  ].map((what) => `not so: offsets point into the revision’s text: ${what}`)
}

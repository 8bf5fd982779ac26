import type { Queryable } from '../db/database.ts'

/** Title and headings count as words of each chunk under them. */
export async function insertPostings(
  db: Queryable,
  articleId: string,
  title: string,
): Promise<void> {
  await db.query(
    `insert into posting (lexeme, form, chunk_id, frequency, length)
     select found.lexeme, found.form, chunk.id, found.frequency,
       coalesce(sum(found.frequency) filter (where found.form = 'stem')
         over (partition by chunk.id), 0)
     from chunk
     cross join lateral lexemes_of(
       concat_ws(' ', $2::text, array_to_string(chunk.heading_path, ' '), chunk.text)) as found
     where chunk.article_id = $1::text`,
    [articleId, title],
  )
  await db.query(
    `update chunk set length = counted.length
     from (
       select posting.chunk_id, min(posting.length) as length
       from posting join chunk on chunk.id = posting.chunk_id
       where chunk.article_id = $1::text
       group by posting.chunk_id
     ) as counted
     where chunk.id = counted.chunk_id`,
    [articleId],
  )
}

/**
 * Adds the live chunks of articles to the counts of their lexemes, or takes them away. Whoever calls it
 * holds the row of the corpus: without it, two at once could lock each other out.
 */
export async function countLexemes(
  db: Queryable,
  articleIds: readonly string[],
  sign: 1 | -1,
): Promise<void> {
  await db.query(
    `merge into lexeme
     using (
       select posting.lexeme, posting.form, $2::integer * count(*) as chunks
       from chunk join posting on posting.chunk_id = chunk.id
       where chunk.article_id = any($1::text[]) and chunk.live
       group by posting.lexeme, posting.form
     ) as counted
     on lexeme.lexeme = counted.lexeme and lexeme.form = counted.form
     when matched and lexeme.chunks + counted.chunks <= 0 then delete
     when matched then update set chunks = lexeme.chunks + counted.chunks
     when not matched and counted.chunks > 0 then insert (lexeme, form, chunks)
       values (counted.lexeme, counted.form, counted.chunks)`,
    [articleIds, sign],
  )
}

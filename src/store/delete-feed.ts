import type { Queryable } from '../db/database.ts'
import { blankQuotes } from './blank-quotes.ts'
import { countLexemes } from './postings.ts'

/**
 * Deletes a feed with its articles, chunks and vectors, and blanks what kept answers quote of them.
 * Must run in a transaction. False where there is no such feed.
 */
export async function deleteFeed(db: Queryable, id: string): Promise<boolean> {
  await db.query('select corpus.revision from corpus for update')
  // Locked, so that an answer that is being kept meanwhile waits, and then finds them gone.
  const { rows } = await db.query<{ id: string }>(
    'select article.id from article where article.feed_id = $1::text for update',
    [id],
  )
  const articleIds = rows.map((row) => row.id)
  await blankQuotes(db, articleIds)
  await countLexemes(db, articleIds, -1)
  await db.query(
    `update corpus set
       revision = corpus.revision + 1,
       chunks = corpus.chunks - counted.chunks,
       lexemes = corpus.lexemes - counted.lexemes
     from (
       select count(*) as chunks, coalesce(sum(chunk.length), 0) as lexemes
       from chunk join article on article.id = chunk.article_id
       where article.feed_id = $1::text and chunk.live
     ) as counted`,
    [id],
  )
  const { rowCount } = await db.query('delete from feed where feed.id = $1::text', [id])
  return rowCount === 1
}

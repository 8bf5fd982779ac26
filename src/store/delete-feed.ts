import type { Queryable } from '../db/database.ts'

// A quote of the deleted feed leaves an answer wherever it stands: in the footnotes, in the sources,
// in the sentences of an extracted answer (which are quotes themselves), and in the kept prompt.
const BLANK_QUOTES = `
  with affected as (
    select answer.id, array_agg(answer_article.article_id) as articles
    from answer_article
    join article on article.id = answer_article.article_id
    join answer on answer.id = answer_article.answer_id
    where article.feed_id = $1::text
    group by answer.id
  )
  update answer set
    body = answer.body
      || jsonb_build_object(
        'citations', (
          select coalesce(jsonb_agg(case when value ->> 'articleId' = any(affected.articles)
            then value || '{"quote": ""}' else value end order by position), '[]')
          from jsonb_array_elements(answer.body -> 'citations') with ordinality as item (value, position)),
        'sources', (
          select coalesce(jsonb_agg(case when value ->> 'articleId' = any(affected.articles)
            then value || '{"text": ""}' else value end order by position), '[]')
          from jsonb_array_elements(answer.body -> 'sources') with ordinality as item (value, position)))
      || case when answer.status = 'extracted'
        then '{"answer": "", "sentences": []}'::jsonb else '{}'::jsonb end,
    trace = answer.trace || '{"prompt": null, "passages": []}'
  from affected
  where answer.id = affected.id`

/**
 * Deletes a feed with its articles, chunks and vectors, and blanks what kept answers quote of them.
 * Must run in a transaction. False where there is no such feed.
 */
export async function deleteFeed(db: Queryable, id: string): Promise<boolean> {
  await db.query('select corpus.revision from corpus for update')
  await db.query(BLANK_QUOTES, [id])
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

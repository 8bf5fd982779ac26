import type { Queryable } from '../db/database.ts'

// A quote of an article that is gone leaves an answer wherever it stands: in the footnotes, in the
// sources, in the sentences of an extracted answer (which are quotes themselves), and in the prompt. Without
// them it is not given to anyone again.
const BLANK_QUOTES = `
  update answer set
    body = answer.body
      || jsonb_build_object(
        'citations', (
          select coalesce(jsonb_agg(case when value ->> 'articleId' = any($1::text[])
            then value || '{"quote": ""}' else value end order by position), '[]')
          from jsonb_array_elements(answer.body -> 'citations') with ordinality as item (value, position)),
        'sources', (
          select coalesce(jsonb_agg(case when value ->> 'articleId' = any($1::text[])
            then value || '{"text": ""}' else value end order by position), '[]')
          from jsonb_array_elements(answer.body -> 'sources') with ordinality as item (value, position)))
      || case when answer.status = 'extracted'
        then '{"answer": "", "sentences": []}'::jsonb else '{}'::jsonb end,
    trace = answer.trace || '{"prompt": null, "passages": []}',
    fingerprint = null
  where answer.id in (
    select answer_article.answer_id from answer_article
    where answer_article.article_id = any($1::text[]))`

/** Takes what was quoted of the articles out of every kept answer. */
export async function blankQuotes(db: Queryable, articleIds: readonly string[]): Promise<void> {
  await db.query(BLANK_QUOTES, [articleIds])
}

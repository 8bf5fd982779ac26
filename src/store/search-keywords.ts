import type { Queryable } from '../db/database.ts'
import type { Filters } from '../domain.ts'
import { ARTICLE_FILTER, toFilterValues } from './article-filter.ts'

export interface WeightedText {
  readonly text: string
  /** How much its terms count; 1 for the question itself. */
  readonly weight: number
}

export interface ArmHit {
  readonly chunkId: string
  readonly articleId: string
  readonly score: number
}

interface SearchOptions {
  readonly filters: Filters
  readonly limit: number
}

/** The usual BM25 constants (Robertson and Zaragoza, 2009). */
const K1 = 1.2
const B = 0.75

// Document frequencies are taken over the whole library, so that a filter changes which chunks are
// shown and never how rare a word is. A word with a digit, a dash, an underscore or a capital behind
// its first letter also counts as it is written, beside its stem.
const SEARCH_KEYWORDS = `
  with term as (
    select lexemes.lexeme, 'stem' as form, max(part.weight) as weight
    from unnest($7::text[], $8::float8[]) as part (text, weight)
    cross join lateral unnest(to_tsvector('english', part.text)) as lexemes
    group by lexemes.lexeme
    union all
    select lexemes.lexeme, 'exact', max(part.weight)
    from unnest($7::text[], $8::float8[]) as part (text, weight)
    cross join lateral regexp_split_to_table(part.text, '\\s+') as word
    cross join lateral unnest(to_tsvector('simple', word)) as lexemes
    where word ~ '[0-9_]|\\w-\\w|\\w[A-Z]'
    group by lexemes.lexeme
  ), matched as (
    select posting.chunk_id, posting.lexeme, posting.form, posting.frequency, term.weight,
      chunk.length, chunk.article_id
    from term
    join posting on posting.lexeme = term.lexeme and posting.form = term.form
    join chunk on chunk.id = posting.chunk_id
    where chunk.live
  ), rarity as (
    select matched.lexeme, matched.form,
      ln(1 + (corpus.chunks - count(*) + 0.5) / (count(*) + 0.5)) as idf
    from matched cross join corpus
    group by matched.lexeme, matched.form, corpus.chunks
  ), scored as (
    select matched.chunk_id, matched.article_id, sum(
      matched.weight * rarity.idf * matched.frequency * ($9::float8 + 1)
      / (matched.frequency + $9::float8 * (1 - $10::float8
        + $10::float8 * matched.length * corpus.chunks / greatest(corpus.lexemes, 1)))) as score
    from matched
    join rarity on rarity.lexeme = matched.lexeme and rarity.form = matched.form
    cross join corpus
    group by matched.chunk_id, matched.article_id
  )
  select scored.chunk_id::text as "chunkId", scored.article_id as "articleId", scored.score::float8
  from scored
  join article on article.id = scored.article_id
  where ${ARTICLE_FILTER}
  order by scored.score desc, scored.chunk_id
  limit $11::integer`

/** BM25 over the live chunks, best first. */
export async function searchKeywords(
  db: Queryable,
  parts: readonly WeightedText[],
  { filters, limit }: SearchOptions,
): Promise<readonly ArmHit[]> {
  const { rows } = await db.query<ArmHit>(SEARCH_KEYWORDS, [
    ...toFilterValues(filters),
    parts.map(({ text }) => text),
    parts.map(({ weight }) => weight),
    K1,
    B,
    limit,
  ])
  return rows
}

import type { Queryable } from '../db/database.ts'
import type { Filters } from '../domain.ts'
import { ARTICLE_FILTER, toFilterValues } from './article-filter.ts'
import { listFewChunks } from './few-chunks.ts'
import { countPhrases, toPhrases } from './phrases.ts'

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
  /** Only this article's chunks are returned; how rare a word is stays a matter of the library. */
  readonly articleId?: string
  /** Postings that are read, where it is to be another number than the service's. */
  readonly maxPostings?: number
}

/** The usual BM25 constants (Robertson and Zaragoza, 2009). */
const K1 = 1.2
const B = 0.75

/**
 * Postings that are read for one question, the rarest term's first. Where those of all its terms fit, as in
 * a library of a few thousand chunks they do, the result is BM25 to the last digit; beyond, it is nine of
 * its ten best and more (bench/search-sizes.ts), at a cost that no longer grows with the library.
 */
const MAX_POSTINGS = 10_000
/** Of each term that no longer fits, the chunks that use it most are candidates. */
const CHAMPIONS = 200
/** Candidates, the best by the terms that were read, for which the common terms are looked up. */
const MAX_RESCORED = 200
/** Beyond these common terms of a long question, one more no longer tells its chunks apart. */
const MAX_COMMON_TERMS = 16
/** Candidates whose text is searched for the phrases of a question. */
const PHRASE_CANDIDATES = 500

/**
 * BM25 over the live chunks, best first; those with a phrase that the question quotes before all others.
 * Must run in a transaction with one snapshot: what is counted and what is read belong together.
 */
export async function searchKeywords(
  db: Queryable,
  parts: readonly WeightedText[],
  options: SearchOptions,
): Promise<readonly ArmHit[]> {
  const terms = await loadTerms(db, parts)
  if (terms.length === 0) return []
  // What an earlier turn quoted is not asked for now.
  const phrases = parts.flatMap(({ text, weight }) => (weight < 1 ? [] : toPhrases(text)))
  if (phrases.length === 0) return rank(db, terms, options)
  const limit = Math.max(options.limit, PHRASE_CANDIDATES)
  const hits = await rank(db, terms, { ...options, limit })
  return (await putPhrasesFirst(db, hits, phrases)).slice(0, options.limit)
}

interface Term {
  readonly lexeme: string
  readonly form: string
  /** Live ones that have it. */
  readonly chunks: number
  /** Its inverse document frequency by the weight of its part. */
  readonly rarity: number
  /** Of the library's chunks. */
  readonly averageLength: number
}

// A word with a digit, a sign inside or a capital behind its first letter also counts as it is written,
// beside its stem. Document frequencies are of the whole library, so that a filter changes which chunks
// are shown and never how rare a word is.
const LOAD_TERMS = `
  with asked as (
    select lexemes.lexeme, lexemes.form, max(part.weight) as weight
    from unnest($1::text[], $2::float8[]) as part (text, weight)
    cross join lateral lexemes_of(part.text) as lexemes
    where lexemes.form = 'stem'
    group by lexemes.lexeme, lexemes.form
    union all
    select lexemes.lexeme, lexemes.form, max(part.weight)
    from unnest($1::text[], $2::float8[]) as part (text, weight)
    cross join lateral regexp_split_to_table(part.text, '\\s+') as word
    cross join lateral lexemes_of(word) as lexemes
    where word ~ '[0-9_]|\\w[-./:]+\\w|\\w[A-Z]' and lexemes.form = 'exact'
    group by lexemes.lexeme, lexemes.form
  )
  select lexeme.lexeme, lexeme.form, lexeme.chunks::float8,
    asked.weight * ln(1 + (corpus.chunks - lexeme.chunks + 0.5) / (lexeme.chunks + 0.5))::float8
      as rarity,
    greatest(corpus.lexemes, 1) / greatest(corpus.chunks, 1)::float8 as "averageLength"
  from asked
  join lexeme on lexeme.lexeme = asked.lexeme and lexeme.form = asked.form
  cross join corpus
  order by lexeme.chunks, lexeme.lexeme, lexeme.form`

/** Those of the question's terms that the library has, the rarest first. */
async function loadTerms(db: Queryable, parts: readonly WeightedText[]): Promise<readonly Term[]> {
  const { rows } = await db.query<Term>(LOAD_TERMS, [
    parts.map(({ text }) => text),
    parts.map(({ weight }) => weight),
  ])
  return rows
}

async function rank(
  db: Queryable,
  terms: readonly Term[],
  { filters, limit, articleId, maxPostings = MAX_POSTINGS }: SearchOptions,
): Promise<readonly ArmHit[]> {
  const read = takeRarest(terms, maxPostings)
  const common = terms.slice(read.length, read.length + MAX_COMMON_TERMS)
  // Those that use a common term most may all lie outside of a narrow filter: what it leaves is gone through.
  const isRead = common.length === 0 && articleId === undefined
  const few = isRead ? null : await listFewChunks(db, filters, articleId)
  return few === null
    ? score(db, { filters, limit, read, common, few, maxPostings })
    : score(db, { filters, limit, read: [], common: [...read, ...common], few, maxPostings })
}

function takeRarest(terms: readonly Term[], maxPostings: number): readonly Term[] {
  let postings = 0
  const end = terms.findIndex(({ chunks }) => (postings += chunks) > maxPostings)
  return end < 0 ? terms : terms.slice(0, end)
}

// Each step takes its rows one by one from an index, and the limits keep it at that: left to itself, the
// planner reads a whole table where it takes a term for commoner than it is. The candidates are sorted
// before the filter is asked, so that it is asked of no more of them than are wanted.
const SCORE = `
  with common as (
    select * from unnest($10::text[], $11::text[], $12::float8[]) as term (lexeme, form, weight)
  ), found as (
    select entry.chunk_id, true as is_read,
      term.weight * entry.frequency / (entry.frequency + $13::float8 + $14::float8 * entry.length)
        as score
    from unnest($7::text[], $8::text[], $9::float8[]) as term (lexeme, form, weight)
    cross join lateral (
      select posting.chunk_id, posting.frequency, posting.length from posting
      where posting.lexeme = term.lexeme and posting.form = term.form
      limit $15::bigint) as entry
    union all
    select entry.chunk_id, false,
      common.weight * entry.frequency
        / (entry.frequency + $13::float8 + $14::float8 * entry.length)
    from common
    cross join lateral (
      (select posting.chunk_id, posting.frequency, posting.length from posting
       where posting.lexeme = common.lexeme and posting.form = common.form
         and posting.frequency >= 3
       order by posting.frequency desc limit $16::integer)
      union
      (select posting.chunk_id, posting.frequency, posting.length from posting
       where posting.lexeme = common.lexeme and posting.form = common.form
       limit $16::integer)) as entry
    where $17::bigint[] is null
    union all
    select few.id, true, 0 from unnest($17::bigint[]) as few (id)
  ), candidate as (
    select found.chunk_id, sum(found.score) as score,
      coalesce(sum(found.score) filter (where found.is_read), 0) as score_read
    from found
    group by found.chunk_id
    order by score desc, found.chunk_id
  ), kept as (
    select candidate.chunk_id, shown.article_id, candidate.score_read
    from candidate
    cross join lateral (
      select chunk.article_id from chunk
      join article on article.id = chunk.article_id
      where chunk.id = candidate.chunk_id and chunk.live and ${ARTICLE_FILTER}
      limit 1) as shown
    order by candidate.score desc, candidate.chunk_id
    limit $18::integer
  ), scored as (
    select kept.chunk_id, kept.article_id,
      kept.score_read + coalesce(looked_up.score, 0) as score
    from kept
    cross join lateral (
      select sum(entry.score) as score
      from common
      cross join lateral (
        select common.weight * posting.frequency
          / (posting.frequency + $13::float8 + $14::float8 * posting.length) as score
        from posting
        where posting.lexeme = common.lexeme and posting.form = common.form
          and posting.chunk_id = kept.chunk_id
        limit 1) as entry) as looked_up
  )
  select scored.chunk_id::text as "chunkId", scored.article_id as "articleId", scored.score
  from scored
  where scored.score > 0
  order by scored.score desc, scored.chunk_id
  limit $19::integer`

interface ScoreOptions extends Pick<SearchOptions, 'filters' | 'limit'> {
  readonly read: readonly Term[]
  readonly common: readonly Term[]
  readonly few: readonly string[] | null
  readonly maxPostings: number
}

async function score(
  db: Queryable,
  { filters, limit, read, common, few, maxPostings }: ScoreOptions,
): Promise<readonly ArmHit[]> {
  const averageLength = (read[0] ?? common[0])?.averageLength ?? 1
  const kept = common.length === 0 ? limit : Math.max(limit, MAX_RESCORED)
  const { rows } = await db.query<ArmHit>(SCORE, [
    ...toFilterValues(filters),
    ...toColumns(read),
    ...toColumns(common),
    K1 * (1 - B),
    (K1 * B) / averageLength,
    maxPostings,
    CHAMPIONS,
    few,
    few?.length ?? kept,
    limit,
  ])
  return rows
}

function toColumns(terms: readonly Term[]): readonly unknown[] {
  return [
    terms.map(({ lexeme }) => lexeme),
    terms.map(({ form }) => form),
    terms.map(({ rarity }) => rarity * (K1 + 1)),
  ]
}

/**
 * A chunk that has a quoted phrase scores the best chunk's score more, so that it stands above each that
 * has not, and still does after the arm's scores are brought to a scale.
 */
async function putPhrasesFirst(
  db: Queryable,
  hits: readonly ArmHit[],
  phrases: readonly string[],
): Promise<readonly ArmHit[]> {
  const ids = hits.map(({ chunkId }) => chunkId)
  const counts = await countPhrases(db, ids, phrases)
  const bonus = hits[0]?.score ?? 0
  return hits
    .map((hit) => ({ ...hit, score: hit.score + bonus * (counts.get(hit.chunkId) ?? 0) }))
    .sort((a, b) => b.score - a.score)
}

// What each query reads, over 10,000 generated chunks, as the planner says: the index that was made for it,
// and none of the large tables whole.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Queryable } from '../src/db/database.ts'
import type { Vector } from '../src/domain.ts'
import {
  adoptRenamedArticles,
  listArticles,
  listArticlesOfOtherModels,
  loadArticle,
  loadRevision,
} from '../src/store/articles.ts'
import { deleteOldAnswers, loadAnswerToRepeat } from '../src/store/answers.ts'
import { loadCorpus, loadCorpusProgress } from '../src/store/corpus.ts'
import { listEvaluations } from '../src/store/evaluations.ts'
import { listLastFeedback } from '../src/store/feedback.ts'
import { listDueFeeds } from '../src/store/feeds.ts'
import { listKeptCases } from '../src/store/kept-cases.ts'
import { countPhrases } from '../src/store/phrases.ts'
import { countLexemes } from '../src/store/postings.ts'
import { loadPublicationDates } from '../src/store/publication-dates.ts'
import { listReviews, openReview } from '../src/store/reviews.ts'
import { searchKeywords } from '../src/store/search-keywords.ts'
import { hasOtherModels, searchVectors } from '../src/store/search-vectors.ts'
import { loadChunkTexts, sentenceSimilarities } from '../src/store/sentences.ts'
import { buildVectorIndex } from '../src/store/vector-index.ts'
import { measureVectorRecall } from '../src/store/vector-recall.ts'
import { openTestDatabase } from './open-test-database.ts'
import { sketchItem } from './store/article-sketch.ts'

const CHUNKS = 10_000
const MODEL = 'test-model'
const LARGE = ['chunk', 'posting', 'lexeme', 'sentence', 'article', 'revision', 'answer']
const VECTOR: Vector = [1, 0, 0, 0, 0, 0, 0, 0]
const ARTICLE = 'art_500'

// Each text has words that stand in nearly all, in some and in one of them.
const GENERATE = [
  `insert into feed (id, url, refresh_minutes) values ('feed', 'https://one.example/feed', 60)`,
  `insert into article (id, feed_id, identity, title, canonical_url, published_at, revision, content_hash)
   select 'art_' || number, 'feed', number::text, 'Title', 'https://one.example/' || number,
     timestamptz '2020-01-01' + number * interval '1 hour', 1, ''
   from generate_series(0, $1::integer / 2 - 1) as number`,
  `insert into revision (article_id, revision, title, text)
   select article.id, 1, 'Title', 'Text' from article`,
  `insert into chunk (article_id, revision, ordinal, heading_path, start_offset, end_offset, text,
     length, embedding_model, embedding)
   select 'art_' || number / 2, 1, number % 2, '{}', 0, 1,
     concat_ws(' ', repeat('common ', 1 + number % 5), 'word' || number % 100, 'only' || number),
     4 + number % 5, 'test-model',
     (select l2_normalize(array_agg(random() - 0.5)::vector) from generate_series(1, 8) where number >= 0)
   from generate_series(0, $1::integer - 1) as number`,
  `insert into sentence (chunk_id, ordinal, start_offset, end_offset, embedding_model, embedding)
   select chunk.id, place, 0, 1, 'test-model', chunk.embedding
   from chunk cross join generate_series(0, 1) as place`,
  `insert into posting (lexeme, form, chunk_id, frequency, length)
   select found.lexeme, found.form, chunk.id, found.frequency, chunk.length
   from chunk cross join lateral lexemes_of('Title ' || chunk.text) as found`,
  `insert into lexeme (lexeme, form, chunks)
   select posting.lexeme, posting.form, count(*) from posting group by 1, 2`,
  `insert into answer (id, created_at, status, question, corpus_revision, body, trace, fingerprint)
   select 'ans_' || number, timestamptz '2026-01-01' + number * interval '1 minute', 'answered', '', 1,
     '{}', '{}', md5(number::text)
   from generate_series(1, 2000) as number`,
  `update corpus set chunks = $1::integer, lexemes = $1::integer * 6`,
]

let database: Awaited<ReturnType<typeof openTestDatabase>>
let someChunks: readonly string[]
/** By all of these tests. */
const used = new Set<string>()

beforeAll(async () => {
  database = await openTestDatabase()
  for (const statement of GENERATE)
    await database.pool.query(statement, statement.includes('$1') ? [CHUNKS] : [])
  const { signal } = new AbortController()
  const built = await buildVectorIndex(database.pool, { model: MODEL, engine: 'embedded', signal })
  expect(built).toBe('built')
  await database.pool.query('vacuum (analyze)')
  const { rows } = await database.pool.query<{ id: string }>(
    'select chunk.id::text from chunk order by chunk.id limit 20',
  )
  someChunks = rows.map(({ id }) => id)
})
afterAll(() => database[Symbol.asyncDispose]())

interface Plan {
  readonly 'Node Type': string
  readonly 'Index Name'?: string
  readonly 'Relation Name'?: string
  readonly Plans?: readonly Plan[]
}

interface Reads {
  /** Names of indexes. */
  readonly indexes: readonly string[]
  /** Tables that are gone through whole. */
  readonly whole: readonly string[]
}

/** What the statements that a store function sends would read; they are run as well, and undone. */
async function readsOf(
  work: (db: Queryable) => Promise<unknown>,
  { hasFewRows = false } = {},
): Promise<Reads> {
  const plans: Plan[] = []
  const client = await database.pool.connect()
  const explaining = {
    query: async (text: string, values: unknown[]) => {
      const explained = await client.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
        'explain (format json) ' + text,
        values,
      )
      plans.push(...explained.rows.map((row) => row['QUERY PLAN'][0].Plan))
      return client.query(text, values)
    },
  }
  await client.query('begin')
  try {
    // Of a few rows all are read at once, whatever indexes there are.
    if (hasFewRows) await client.query('set local enable_seqscan = off')
    await work(explaining as unknown as Queryable)
  } finally {
    await client.query('rollback')
    client.release()
  }
  const nodes = plans.flatMap(function nodesOf(plan): Plan[] {
    return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]
  })
  const indexes = [...new Set(nodes.flatMap((node) => node['Index Name'] ?? []))].toSorted()
  for (const index of indexes) used.add(index)
  const whole = nodes
    .filter((node) => node['Node Type'] === 'Seq Scan')
    .flatMap((node) => node['Relation Name'] ?? [])
  return { indexes, whole: whole.filter((table) => LARGE.includes(table)) }
}

const keywords = (text: string, options: object = {}) => {
  const all = { filters: {}, limit: 50, ...options }
  return (db: Queryable) => searchKeywords(db, [{ text, weight: 1 }], all)
}

const vectors = (options: object = {}) => {
  const all = { filters: {}, limit: 50, model: MODEL, ...options }
  return (db: Queryable) => searchVectors(db, VECTOR, all)
}

const WHOLE_QUESTION = { vector: VECTOR, partVectors: [], model: MODEL }
const BEHIND = { publishedAt: new Date('2020-03-01'), id: ARTICLE }
const VECTOR_INDEX = 'the index of vectors'

interface Asking {
  readonly name: string
  readonly ask: (db: Queryable) => Promise<unknown>
  /** Made for it. */
  readonly indexes: readonly string[]
  /** Of the large tables, those that are gone through. */
  readonly whole?: readonly string[]
}

const ASKING: readonly Asking[] = [
  {
    name: 'rare words',
    ask: keywords('only77 word5'),
    indexes: ['article_pkey', 'chunk_pkey', 'lexeme_pkey', 'posting_pkey'],
  },
  {
    name: 'rare and common words',
    ask: keywords('common title only77', { maxPostings: 100 }),
    indexes: ['article_pkey', 'chunk_pkey', 'lexeme_pkey', 'posting_frequent', 'posting_pkey'],
  },
  {
    name: 'the words of one article',
    ask: keywords('common only77', { articleId: ARTICLE }),
    indexes: [
      'article_pkey',
      'chunk_article_id_revision_ordinal_key',
      'chunk_pkey',
      'lexeme_pkey',
      'posting_pkey',
    ],
  },
  {
    name: 'phrases',
    ask: (db) => countPhrases(db, someChunks, ['word']),
    indexes: ['article_pkey', 'chunk_pkey'],
  },
  { name: 'vectors', ask: vectors(), indexes: ['article_pkey', VECTOR_INDEX] },
  {
    name: 'vectors under a broad filter',
    ask: vectors({ filters: { publishedAfter: new Date('2020-01-08') } }),
    indexes: ['article_pkey', 'chunk_article_id_revision_ordinal_key', VECTOR_INDEX],
    // Begun, and left as soon as enough has passed.
    whole: ['article'],
  },
  {
    name: 'the vectors of one article',
    ask: vectors({ articleId: ARTICLE }),
    indexes: ['article_pkey', 'chunk_article_id_revision_ordinal_key'],
  },
  {
    name: 'vectors of other models',
    ask: (db) => hasOtherModels(db, MODEL),
    indexes: ['chunk_live_model'],
  },
  {
    name: 'what has to be embedded again',
    ask: (db) => listArticlesOfOtherModels(db, MODEL),
    indexes: ['chunk_live_model'],
  },
  {
    name: 'the texts that were found',
    ask: (db) => loadChunkTexts(db, someChunks, { ...WHOLE_QUESTION, exclude: [] }),
    indexes: ['article_pkey', 'chunk_pkey', 'sentence_chunk_id_ordinal_key'],
  },
  {
    name: 'sentences beside an answer',
    ask: (db) => sentenceSimilarities(db, [VECTOR], { sentenceIds: ['1', '2'], model: MODEL }),
    indexes: ['sentence_pkey'],
  },
  { name: 'the state of the library', ask: loadCorpus, indexes: [] },
  {
    name: 'dates of publication',
    ask: (db) => loadPublicationDates(db, [ARTICLE]),
    indexes: ['article_pkey'],
  },
  { name: 'an article', ask: (db) => loadArticle(db, ARTICLE), indexes: ['article_pkey'] },
  { name: 'a revision', ask: (db) => loadRevision(db, ARTICLE, 1), indexes: ['revision_pkey'] },
  {
    name: 'an answer to repeat',
    ask: (db) => loadAnswerToRepeat(db, 'fingerprint'),
    indexes: ['answer_fingerprint'],
  },
  {
    name: 'the newest articles',
    ask: (db) => listArticles(db, {}, { after: null, limit: 20 }),
    indexes: ['article_live_published'],
  },
  {
    name: 'the articles behind them',
    ask: (db) => listArticles(db, {}, { after: BEHIND, limit: 20 }),
    indexes: ['article_live_published'],
  },
]

describe('a query over 10,000 chunks', () => {
  it.each(ASKING)('for $name reads by the indexes made for it', async (asking) => {
    const { indexes, whole } = await readsOf(asking.ask)
    const named = indexes.map((index) =>
      index.startsWith('chunk_embedding_') ? VECTOR_INDEX : index,
    )
    expect(named).toEqual(expect.arrayContaining([...asking.indexes]))
    expect(whole).toEqual(asking.whole ?? [])
  })

  it('for the recall of the index of vectors holds it against all chunks', async () => {
    const { indexes, whole } = await readsOf((db) => measureVectorRecall(db, MODEL, 0.5))
    expect(indexes.filter((index) => index.startsWith('chunk_embedding_'))).toHaveLength(1)
    // The one query that reads them all, and none that is asked.
    expect(whole).toContain('chunk')
  })
})

describe('every index', () => {
  const OTHERS: readonly (readonly [string, (db: Queryable) => Promise<unknown>])[] = [
    ['posting_chunk', (db) => countLexemes(db, [ARTICLE], -1)],
    ['feed_due', (db) => listDueFeeds(db)],
    ['refresh_feed', (db) => loadCorpusProgress(db)],
    ['evaluation_created', (db) => listEvaluations(db, { limit: 20 })],
    [
      'answer_created',
      (db) => deleteOldAnswers(db, { before: new Date(0), keptRuns: [], limit: 20 }),
    ],
    ['feedback_answer', (db) => listLastFeedback(db, ['answer'])],
    ['review_listed', (db) => listReviews(db, 'open', { after: null, limit: 20 })],
    [
      'review_question',
      (db) =>
        openReview(db, { question: 'a', questionKey: 'a', reasons: ['refused'], reopens: false }),
    ],
    ['kept_case_created', (db) => listKeptCases(db, { after: null, limit: 20 })],
    [
      'article_canonical_url',
      (db) =>
        adoptRenamedArticles(db, 'feed', [
          {
            item: sketchItem({ guid: 'new' }),
            canonicalUrl: 'https://one.example/7',
            contentHash: 'new',
          },
        ]),
    ],
  ]

  it.each(OTHERS)('%s has a query that reads by it', async (index, work) => {
    expect((await readsOf(work, { hasFewRows: true })).indexes).toContain(index)
  })

  // What is deleted takes its rows in other tables along, or leaves them: these are found by their keys.
  it('keeps a rule, or is what a query or a foreign key finds its rows by', async () => {
    const { rows } = await database.pool.query<{ name: string }>(
      `select pg_class.relname as name
       from pg_index
       join pg_class on pg_class.oid = pg_index.indexrelid
       where pg_class.relnamespace = 'public'::regnamespace and not pg_index.indisunique
         and not exists (select 1 from pg_constraint
           where pg_constraint.conrelid = pg_index.indrelid and pg_constraint.contype = 'f'
             and pg_constraint.conkey[1] = pg_index.indkey[0]
             and cardinality(pg_constraint.conkey) = 1)
       order by pg_class.relname`,
    )
    const names = rows.map(({ name }) => name)
    expect(names).toContain('article_live_published')
    expect(names.filter((name) => !used.has(name))).toEqual([])
  })
})

// A library of any size, made in the database: words whose frequencies fall as they do in texts (Zipf), the
// words of the handbook and of the questions among them, and vectors each mixed of those of three
// sentences of the handbook and some noise. The same for the same seed.
import { readdirSync, readFileSync } from 'node:fs'
import { createRandom, seededShuffle, type Random } from '../eval/seeded-random.ts'
import type { Database, Queryable } from '../src/db/database.ts'
import type { Vector } from '../src/domain.ts'
import { toVectorText } from '../src/store/search-vectors.ts'

const HANDBOOK = new URL('../docs/handbook/', import.meta.url)
const VOCABULARY = 60_000
/** Zipf and Mandelbrot's shift: the commonest content word stands in half of the real feed's chunks, too. */
const SHIFT = 6
/** As in the real feed: a chunk of 76 lexemes on average, articles of 14 chunks. */
const TITLE_WORDS = 4
const MIN_WORDS = 40
const MAX_WORDS = 104
const CHUNKS_PER_ARTICLE = 14
const BATCH = 7_000
const NOISE_VECTORS = 5_000
/** Beside vectors of unit length. With as much noise as text no two chunks are near, as no two texts are. */
const NOISE = 0.2
const SENTENCES_PER_CHUNK = 7

export function readHandbook(): readonly string[] {
  return readdirSync(HANDBOOK)
    .filter((name) => name.endsWith('.md'))
    .flatMap((name) => readFileSync(new URL(name, HANDBOOK), 'utf8').split(/\n{2,}|(?<=\.)\s/))
    .map((text) => text.replace(/\s+/g, ' ').trim())
    .filter((text) => /^[A-Z].{40,300}$/.test(text))
}

interface LibraryOptions {
  readonly model: string
  readonly embed: (texts: readonly string[]) => Promise<readonly Vector[]>
  readonly questions: readonly string[]
}

/** The tables that chunks are made from, and the feed that they belong to. */
export async function prepareLibrary(
  db: Queryable,
  { embed, questions }: LibraryOptions,
): Promise<readonly string[]> {
  const sentences = readHandbook()
  const vectors = await embed(sentences)
  await db.query(
    `insert into feed (id, url, refresh_minutes, status)
     values ('generated', 'https://generated.example/feed', 60, 'paused')`,
  )
  await db.query('create table bench_center (id integer primary key, embedding vector not null)')
  await db.query(
    `insert into bench_center select given.id, given.vector::vector
     from unnest($1::text[]) with ordinality as given (vector, id)`,
    [vectors.map(toVectorText)],
  )
  await db.query(
    `create table bench_noise as
     select number as id, l2_normalize((
       select array_agg(random() - 0.5) from generate_series(1, $2::integer) as place
       where number > 0 or place < 0)::vector) as embedding
     from generate_series(1, $1::integer) as number`,
    [NOISE_VECTORS, vectors[0]?.length ?? 0],
  )
  await db.query('alter table bench_noise add primary key (id)')
  await db.query(
    `create function bench_scaled(real, vector) returns vector language sql immutable
     as 'select array_fill($1, array[vector_dims($2)])::vector * $2'`,
  )
  return chooseWords(db, [...sentences, ...questions])
}

/** Real words over all frequencies, since a question has rare ones and common ones; the rest is made up. */
async function chooseWords(db: Queryable, texts: readonly string[]): Promise<readonly string[]> {
  const counts = new Map<string, number>()
  for (const word of texts
    .join(' ')
    .toLowerCase()
    .match(/[a-z]{3,}/g) ?? [])
    counts.set(word, (counts.get(word) ?? 0) + 1)
  const { rows } = await db.query<{ word: string }>(
    `select word from unnest($1::text[]) as word
     where cardinality(tsvector_to_array(to_tsvector('english', word))) = 1`,
    [[...counts.keys()]],
  )
  const real = rows
    .map(({ word }) => word)
    .sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0) || (a < b ? -1 : 1))
  const spread = Math.log(VOCABULARY) / Math.log(real.length + 1)
  const words = new Map(real.map((word, at) => [Math.floor((at + 1) ** spread), word]))
  return Array.from({ length: VOCABULARY }, (_, at) => words.get(at + 1) ?? madeUp(at))
}

const SYLLABLES = [
  'ba',
  'ke',
  'lo',
  'mi',
  'nu',
  'pa',
  're',
  'so',
  'ti',
  'vu',
  'za',
  'do',
  'fe',
  'gi',
]

function madeUp(at: number): string {
  let word = 'q'
  for (let left = at + SYLLABLES.length ** 2; left > 0; left = Math.floor(left / SYLLABLES.length))
    word += SYLLABLES[left % SYLLABLES.length] ?? ''
  return word
}

interface GrowOptions {
  readonly model: string
  readonly words: readonly string[]
  readonly from: number
  readonly to: number
}

/** Adds chunks with their postings and counts, and leaves the tables vacuumed and analysed. */
export async function growLibrary(database: Database, options: GrowOptions): Promise<void> {
  const indexes = await dropIndexes(database.pool)
  await insertChunks(database.pool, options)
  await insertPostings(database, options)
  for (const statement of indexes) await slowly(database, statement)
  await slowly(database, 'truncate lexeme')
  await slowly(
    database,
    `insert into lexeme (lexeme, form, chunks)
     select posting.lexeme, posting.form, count(*) from posting group by 1, 2`,
  )
  await slowly(
    database,
    `update corpus set revision = corpus.revision + 1, chunks = counted.chunks, lexemes = counted.lexemes
     from (select count(*) as chunks, sum(chunk.length) as lexemes from chunk) as counted`,
  )
  for (const table of ['chunk', 'article', 'posting', 'lexeme'])
    await slowly(database, 'vacuum (analyze) ' + table)
}

/** Without foreign keys and without a limit on its time. */
async function slowly(database: Pick<Database, 'pool'>, text: string, values: unknown[] = []) {
  const client = await database.pool.connect()
  try {
    await client.query(
      `set statement_timeout = 0; set session_replication_role = replica;
       set work_mem = '512MB'; set maintenance_work_mem = '3GB'`,
    )
    await client.query(text, values)
  } finally {
    client.release(true)
  }
}

/** An index that is there while rows come takes several times as long as one that is made behind them. */
async function dropIndexes(db: Queryable): Promise<readonly string[]> {
  const { rows } = await db.query<{ drop: string; create: string }>(
    `select format('alter table %I drop constraint %I', 'posting', conname) as drop,
       format('alter table %I add constraint %I %s', 'posting', conname, pg_get_constraintdef(oid))
         as create
     from pg_constraint where conrelid = 'posting'::regclass and contype = 'p'
     union all
     select format('drop index %I', relname), pg_get_indexdef(indexrelid)
     from pg_index join pg_class on pg_class.oid = pg_index.indexrelid
     where (indrelid = 'posting'::regclass and not indisprimary)
       or (indrelid = 'chunk'::regclass and relname like 'chunk\\_embedding\\_%')`,
  )
  for (const { drop } of rows) await db.query(drop)
  return rows.map(({ create }) => create).filter((create) => !create.includes('hnsw'))
}

async function insertChunks(db: Queryable, { model, words, from, to }: GrowOptions): Promise<void> {
  const { rows: centers } = await db.query<{ count: number }>(
    'select count(*)::integer as count from bench_center',
  )
  const below = centers[0]?.count ?? 1
  for (let first = from; first < to; first += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, to - first) }, (_, at) => first + at)
    const random = createRandom(first + 1)
    const draw = (limit: number) => 1 + Math.floor(random() * limit)
    const articles = [...new Set(numbers.map((at) => Math.floor(at / CHUNKS_PER_ARTICLE)))]
    const titles = articles.map(() => drawWords(words, random, TITLE_WORDS))
    const titleOf = new Map(articles.map((article, at) => [article, titles[at] ?? '']))
    await db.query(
      `insert into article (id, feed_id, identity, title, url, published_at, revision, content_hash)
       select 'art_' || given.number, 'generated', given.number::text, given.title,
         'https://generated.example/' || given.number,
         timestamptz '2020-01-01' + given.number * interval '1 hour', 1, ''
       from unnest($1::integer[], $2::text[]) as given (number, title)
       on conflict (id) do nothing`,
      [articles, titles],
    )
    const texts = numbers.map(() =>
      drawWords(words, random, MIN_WORDS + draw(MAX_WORDS - MIN_WORDS)),
    )
    await db.query(
      `insert into chunk (article_id, revision, ordinal, heading_path, start_offset, end_offset, text,
         length, embedding_model, embedding)
       select 'art_' || given.number / $8::integer, 1, given.number % $8::integer, '{}', 0,
         char_length(given.text), given.text, given.length, $7::text, l2_normalize(
           one.embedding + bench_scaled(given.share, other.embedding) + bench_scaled(given.share_of_third, third.embedding)
             + bench_scaled($10::real, noise.embedding))
       from unnest($1::integer[], $2::text[], $3::integer[], $4::integer[], $5::integer[],
         $6::real[], $9::integer[], $11::integer[], $12::real[])
         as given (number, text, one, other, noise, share, length, third, share_of_third)
       join bench_center as one on one.id = given.one
       join bench_center as other on other.id = given.other
       join bench_center as third on third.id = given.third
       join bench_noise as noise on noise.id = given.noise
       order by given.number`,
      [
        numbers,
        texts,
        numbers.map(() => draw(below)),
        numbers.map(() => draw(below)),
        numbers.map(() => draw(NOISE_VECTORS)),
        numbers.map(() => random()),
        model,
        CHUNKS_PER_ARTICLE,
        numbers.map((at, place) =>
          countWords(titleOf.get(Math.floor(at / CHUNKS_PER_ARTICLE)), texts[place]),
        ),
        NOISE,
        numbers.map(() => draw(below)),
        numbers.map(() => random()),
      ],
    )
  }
}

function drawWords(words: readonly string[], random: Random, count: number): string {
  const scale = Math.log((words.length + SHIFT) / SHIFT)
  const draw = () => words[Math.floor(SHIFT * Math.exp(random() * scale) - SHIFT)] ?? ''
  return Array.from({ length: count }, draw).join(' ')
}

function countWords(...texts: readonly (string | undefined)[]): number {
  return texts.reduce((sum, text = '') => sum + text.split(' ').length, 0)
}

async function insertPostings(
  database: Database,
  { from }: Pick<GrowOptions, 'from'>,
): Promise<void> {
  const { rows } = await database.pool.query<{ low: number; high: number }>(
    `select min(chunk.id)::integer as low, max(chunk.id)::integer as high from chunk
     where chunk.id not in (select chunk.id from chunk order by chunk.id limit $1::integer)`,
    [from],
  )
  const { low, high } = rows[0] ?? { low: 1, high: 0 }
  const ranges: (readonly [number, number])[] = []
  for (let at = low; at <= high; at += BATCH) ranges.push([at, Math.min(high, at + BATCH - 1)])
  const work = async () => {
    for (let range = ranges.shift(); range !== undefined; range = ranges.shift())
      await slowly(
        database,
        `insert into posting (lexeme, form, chunk_id, frequency, length)
         select found.lexeme, found.form, chunk.id, found.frequency, chunk.length
         from chunk join article on article.id = chunk.article_id
         cross join lateral lexemes_of(concat_ws(' ', article.title, chunk.text)) as found
         where chunk.id between $1::integer and $2::integer`,
        [...range],
      )
  }
  await Promise.all([work(), work()])
}

/** Sentences only where they will be read: those of the whole library would take most of a disk. */
export async function addSentences(
  database: Pick<Database, 'pool'>,
  chunkIds: readonly string[],
): Promise<void> {
  await slowly(
    database,
    `insert into sentence (chunk_id, ordinal, start_offset, end_offset, embedding_model, embedding)
     select chunk.id, place, chunk.end_offset * place / $2::integer,
       chunk.end_offset * (place + 1) / $2::integer, chunk.embedding_model, chunk.embedding
     from chunk cross join generate_series(0, $2::integer - 1) as place
     where chunk.id = any($1::bigint[])
     on conflict (chunk_id, ordinal) do nothing`,
    [chunkIds, SENTENCES_PER_CHUNK],
  )
  await slowly(database, 'vacuum (analyze) sentence')
}

export function sample<Value>(values: readonly Value[], count: number): readonly Value[] {
  return seededShuffle(values, 1).slice(0, count)
}

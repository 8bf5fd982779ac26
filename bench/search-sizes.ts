// How the search grows with the library: the whole of it, its parts, and the bare steps beside it, with the
// recall of both indexes. On a Postgres server of its own, whose database it fills:
//   npx tsx bench/with-postgres.ts npx tsx bench/search-sizes.ts 10000 100000
// 1,000,000 as a third size takes some 30 GB of disk and an hour.
import { loadSet } from '../eval/set-folder.ts'
import { bringUpEmbedding } from '../src/bring-up-models.ts'
import { loadConfig } from '../src/config.ts'
import { transaction, type Queryable } from '../src/db/database.ts'
import { migrate } from '../src/db/migrate.ts'
import { openDatabase, openOwnerPool } from '../src/db/open-database.ts'
import type { Vector } from '../src/domain.ts'
import { createLogger } from '../src/logger.ts'
import { createModelStore } from '../src/models/model-store.ts'
import { Readiness } from '../src/readiness.ts'
import { splitQuestion } from '../src/retrieval/question-parts.ts'
import { createSearch } from '../src/retrieval/search.ts'
import { searchKeywords } from '../src/store/search-keywords.ts'
import { searchVectors, toVectorText } from '../src/store/search-vectors.ts'
import { buildVectorIndex, hasVectorIndex } from '../src/store/vector-index.ts'
import { measureVectorRecall } from '../src/store/vector-recall.ts'
import { addSentences, growLibrary, prepareLibrary, sample } from './generated-library.ts'
import { percentile } from './start-bench-service.ts'

const QUESTIONS = 100
/** The best of them counts for each question, since the machine is shared. */
const ROUNDS = 5
const COMPARED = 20
const PER_ARM = 50

const sizes = process.argv.slice(2).map(Number)
const config = loadConfig(process.env)
const url = config.databaseUrl
if (url === undefined || sizes.length === 0)
  throw new Error('Give it a server and sizes: see the head of this file.')
const { signal } = new AbortController()
const database = openDatabase({ url, dataDir: '', onError: (error) => console.error(error) })
const embedding = await bringUpEmbedding({
  config,
  store: createModelStore({ dir: config.modelsDir }),
  readiness: new Readiness(),
  logger: createLogger('error'),
  signal,
})
if (embedding === undefined) throw new Error('There is no embedding model.')
const { id: model } = embedding
const sets = await Promise.all(['handbook', 'glad-labs'].map((name) => loadSet(name)))
// A question of two parts is searched three times.
const questions = sample(
  sets
    .flatMap(({ cases }) => cases.map(({ question }) => question))
    .filter((question) => splitQuestion(question).length === 0),
  QUESTIONS,
)
const search = createSearch({
  database,
  embedding: () => embedding,
  embeddingId: model,
  vectorWeight: 0.6,
  onDegraded: (error) => {
    throw error
  },
})

const read = <T>(work: (client: Queryable) => Promise<T>) =>
  transaction(database, work, { isReadOnly: true })

async function timed<T>(work: () => Promise<T>): Promise<readonly [number, T]> {
  const startedAt = performance.now()
  const result = await work()
  return [performance.now() - startedAt, result]
}

const keywordsOf = (question: string, maxPostings?: number) =>
  read((client) =>
    searchKeywords(client, [{ text: question, weight: 1 }], {
      filters: {},
      limit: PER_ARM,
      ...(maxPostings === undefined ? {} : { maxPostings }),
    }),
  )

/** The question to the index alone, with the same settings: no filter, no articles, no other statement. */
const bareIndex = (vector: Vector) =>
  read(async (client) => {
    await hasVectorIndex(client, model)
    const [ms] = await timed(() =>
      client.query(
        `select chunk.id::text from chunk where chunk.live and chunk.embedding_model = $2::text
         order by vector(chunk.embedding, $3::integer, true) <#> $1::vector limit $4::integer`,
        [toVectorText(vector), model, vector.length, PER_ARM],
      ),
    )
    return ms
  })

const exactly = async (vector: Vector) => {
  const { rows } = await database.pool.query<{ id: string }>(
    `select chunk.id::text from chunk where chunk.live and chunk.embedding_model = $2::text
     order by chunk.embedding <#> $1::vector limit $3::integer`,
    [toVectorText(vector), model, PER_ARM],
  )
  return rows.map(({ id }) => id)
}

const STEPS = ['bare embedding', 'bare index', 'keyword arm', 'vector arm', 'search'] as const
type Times = Readonly<Record<(typeof STEPS)[number], number>>

async function askOnce(question: string): Promise<Times> {
  const [embedMs, vector] = await timed(() => embedding!.embedQuestion(question, { signal }))
  const indexMs = await bareIndex(vector)
  const [keywordMs] = await timed(() => keywordsOf(question))
  const options = { filters: {}, model, limit: PER_ARM }
  const [vectorMs] = await timed(() => read((client) => searchVectors(client, vector, options)))
  const [searchMs] = await timed(() => search({ question, filters: {}, signal }))
  return {
    'bare embedding': embedMs,
    'bare index': indexMs,
    'keyword arm': keywordMs,
    'vector arm': vectorMs,
    search: searchMs,
  }
}

/** The least of each step, question by question. */
async function askEach(): Promise<readonly Times[]> {
  const all: Times[] = []
  for (const question of questions) {
    const rounds: Times[] = []
    for (let round = 0; round < ROUNDS; round += 1) rounds.push(await askOnce(question))
    const least = (step: (typeof STEPS)[number]) => Math.min(...rounds.map((each) => each[step]))
    all.push(Object.fromEntries(STEPS.map((step) => [step, least(step)])) as Times)
  }
  return all
}

function describe(values: readonly number[]): string {
  return `p50 ${percentile(values, 0.5).toFixed(2)}, p95 ${percentile(values, 0.95).toFixed(2)}`
}

/** Shares of the ten best that are among the ten best of the exact way. */
async function compareWithExact() {
  let keyword = 0
  let vector = 0
  let exactMs = 0
  for (const question of questions.slice(0, COMPARED)) {
    keyword += share(await keywordsOf(question), await keywordsOf(question, 1e9))
    const asked = await embedding!.embedQuestion(question, { signal })
    const [ms, exact] = await timed(() => exactly(asked))
    const found = await read((client) =>
      searchVectors(client, asked, { filters: {}, model, limit: PER_ARM }),
    )
    vector += share(
      found,
      exact.map((chunkId) => ({ chunkId })),
    )
    exactMs += ms
  }
  let stored = 0
  for (let at = 0; at < COMPARED; at += 1)
    stored += (await read((client) => measureVectorRecall(client, model, at / COMPARED))) ?? 0
  const mean = (sum: number) => (sum / COMPARED).toFixed(3)
  return {
    'keyword, of plain BM25': mean(keyword),
    'vector, of questions': mean(vector),
    'vector, of chunks': mean(stored),
    'exact search, ms': mean(exactMs),
  }
}

function share(
  found: readonly { readonly chunkId: string }[],
  exact: readonly { readonly chunkId: string }[],
): number {
  const best = exact.slice(0, 10).map(({ chunkId }) => chunkId)
  const ids = new Set(found.slice(0, 10).map(({ chunkId }) => chunkId))
  return best.length === 0 ? 1 : best.filter((id) => ids.has(id)).length / best.length
}

await migrate(database.pool, 'up')
await database.pool.query(`alter database postgres set maintenance_work_mem = '3GB'`)
await database.pool.query(`alter system set max_wal_size = '8GB'`)
await database.pool.query('select pg_reload_conf()')
const embed = (texts: readonly string[]) => embedding.embedTexts(texts, { signal })
const words = await prepareLibrary(database.pool, { model, embed, questions })
let size = 0
const p95s: number[] = []
for (const to of sizes) {
  const [growMs] = await timed(() => growLibrary(database, { model, words, from: size, to }))
  size = to
  const owner = openOwnerPool(url)
  const [indexMs, state] = await timed(() =>
    buildVectorIndex(owner, { model, engine: 'server', signal, indexedFrom: 1_000 }),
  )
  await owner.end()
  const { rows } = await database.pool.query<{ table: string; mb: number }>(
    `select relname as table, (pg_total_relation_size(oid) / 1e6)::integer as mb from pg_class
     where relname in ('posting', 'chunk', 'lexeme') or relname like 'chunk\\_embedding\\_%'`,
  )
  console.log(
    `\n${size} chunks: filled in ${(growMs / 1000).toFixed(0)} s, index ${state} in ${(indexMs / 1000).toFixed(0)} s`,
  )
  console.log(rows.map(({ table, mb }) => `${table} ${mb} MB`).join(', '))
  const candidates = new Set<string>()
  for (const question of questions) {
    const found = await search({ question, filters: {}, signal })
    for (const { chunkId } of found.chunks) candidates.add(chunkId)
  }
  await addSentences(database, [...candidates])
  for (const question of questions) await askOnce(question)
  const times = await askEach()
  const of = (step: (typeof STEPS)[number]) => times.map((each) => each[step])
  for (const step of STEPS) console.log(step.padEnd(16), describe(of(step)), 'ms')
  const bare = of('bare embedding').map((ms, at) => ms + (of('bare index')[at] ?? 0))
  console.log(
    'search over bare embedding and index:',
    describe(of('search').map((ms, at) => ms / (bare[at] ?? 1))),
  )
  const p95 = percentile(of('search'), 0.95)
  const before = p95s.at(-1)
  if (before !== undefined) console.log(`growth of p95: ${(p95 / before).toFixed(2)}`)
  p95s.push(p95)
  console.log(await compareWithExact())
}
await embedding.close()
await database.close()

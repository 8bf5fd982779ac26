// How well the search finds, arm by arm, over the real ingest and the real search.
//   npx tsx bench/retrieval.ts ../shared/corpora/scifact       a corpus in BEIR form, each document an article
//   npx tsx bench/retrieval.ts glad-labs --split test          a golden set, with the evidence in the context
// DATA_DIR keeps what was read for the next run, a folder for each corpus. --weight W fuses by another
// weight than the calibrated one, --arm NAME (again and again) asks fewer arms beside fused, --cost tells
// what sentence vectors take. CHAT_MODEL, none here by default, is whose tokens are counted. The arms
// bm25-… need what bench/reference-bm25.py says.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { ArticleSpan, CandidateRank } from '../eval/case-answer.ts'
import { isAnswerable, SPLITS, type GoldenCase } from '../eval/golden-case.ts'
import { articleTexts } from '../eval/library.ts'
import { scoreContext, type SearchArm } from '../eval/retrieval-metrics.ts'
import { listSets, loadSet } from '../eval/set-folder.ts'
import { vectorWeightOf } from '../src/answering/calibration.ts'
import type { EmbeddingModel } from '../src/models/embedding.ts'
import type { Services } from '../src/services.ts'
import { listChunkIds, listGuids, type ArticleText } from '../src/store/library-texts.ts'
import { searchKeywords } from '../src/store/search-keywords.ts'
import { searchVectors } from '../src/store/search-vectors.ts'
import { loadChunkTexts, type ChunkText } from '../src/store/sentences.ts'
import { loadBeirCorpus, writeFeeds } from './beir-corpus.ts'
import { loadStorage, measureEmbedding, textOf } from './library-costs.ts'
import { openBenchServices } from './open-bench-services.ts'
import { rankByReference } from './reference-bm25.ts'
import {
  askService,
  fromBeir,
  fromGolden,
  onlyHitsOf,
  packFound,
  rankedCandidates,
  stockCandidates,
  withoutSentenceVectors,
  wordsOf,
  type BenchQuestion,
  type ServiceFound,
} from './retrieval-arms.ts'
import { scoreArm, tabulate, tabulatePairs, toTable, type Figures } from './retrieval-figures.ts'
import { median, percentile, REAL_FEED } from './start-bench-service.ts'
import { embedStock, findStock, packWhole, splitStock, type StockHit } from './stock-chunks.ts'

/** As many as an arm of the service gives. */
const CANDIDATES = 50
const BUDGETS = [300, 400, 600, 800]
const TIMED_QUESTIONS = 100
const COST_ARTICLES = 60
const PAIRED = ['hit@1', 'recall@5', 'MRR@10', 'nDCG@10']

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    split: { type: 'string' },
    weight: { type: 'string' },
    arm: { type: 'string', multiple: true },
    cost: { type: 'boolean', default: false },
  },
})
const { signal } = new AbortController()
const startedAt = performance.now()

function tell(text: string): void {
  console.error(`${((performance.now() - startedAt) / 1000).toFixed(0)} s: ${text}`)
}

interface Subject {
  readonly name: string
  readonly questions: readonly BenchQuestion[]
  readonly feedsIn: (dataDir: string) => readonly string[]
  /** A BEIR document is its title and its text; the stock pipeline is given an article's text alone. */
  readonly isTitleText: boolean
  /** Guids that the library must hold, and whether it may hold others. */
  readonly guids: readonly string[]
  readonly isWhole: boolean
}

async function loadSubject(): Promise<Subject> {
  const [name] = positionals
  if (name === undefined) throw new Error('Name a golden set, or a folder of a corpus.')
  if ((await listSets()).includes(name)) return loadGolden(name)
  if (!existsSync(name)) throw new Error(`There is neither a golden set nor a folder ${name}.`)
  const { documents, queries } = loadBeirCorpus(name)
  return {
    name,
    questions: queries.map((query) => fromBeir(query, signal)),
    feedsIn: (dataDir) => writeFeeds(join(dataDir, 'feeds'), documents),
    isTitleText: true,
    guids: documents.map(({ id }) => id),
    isWhole: true,
  }
}

async function loadGolden(name: string): Promise<Subject> {
  const { split } = values
  if (split !== undefined && !SPLITS.some((each) => each === split)) {
    throw new Error(`--split is ${SPLITS.join(' or ')}.`)
  }
  const { cases, articles } = await loadSet(name)
  const asked = cases.filter(
    (golden) => isAnswerable(golden) && (split === undefined || golden.split === split),
  )
  return {
    name: split === undefined ? name : `${name}, ${split} half`,
    questions: asked.map((golden) => fromGolden(golden, signal)),
    feedsIn: () => (name === 'handbook' ? [] : [REAL_FEED]),
    isTitleText: false,
    guids: Object.keys(articles),
    isWhole: false,
  }
}

const subject = await loadSubject()
const { questions } = subject
const CHAT_MODEL = process.env['CHAT_MODEL'] || 'none'
await using bench = await openBenchServices(
  { CHAT_MODEL },
  { feedsIn: subject.feedsIn, onProgress: tell },
)
const { services } = bench
const { pool } = services.database
const embedding = requireEmbedding(services)
const guids = await listGuids(pool)
checkLibrary()
const vectorWeight = values.weight === undefined ? undefined : Number(values.weight)
const weight = vectorWeight ?? vectorWeightOf(services.calibration, embedding.id)

function requireEmbedding({ evaluation }: Services): EmbeddingModel {
  const model = evaluation.embedding()
  if (model === undefined) throw new Error('The embedding model did not open.')
  return model
}

function checkLibrary(): void {
  const held = new Set(guids.values())
  const missing = subject.guids.filter((guid) => !held.has(guid)).length
  const strangers = held.size + missing - subject.guids.length
  if (missing === subject.guids.length || (subject.isWhole && strangers > 0)) {
    throw new Error('DATA_DIR holds another library: give each corpus a folder of its own.')
  }
  if (missing > 0) console.log(`${missing} of ${subject.guids.length} articles are not there.`)
}

function isAsked(arm: string): boolean {
  return values.arm === undefined || values.arm.includes(arm)
}

const chosen = new Map<string, Figures>()

async function askArms(): Promise<readonly ServiceFound[]> {
  const found: ServiceFound[] = []
  for (const question of questions) {
    found.push(await askService(question, { services, guids, vectorWeight }))
    if (found.length % 100 === 0) tell(`${found.length} of ${questions.length} questions searched`)
  }
  for (const arm of ['keyword', 'vector', 'fused'] as const) {
    if (arm !== 'fused' && !isAsked(arm)) continue
    const candidates = found.map((each) => onlyHitsOf(each.candidates, arm))
    addArm(arm, { candidates, scoredBy: arm })
  }
  return found
}

interface ArmFound {
  /** Of each question. */
  readonly candidates: readonly (readonly CandidateRank[])[]
  readonly scoredBy?: SearchArm
}

function addArm(name: string, { candidates, scoredBy = 'fused' }: ArmFound): void {
  const scored = questions.map(({ gold }, at) => ({ gold, candidates: candidates[at] ?? [] }))
  chosen.set(name, scoreArm(scored, scoredBy))
}

async function* stockTexts(): AsyncGenerator<ArticleText> {
  for await (const article of articleTexts(pool, null)) {
    const { title, text } = article
    yield subject.isTitleText ? { ...article, text: `${title}\n\n${text}` } : article
  }
}

async function askStock(): Promise<readonly (readonly StockHit[])[]> {
  const chunks = await splitStock(stockTexts())
  const index = await embedStock(chunks, {
    embedding,
    keepIn: process.env['DATA_DIR'] ?? null,
    onProgress: (done) => tell(`${done} of ${chunks.length} stock chunks embedded`),
    signal,
  })
  const hits: (readonly StockHit[])[] = []
  for (const { request } of questions) {
    // The question as it was asked: the stock pipeline knows of no turns before it.
    const vector = await embedding.embedQuestion(request.understood.question, { signal })
    hits.push(findStock(index, vector, { limit: CANDIDATES, asOf: request.filters.asOf }))
  }
  addArm('langchain', { candidates: hits.map(stockCandidates) })
  return hits
}

interface ReferenceText {
  readonly guid: string
  readonly text: string
  readonly publishedAt: Date | null
}

/** BM25 by another's implementation over the articles, and over our chunks. */
async function askReference(): Promise<void> {
  const articles: ReferenceText[] = []
  for await (const { guid, title, text, publishedAt } of articleTexts(pool, null)) {
    articles.push({ guid, text: `${title}\n${text}`, publishedAt })
  }
  const chunks = await loadChunks([...guids.keys()])
  const chunkTexts = chunks.map((chunk) => ({
    guid: guids.get(chunk.articleId) ?? '',
    text: textOf(chunk),
    publishedAt: chunk.publishedAt,
  }))
  rankReference('bm25-reference', articles)
  rankReference('bm25-chunks', chunkTexts)
}

function rankReference(arm: string, texts: readonly ReferenceText[]): void {
  const ranked = rankByReference({
    texts: texts.map(({ text }) => text),
    queries: questions.map(wordsOf),
    limit: 2 * CANDIDATES,
  })
  if (ranked === null) {
    console.log(`${arm} is left out: python3 lacks what bench/reference-bm25.py names.`)
    return
  }
  console.log(`${arm}: ${ranked.versions}, ${texts.length} texts`)
  const candidates = ranked.rankings.map((places, at) => {
    const asOf = questions[at]?.request.filters.asOf
    const found = places.flatMap((place) => texts[place] ?? [])
    const shown = found.filter(({ publishedAt }) => !asOf || !publishedAt || publishedAt <= asOf)
    return rankedCandidates(shown.slice(0, CANDIDATES).map(({ guid }) => guid))
  })
  addArm(arm, { candidates })
}

const PAGE = 100
/** Nearness to a question is not asked for. */
const NO_QUESTION = { vector: null, partVectors: [], model: '', exclude: [] }

/** A few articles at a time: sentences are looked for among all that were loaded. */
async function loadChunks(articleIds: readonly string[]): Promise<readonly ChunkText[]> {
  const chunks: ChunkText[] = []
  for (let from = 0; from < articleIds.length; from += PAGE) {
    const ids = await listChunkIds(pool, articleIds.slice(from, from + PAGE))
    chunks.push(...(await loadChunkTexts(pool, ids, NO_QUESTION)))
  }
  return chunks
}

/** Whether all of a case's evidence lies in what each way of packing puts into each budget. */
function printEvidence(
  found: readonly ServiceFound[],
  stock: readonly (readonly StockHit[])[] | null,
): void {
  const { countTokens } = services
  const pack = (at: number, maxTokens: number, isBlind: boolean) => {
    const chunks = found[at]?.chunks ?? []
    const shown = isBlind ? withoutSentenceVectors(chunks) : chunks
    return packFound(questions[at] as BenchQuestion, shown, { maxTokens, countTokens, guids })
  }
  const ways: Record<string, (at: number, maxTokens: number) => readonly ArticleSpan[]> = {
    fused: (at, maxTokens) => pack(at, maxTokens, false),
    'fused, no sentence vectors': (at, maxTokens) => pack(at, maxTokens, true),
  }
  if (stock !== null) {
    ways['langchain'] = (at, maxTokens) => packWhole(stock[at] ?? [], { maxTokens, countTokens })
  }
  const arms = new Map<string, Figures>()
  for (const [name, packBy] of Object.entries(ways)) {
    const figures = BUDGETS.map((budget) => [
      `evidence in ${budget}`,
      questions.map(({ golden }, at) => holdsEvidence(golden, packBy(at, budget))),
    ])
    arms.set(name, Object.fromEntries(figures) as Figures)
  }
  const names = BUDGETS.map((budget) => `evidence in ${budget}`)
  console.log(`\n${tabulate('tokens', arms)}\n\n${tabulatePairs(arms, { of: 'fused', names })}`)
}

function holdsEvidence(golden: GoldenCase | null, passages: readonly ArticleSpan[]): number {
  if (golden === null) throw new Error('Only golden cases have evidence.')
  return scoreContext({ candidates: null, passages, golden }).evidenceAtContext
}

/** One after the other, as a single person asks; what an arm does alone, and the search as a whole. */
async function printLatency(): Promise<void> {
  const taken: Record<string, number[]> = { embed: [], keyword: [], vector: [], search: [] }
  const time = async <Result>(part: string, work: () => Promise<Result>): Promise<Result> => {
    const from = performance.now()
    const result = await work()
    taken[part]?.push(performance.now() - from)
    return result
  }
  for (const { request } of questions.slice(0, TIMED_QUESTIONS)) {
    const { understood, filters } = request
    const options = { filters, limit: CANDIDATES }
    await time('search', () => services.search({ ...understood, filters, signal }))
    const vector = await time('embed', () =>
      embedding.embedQuestion(understood.question, { signal }),
    )
    const parts = [{ text: understood.question, weight: 1 }]
    await time('keyword', () => searchKeywords(pool, parts, options))
    await time('vector', () => searchVectors(pool, vector, { ...options, model: embedding.id }))
  }
  const rows = Object.entries(taken).map(([part, ms]) => [
    { embed: 'embedding the question', search: 'search, whole' }[part] ?? `${part} arm's statement`,
    `${median(ms).toFixed(1)} ms`,
    `${percentile(ms, 0.95).toFixed(1)} ms`,
  ])
  console.log(`\n${toTable([['latency', 'p50', 'p95'], ...rows])}`)
}

async function printStorage(): Promise<void> {
  const { articles, chunks, sentences, bytes } = await loadStorage(pool)
  const rows = Object.entries(bytes).map(([what, size]) => [
    what,
    (size / articles).toFixed(0),
    (size / 1024 / 1024).toFixed(2),
  ])
  console.log(`\n${articles} articles, ${chunks} chunks, ${sentences} sentences`)
  console.log(toTable([['storage', 'bytes an article', 'MB in all'], ...rows]))
}

async function printCost(): Promise<void> {
  const ids = [...guids.keys()]
  const step = Math.max(1, Math.floor(ids.length / COST_ARTICLES))
  const sample = ids.filter((_, at) => at % step === 0).slice(0, COST_ARTICLES)
  const { countTokens } = services
  const options = { embedding, countTokens, signal }
  const costs = await measureEmbedding(await loadChunks(sample), options)
  const rows = (['texts', 'tokens', 'ms'] as const).map((unit) => {
    const [chunks, sentences] = [costs.chunks[unit], costs.sentences[unit]]
    const shown = [chunks, sentences].map((each) => (each / sample.length).toFixed(1))
    return [unit, ...shown, `${((100 * sentences) / (chunks + sentences)).toFixed(1)} %`]
  })
  const head = [`embedded an article, ${sample.length} of them`, 'chunks', 'sentences', 'share']
  console.log(`\n${toTable([head, ...rows])}`)
}

const counter = CHAT_MODEL === 'none' ? 'cl100k, an estimate' : CHAT_MODEL
console.log(`${subject.name}: ${questions.length} questions, ${guids.size} articles`)
console.log(`${embedding.id}, vector weight ${weight}; tokens by ${counter}`)
const found = await askArms()
const stock = isAsked('langchain') ? await askStock() : null
if (isAsked('bm25-reference')) await askReference()
console.log(`\n${tabulate('figure', chosen)}\n`)
console.log(tabulatePairs(chosen, { of: 'fused', names: PAIRED }))
const byKeywords = new Map([...chosen].filter(([name]) => /^(keyword|bm25)/.test(name)))
if (byKeywords.size > 1) {
  console.log(`\n${tabulatePairs(byKeywords, { of: 'keyword', names: PAIRED })}`)
}
if (questions.every(({ golden }) => golden !== null)) printEvidence(found, stock)
await printLatency()
await printStorage()
if (values.cost) await printCost()

// What most people build first: LangChain's splitter, its Postgres store and its prompt, over the same
// articles with the same models. Its packages are large and for development alone, so they are loaded
// when the arm is asked for.
import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { AnswerRequest, AnswerSteps, Retrieved } from '../src/answering/answer-steps.ts'
import { generateText, type Generate } from '../src/answering/generate.ts'
import { isDatabaseError, toDatabaseError } from '../src/db/database-errors.ts'
import type { Database } from '../src/db/database.ts'
import type { Passage } from '../src/domain.ts'
import { AppError } from '../src/errors.ts'
import type { ChatTurn } from '../src/models/chat-turns.ts'
import type { EmbeddingModel } from '../src/models/embedding.ts'
import { loadCorpus } from '../src/store/corpus.ts'
import type { ArticleText } from '../src/store/library-texts.ts'
import { ungrounded, type Arm } from './arms.ts'
import { articleTexts } from './library.ts'

interface LangchainOptions {
  readonly database: Database
  readonly steps: AnswerSteps
  readonly embedding: EmbeddingModel
  readonly signal: AbortSignal
}

type Langchain = Awaited<ReturnType<typeof importLangchain>>
type Store = InstanceType<Langchain['PGVectorStore']>

const CHUNK_CHARACTERS = 1000
const OVERLAP_CHARACTERS = 200
const DOCUMENTS = 4

/** Undated articles count as the oldest, as they do in the service's own search. */
const UNDATED_MS = 0

/** PostgreSQL's insufficient_privilege. */
const NOT_ALLOWED = '42501'

const METADATA = z.object({
  articleId: z.string(),
  revision: z.number(),
  title: z.string(),
  publishedMs: z.number(),
  start: z.number(),
})

/** Reads the whole library into a table of its own, which `close` drops. */
export async function openLangchainArm(
  { database, steps, embedding, signal }: LangchainOptions,
  load: () => Promise<Langchain> = importLangchain,
): Promise<Arm & { close(): Promise<void> }> {
  // As its users open it, the store keeps a client for its life: the embedded database has only one.
  if (database.engine === 'embedded') {
    throw new AppError(
      'config-invalid',
      'The langchain arm needs a Postgres server: set DATABASE_URL.',
    )
  }
  const langchain = await loadInstalled(load)
  const tableName = `langchain_chunk_${randomBytes(4).toString('hex')}`
  // Not by `initialize`: the client that it takes is used for nothing, and where the table cannot be
  // made it is lost, and the pool then never ends. `store.end` would end the service's pool.
  const store = new langchain.PGVectorStore(toLangchain(embedding, signal), {
    pool: database.pool,
    tableName,
  })
  const close = async () => {
    await database.pool.query('drop table if exists ' + tableName)
  }
  try {
    const { revision } = await loadCorpus(database.pool)
    await store.ensureTableInDatabase()
    for await (const article of articleTexts(database.pool, null)) {
      signal.throwIfAborted()
      await store.addDocuments(await splitArticle(article, langchain))
    }
    const find: Find = (request) => findNearest(request, { store, embedding })
    const replaced = replaceSteps(steps, { find, corpusRevision: revision })
    return { name: 'langchain', stepsFor: () => replaced, close }
  } catch (error) {
    // The first fault is the one to tell.
    await close().catch(() => undefined)
    throw toOpenError(error)
  }
}

async function importLangchain() {
  const [{ PGVectorStore }, { RecursiveCharacterTextSplitter }] = await Promise.all([
    import('@langchain/community/vectorstores/pgvector'),
    import('@langchain/textsplitters'),
  ])
  return { PGVectorStore, RecursiveCharacterTextSplitter }
}

async function loadInstalled(load: () => Promise<Langchain>): Promise<Langchain> {
  try {
    return await load()
  } catch (cause) {
    if (codeOf(cause) !== 'ERR_MODULE_NOT_FOUND') throw cause
    throw new AppError(
      'config-invalid',
      'The langchain arm needs the development dependencies: run npm ci without --omit=dev.',
      { cause },
    )
  }
}

function toOpenError(error: unknown): unknown {
  if (codeOf(error) === NOT_ALLOWED) {
    return new AppError(
      'config-invalid',
      'The langchain arm makes a table of its own, which the role of DATABASE_URL may not: give it the role that owns the schema.',
      { cause: error },
    )
  }
  return isDatabaseError(error) ? toDatabaseError(error) : error
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

function toLangchain(embedding: EmbeddingModel, signal: AbortSignal) {
  return {
    embedQuery: async (text: string) => [...(await embedding.embedQuestion(text, { signal }))],
    embedDocuments: async (texts: string[]) =>
      (await embedding.embedTexts(texts, { signal })).map((vector) => [...vector]),
  }
}

/** Each chunk with its place, which is found again: the splitter only trims what it cuts. */
export async function splitArticle(
  { id, text, publishedAt, ...article }: ArticleText,
  { RecursiveCharacterTextSplitter }: Pick<Langchain, 'RecursiveCharacterTextSplitter'>,
) {
  const splitter = new RecursiveCharacterTextSplitter({
    chunkSize: CHUNK_CHARACTERS,
    chunkOverlap: OVERLAP_CHARACTERS,
  })
  const publishedMs = publishedAt?.getTime() ?? UNDATED_MS
  let start = 0
  return (await splitter.splitText(text)).map((pageContent) => {
    // No chunk begins before the one that it follows.
    start = text.indexOf(pageContent, start)
    return { pageContent, metadata: { ...article, articleId: id, publishedMs, start } }
  })
}

interface Document {
  readonly id: string
  readonly passage: Passage
}

/** The nearest pieces of text, best first. */
type Find = (request: AnswerRequest) => Promise<readonly Document[]>

interface Nearest {
  readonly store: Store
  readonly embedding: EmbeddingModel
}

async function findNearest(
  { understood, filters, signal }: AnswerRequest,
  { store, embedding }: Nearest,
): Promise<readonly Document[]> {
  // The question as it was asked: the stock pipeline knows of no turns before it.
  const vector = await embedding.embedQuestion(understood.asked, { signal })
  const found = await store.similaritySearchVectorWithScore(
    [...vector],
    DOCUMENTS,
    filters.asOf === undefined ? {} : { publishedMs: { lte: filters.asOf.getTime() } },
  )
  return found.map(([{ id = '', pageContent, metadata }, distance]) => ({
    id,
    passage: toPassage(pageContent, METADATA.parse(metadata), 1 - distance),
  }))
}

function toPassage(
  text: string,
  { publishedMs, ...metadata }: z.infer<typeof METADATA>,
  similarity: number,
): Passage {
  return {
    ...metadata,
    url: null,
    heading: '',
    publishedAt: publishedMs === UNDATED_MS ? null : new Date(publishedMs),
    text,
    end: metadata.start + text.length,
    sentences: [],
    scores: { keyword: null, vector: similarity, fused: similarity },
  }
}

interface Replacement {
  readonly find: Find
  /** Of the library that was read. */
  readonly corpusRevision: number
}

export function replaceSteps(
  steps: AnswerSteps,
  { find, corpusRevision }: Replacement,
): AnswerSteps {
  return {
    ...steps,
    retrieve: async (request) => toRetrieved(await find(request), corpusRevision),
    enterQueue() {
      const place = steps.enterQueue()
      return { ...place, take: (options) => requireTurn(place.take(options)) }
    },
    generate: generateStock,
    compare: () => Promise.resolve([]),
    ...ungrounded,
  }
}

/** With no chunk to extract from, no turn would pass for a refusal. */
async function requireTurn(taking: Promise<ChatTurn | null>): Promise<ChatTurn> {
  const turn = await taking
  if (turn === null) throw modelAway()
  return turn
}

function toRetrieved(found: readonly Document[], corpusRevision: number): Retrieved {
  const candidates = found.map(({ id, passage: { articleId, scores } }) => ({
    chunkId: id,
    articleId,
    scores,
  }))
  const reason = candidates.length === 0 ? 'no-evidence' : null
  return {
    search: {
      candidates,
      rankAt: () => candidates,
      chunks: [],
      reason,
      degraded: null,
      corpusRevision,
      time: null,
    },
    passages: found.map(({ passage }) => passage),
  }
}

/** Word for word LangChain's question-answering prompt (`DEFAULT_QA_PROMPT`). */
const STOCK_RULES =
  "Use the following pieces of context to answer the question at the end. If you don't know the answer, just say that you don't know, don't try to make up an answer."

const generateStock: Generate = async (turn, { asked, passages, signal, onText }) => {
  const context = passages.map(({ text }) => text).join('\n\n')
  const prompt = `${STOCK_RULES}\n\n${context}\n\nQuestion: ${asked}\nHelpful Answer:`
  const hash = createHash('sha256').update(prompt).digest('hex')
  const request = { prefix: '', prompt, hash, signal, onText }
  const generated = await generateText(turn, request).catch((error: unknown) => {
    throw toPromptError(error)
  })
  if (generated === null) throw modelAway()
  return generated
}

/** The model can only tell that its prompt is too long, and here the question is not what makes it so. */
function toPromptError(error: unknown): unknown {
  if (!(error instanceof AppError) || error.code !== 'invalid-request') return error
  return new AppError(
    'invalid-request',
    'Four chunks of 1,000 characters and the question are too long for the chat model: leave the langchain arm out.',
    { cause: error },
  )
}

function modelAway(): AppError {
  return new AppError('model-unavailable', 'The chat model did not answer.')
}

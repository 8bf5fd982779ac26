import { createHash } from 'node:crypto'
import { transaction, type Database } from '../src/db/database.ts'
import type { ChunkedArticle, FeedItem, Vector } from '../src/domain.ts'
import { AppError } from '../src/errors.ts'
import type { EmbeddingModel } from '../src/models/embedding.ts'
import { loadRevision, type HashedItem } from '../src/store/articles.ts'
import {
  loadStoredChunks,
  replaceVectors,
  type IdentifiedVector,
} from '../src/store/reembed-article.ts'
import { findArticle, publishArticle, updateArticleDetails } from '../src/store/publish-article.ts'
import { tickArticle } from '../src/store/refreshes.ts'
import { chunkArticle, chunkContext } from './chunk-article.ts'
import { cleanHtml } from './clean-html.ts'
import { canonicalUrl } from './parse-feed.ts'

export interface IngestDependencies {
  readonly database: Database
  readonly embedding: () => EmbeddingModel | undefined
  readonly countTokens: (text: string) => number
  /** Resolves when nobody is asking, or after `maxMs`. */
  readonly whenIdle: (maxMs: number) => Promise<void>
}

/** Embedding and reading a prompt at once slow each other down, so askers go first: so long an article. */
const MAX_PAUSE_MS = 60_000

export interface IngestTask extends HashedItem {
  readonly refreshId: string
  readonly feedId: string
  readonly signal: AbortSignal
}

/** Of what the article says and what stands beside it; its guid may change without a change of it. */
export function hashItem(item: FeedItem, siteUrl: string | null): HashedItem {
  const content = [
    item.title,
    item.url,
    item.author,
    item.publishedAt,
    item.updatedAt,
    item.categories,
    item.html,
  ]
  return {
    item,
    canonicalUrl: ownAddress(item.url, siteUrl),
    contentHash: createHash('sha256').update(JSON.stringify(content)).digest('hex'),
  }
}

/** An article's address tells it from others only where it is its own, and not the site's or a place in a page. */
function ownAddress(url: string | null, siteUrl: string | null): string | null {
  if (url === null || url.includes('#')) return null
  const address = canonicalUrl(url)
  return siteUrl !== null && address === canonicalUrl(siteUrl) ? null : address
}

/**
 * Makes one item of a feed searchable, in one transaction at the end; an item that is unchanged costs
 * one query. Run again after a crash it does what is left to do.
 */
export async function ingestArticle(
  dependencies: IngestDependencies,
  task: IngestTask,
): Promise<void> {
  const { database } = dependencies
  const known = await findArticle(database.pool, task.feedId, task.item.identity)
  if (known?.contentHash === task.contentHash) return tickArticle(database.pool, toTick(task))
  const chunked = chunkArticle(cleanHtml(task.item.html), { countTokens: dependencies.countTokens })
  if (known !== undefined && known.title === task.item.title) {
    const current = await loadRevision(database.pool, known.id, known.revision)
    if (current?.text === chunked.text) {
      return transaction(database, async (client) => {
        await updateArticleDetails(client, known.id, task)
        await tickArticle(client, toTick(task))
      })
    }
  }
  await embedAndPublish(dependencies, task, chunked)
}

async function embedAndPublish(
  dependencies: IngestDependencies,
  task: IngestTask,
  chunked: ChunkedArticle,
): Promise<void> {
  const model = requireModel(dependencies.embedding())
  const vectors = await embedArticle(
    { ...dependencies, model },
    { title: task.item.title, chunked, signal: task.signal },
  )
  await transaction(dependencies.database, async (client) => {
    await publishArticle(client, { ...task, chunked, model: model.id, vectors })
    await tickArticle(client, toTick(task))
  })
}

/** The same article under another embedding model; it is switched at once, and never mixed. */
export async function embedStoredArticle(
  { database, embedding, whenIdle }: IngestDependencies,
  articleId: string,
  signal: AbortSignal,
): Promise<void> {
  const model = requireModel(embedding())
  const chunks = await loadStoredChunks(database.pool, articleId)
  const pause = createPause(whenIdle)
  const chunkVectors: IdentifiedVector[] = []
  const sentenceVectors: IdentifiedVector[] = []
  for (const { id, title, headingPath, text, sentences } of chunks) {
    await pause()
    const texts = [embeddedText(title, headingPath, text), ...sentences.map((each) => each.text)]
    const [vector = [], ...rest] = await model.embedTexts(texts, { signal })
    chunkVectors.push({ id, vector })
    sentences.forEach((each, at) => sentenceVectors.push({ id: each.id, vector: rest[at] ?? [] }))
  }
  await transaction(database, (client) =>
    replaceVectors(client, { chunks: chunkVectors, sentences: sentenceVectors }, model.id),
  )
}

function createPause(whenIdle: IngestDependencies['whenIdle']): () => Promise<void> {
  let leftMs = MAX_PAUSE_MS
  return async () => {
    const since = performance.now()
    if (leftMs > 0) await whenIdle(leftMs)
    leftMs -= performance.now() - since
  }
}

function requireModel(model: EmbeddingModel | undefined): EmbeddingModel {
  if (model !== undefined) return model
  throw new AppError('model-unavailable', 'The embedding model is not there: see /readyz.')
}

function embeddedText(title: string, headingPath: readonly string[], text: string): string {
  return `${chunkContext(title, headingPath)}\n${text}`
}

function toTick(task: IngestTask) {
  return { refreshId: task.refreshId, identity: task.item.identity }
}

interface EmbedTask {
  readonly title: string
  readonly chunked: ChunkedArticle
  readonly signal: AbortSignal
}

/** Chunks are embedded under their title and headings, sentences as they stand. */
async function embedArticle(
  { model, whenIdle }: Pick<IngestDependencies, 'whenIdle'> & { readonly model: EmbeddingModel },
  { title, chunked, signal }: EmbedTask,
): Promise<readonly { readonly chunk: Vector; readonly sentences: readonly Vector[] }[]> {
  const vectors = []
  const pause = createPause(whenIdle)
  for (const { headingPath, start, end, sentences } of chunked.chunks) {
    await pause()
    const [chunk, ...rest] = await model.embedTexts(
      [
        embeddedText(title, headingPath, chunked.text.slice(start, end)),
        ...sentences.map((sentence) => chunked.text.slice(sentence.start, sentence.end)),
      ],
      { signal },
    )
    vectors.push({ chunk: chunk ?? [], sentences: rest })
  }
  return vectors
}

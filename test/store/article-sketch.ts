import { createHash } from 'node:crypto'
import type { ChunkSpan, FeedItem, Vector } from '../../src/domain.ts'
import type { ArticleToPublish } from '../../src/store/publish-article.ts'

interface ChunkSketch {
  readonly headingPath?: readonly string[]
  readonly sentences: readonly string[]
  readonly vector?: Vector
}

/** An article as a test cares for it; whatever is not said is filled in. */
export interface ArticleSketch extends Partial<FeedItem> {
  readonly canonicalUrl?: string | null
  readonly contentHash?: string
  readonly model?: string
  readonly chunks?: readonly ChunkSketch[]
}

export const MODEL = 'test-model'

/** A unit vector along one of four axes: near to itself (1) and to no other (0). */
export function axis(at: 0 | 1 | 2 | 3): Vector {
  return [0, 1, 2, 3].map((each) => (each === at ? 1 : 0))
}

const BLANK: Omit<FeedItem, 'identity'> = {
  guid: null,
  title: 'Untitled',
  url: null,
  author: null,
  publishedAt: null,
  updatedAt: null,
  categories: [],
  html: '',
}

export function sketchItem(sketch: ArticleSketch): FeedItem {
  const item = { ...BLANK, ...sketch }
  return { ...item, identity: item.identity ?? item.guid ?? item.title }
}

/** What ingest would hand over, without its work: the sentences of a chunk joined, the chunks under each other. */
export function sketchArticle(feedId: string, sketch: ArticleSketch): ArticleToPublish {
  const chunkSketches = sketch.chunks ?? [{ sentences: ['Something is said.'] }]
  let text = ''
  const chunks = chunkSketches.map((chunk): ChunkSpan => {
    text += text === '' ? '' : '\n\n'
    const start = text.length
    const sentences = chunk.sentences.map((sentence, at) => {
      text += at === 0 ? sentence : ` ${sentence}`
      return { start: text.length - sentence.length, end: text.length }
    })
    return { headingPath: chunk.headingPath ?? [], start, end: text.length, sentences }
  })
  const item = sketchItem(sketch)
  return {
    feedId,
    item,
    canonicalUrl: sketch.canonicalUrl ?? item.url,
    contentHash: sketch.contentHash ?? hash(JSON.stringify([item, text])),
    chunked: { text, chunks },
    model: sketch.model ?? MODEL,
    vectors: chunkSketches.map(({ sentences, vector = axis(0) }) => ({
      chunk: vector,
      sentences: sentences.map(() => vector),
    })),
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

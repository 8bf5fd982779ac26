import { createHash } from 'node:crypto'
import type { Queryable } from '../src/db/database.ts'
import type { Passage } from '../src/domain.ts'
import { toPassage } from '../src/retrieval/passages.ts'
import { listArticleTexts, listChunkIds, type ArticleText } from '../src/store/library-texts.ts'
import { loadChunkTexts, type ChunkText } from '../src/store/sentences.ts'
import { holdsQuote } from './holds-quote.ts'

/** An article as a golden set sees it. */
export interface LibraryArticle {
  readonly guid: string
  readonly text: string
  readonly hash: string
  /** The texts of its sentences, in order. */
  readonly sentences: readonly string[]
  readonly chunks: readonly ChunkText[]
}

export type Library = ReadonlyMap<string, LibraryArticle>

/** A sentence that a golden quote is found in, as what a model may be given or kept from. */
export interface FoundSentence {
  readonly id: string
  readonly text: string
  /** This sentence alone. */
  readonly passage: Passage
}

const PAGE = 200
/** Its sentences' nearness to a question is not asked for here. */
const NO_QUESTION = { vector: null, model: '', exclude: [] }

/** The articles of these guids; those that the library lacks are left out. */
export async function loadLibrary(db: Queryable, guids: readonly string[]): Promise<Library> {
  const library = new Map<string, LibraryArticle>()
  for await (const article of articleTexts(db, guids)) {
    const chunks = await loadChunkTexts(db, await listChunkIds(db, [article.id]), NO_QUESTION)
    library.set(article.guid, {
      guid: article.guid,
      text: article.text,
      hash: hashText(article.text),
      sentences: chunks.flatMap(({ sentences }) => sentences.map(({ text }) => text)),
      chunks,
    })
  }
  return library
}

/** The live articles' texts, page by page: those of `guids`, or all. */
export async function* articleTexts(
  db: Queryable,
  guids: readonly string[] | null,
): AsyncGenerator<ArticleText> {
  let after: string | null = null
  for (;;) {
    const page: readonly ArticleText[] = await listArticleTexts(db, { guids, after, limit: PAGE })
    yield* page
    after = page.at(-1)?.id ?? null
    if (page.length < PAGE) return
  }
}

export function hashText(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Every sentence that holds the quote; whitespace and case do not count. */
export function findSentences({ chunks }: LibraryArticle, quote: string): readonly FoundSentence[] {
  return chunks.flatMap((chunk) =>
    chunk.sentences
      .filter(({ text }) => holdsQuote(text, quote))
      .map((sentence) => ({
        id: sentence.id,
        text: sentence.text,
        passage: toPassage({ ...chunk, scores: { keyword: null, vector: null, fused: 1 } }, [
          sentence,
        ]),
      })),
  )
}

import type { Answer, AnswerSentence, Citation, Passage } from '../domain.ts'
import { toPassage } from '../retrieval/passages.ts'
import { rankSentences, type FoundChunk, type RankedSentence } from '../retrieval/rank-sentences.ts'
import { findFetched } from './foreign-links.ts'
import { toCitation } from './grounding.ts'

interface ExtractOptions {
  readonly question: string
  /** The best sentence must score this much, or nothing is near enough. */
  readonly threshold: number
}

export type Extracted = Pick<Answer, 'answer' | 'sentences' | 'citations'> & {
  readonly sources: readonly Passage[]
}

const MAX_QUOTES = 3
/** A further sentence is quoted only where it is about as good as the best. */
const SHARE_OF_BEST = 0.9

/** Without a chat model the best sentences are the answer, each its own footnote; null: none near enough. */
export function extractAnswer(
  chunks: readonly FoundChunk[],
  { question, threshold }: ExtractOptions,
): Extracted | null {
  const ranked = rankSentences(chunks, question).filter(
    ({ sentence }) => findFetched(sentence.text) === null,
  )
  const best = ranked[0]
  if (best === undefined) return null
  const quotes = ranked
    .filter(({ score }) => score >= best.score * SHARE_OF_BEST)
    .slice(0, MAX_QUOTES)
  if (quotes.every(({ relevance }) => relevance < threshold)) return null
  return toAnswer(quotes)
}

function toAnswer(quotes: readonly RankedSentence[]): Extracted {
  const sentences: AnswerSentence[] = []
  const citations: Citation[] = []
  const sources: Passage[] = []
  let answer = ''
  quotes.forEach(({ chunk, sentence, relevance }, at) => {
    const passage = toPassage(chunk, chunk.sentences)
    const start = answer.length === 0 ? 0 : answer.length + 1
    answer += `${at === 0 ? '' : ' '}${sentence.text} [${at + 1}]`
    const end = start + sentence.text.length
    sentences.push({ text: sentence.text, start, end, citations: [at + 1], support: relevance })
    citations.push(toCitation(at + 1, { passage, ...sentence }))
    const isThere = sources.some(
      (source) => source.articleId === passage.articleId && source.start === passage.start,
    )
    if (!isThere) sources.push(passage)
  })
  return { answer, sentences, citations, sources }
}

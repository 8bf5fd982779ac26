import type { AnswerSentence, EvidenceSentence, Passage } from '../domain.ts'
import { contentStems } from '../retrieval/content-words.ts'
import { splitQuestion } from '../retrieval/question-parts.ts'
import { rankSentences } from '../retrieval/rank-sentences.ts'
import type { SearchResult } from '../retrieval/search.ts'
import { findFetched } from './foreign-links.ts'
import { toCitation, type Grounded } from './grounding.ts'
import { newStems, shareIn } from './new-stems.ts'

interface QuoteInput {
  readonly question: string
  /** The model's words, before grounding. */
  readonly generated: string
  readonly passages: readonly Passage[]
  readonly search: Pick<SearchResult, 'chunks'>
  /** For each sentence of the model's, how near each evidence sentence is, by its id; absent is unknown. */
  readonly similarities: readonly ReadonlyMap<string, number>[]
}

interface PlacedEvidence {
  readonly passage: Passage
  readonly sentence: EvidenceSentence
}

export interface Quoted {
  readonly grounded: Grounded
  /** Sentences of the articles on which the answer most likely rests, the best first. */
  readonly evidence: readonly string[]
}

/** What is asked whether it states the answer. */
const EVIDENCE_SENTENCES = 3

/** The model's words with the article's own sentence beside them. */
export function quoteFrom(grounded: Grounded, input: QuoteInput): Quoted {
  const ranked = rankEvidence(input)
  return {
    grounded: addQuotes(grounded, { question: input.question, ranked }),
    evidence: ranked.slice(0, EVIDENCE_SENTENCES).map(({ sentence }) => sentence.text),
  }
}

/** How much the search's rank, the nearness and the words beyond the question's count (docs/benchmarks.md). */
const RELEVANCE_WEIGHT = 1
const SIMILARITY_WEIGHT = 0.5
const NEW_WORDS_WEIGHT = 0.3

/** The sentences that the model read, those first on which an answer in its words most likely rests. */
function rankEvidence(input: QuoteInput): readonly PlacedEvidence[] {
  const { passages, search, question } = input
  const relevance = new Map(
    rankSentences(search.chunks, question).map(({ sentence, score }) => [sentence.id, score]),
  )
  const added = newStems(input.generated, question)
  const placed = passages.flatMap((passage) =>
    passage.sentences.map((sentence) => ({ passage, sentence })),
  )
  const most = Math.max(...placed.map(({ sentence }) => relevance.get(sentence.id) ?? 0))
  const scoreOf = ({ id, text }: EvidenceSentence) => {
    const nearest = Math.max(0, ...input.similarities.map((each) => each.get(id) ?? 0))
    const share = most > 0 ? (relevance.get(id) ?? 0) / most : 0
    return (
      RELEVANCE_WEIGHT * share +
      SIMILARITY_WEIGHT * nearest +
      NEW_WORDS_WEIGHT * shareIn(added, new Set(contentStems(text)))
    )
  }
  return placed
    .map((each) => ({ each, score: scoreOf(each.sentence) }))
    .sort((a, b) => b.score - a.score)
    .map(({ each }) => each)
}

/** A question in parts is answered from two places, and a reader should see both. */
const MAX_QUOTES = 2
/** A longer one, such as a whole listing, is read in its article. */
const MAX_QUOTE_CHARACTERS = 400
/** Share of a quote's words from which the answer has said it already. */
const SAID = 0.8

/**
 * Adds the article's own sentence to the model's: a small model misreads what it has in front of it, and
 * the sentence itself does not. It stands alone where nothing of the model's words was kept.
 */
function addQuotes(
  grounded: Grounded,
  { question, ranked }: { readonly question: string; readonly ranked: readonly PlacedEvidence[] },
): Grounded {
  const wanted = Math.min(MAX_QUOTES, Math.max(1, splitQuestion(question).length))
  return ranked
    .filter(({ sentence: { text } }) => text.length <= MAX_QUOTE_CHARACTERS && !findFetched(text))
    .slice(0, wanted)
    .reduce(addQuote, grounded)
}

function addQuote(grounded: Grounded, { passage, sentence }: PlacedEvidence): Grounded {
  const said = new Set(grounded.sentences.flatMap(({ text }) => contentStems(text)))
  const stems = contentStems(sentence.text)
  if (shareIn(stems, said) >= SAID) return grounded
  const { text, start: from, end: to } = sentence
  const known = grounded.citations.find(
    ({ articleId, start, end }) => articleId === passage.articleId && start === from && end === to,
  )
  const number = known?.number ?? grounded.citations.length + 1
  const start = grounded.answer === '' ? 0 : grounded.answer.length + 1
  const quote: AnswerSentence = {
    text,
    start,
    end: start + text.length,
    citations: [number],
    support: 1,
  }
  return {
    ...grounded,
    answer: `${grounded.answer}${start === 0 ? '' : ' '}${text} [${number}]`,
    sentences: [...grounded.sentences, quote],
    citations:
      known === undefined
        ? [...grounded.citations, toCitation(number, { passage, ...sentence })]
        : grounded.citations,
  }
}

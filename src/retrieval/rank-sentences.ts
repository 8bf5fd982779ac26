import type { Scores } from '../domain.ts'
import type { ChunkText, ScoredSentence } from '../store/sentences.ts'
import { contentStems } from './content-words.ts'
import { splitQuestion } from './question-parts.ts'

/** How much a sentence's own nearness, its words and its chunk's score count (docs/benchmarks.md). */
const SIMILARITY_WEIGHT = 0.5
const WORDS_WEIGHT = 0.3
const CHUNK_WEIGHT = 0.4
/** A word of the question that stands in the headings alone, against one in the sentence. */
const HEADING_WORD_WEIGHT = 0.3
/** An answer often stands beside the sentence that has the question's words. */
const NEIGHBOUR_WEIGHT = 0.4

export interface FoundChunk extends ChunkText {
  readonly scores: Scores
}

export interface RankedSentence {
  readonly chunk: FoundChunk
  readonly index: number
  readonly sentence: ScoredSentence
  readonly stems: ReadonlySet<string>
  readonly score: number
  /** Nearness to the question on a scale that holds across questions: its similarity, or its words. */
  readonly relevance: number
}

interface Entry {
  readonly chunk: FoundChunk
  readonly index: number
  readonly sentence: ScoredSentence
  readonly stems: ReadonlySet<string>
  readonly headingStems: ReadonlySet<string>
}

/**
 * The sentences of the chunks, those that most likely answer the question first. Where it has several
 * parts, each has the next place in turn, so that none is crowded out.
 */
export function rankSentences(
  chunks: readonly FoundChunk[],
  question: string,
): readonly RankedSentence[] {
  const entries = chunks.flatMap(toEntries)
  const whole = rank(entries, question, ({ similarity }) => similarity)
  const parts = splitQuestion(question).map((part, at) =>
    rank(entries, part, ({ partSimilarities }) => partSimilarities[at] ?? null),
  )
  return parts.length === 0 ? whole : inTurn(parts.map(byBest))
}

function toEntries(chunk: FoundChunk): readonly Entry[] {
  const headingStems = new Set(contentStems([chunk.title, ...chunk.headingPath].join(' ')))
  return chunk.sentences.map((sentence, index) => ({
    chunk,
    index,
    sentence,
    stems: new Set(contentStems(sentence.text)),
    headingStems,
  }))
}

function rank(
  entries: readonly Entry[],
  question: string,
  similarityOf: (sentence: ScoredSentence) => number | null,
): readonly RankedSentence[] {
  const words = rareWords(contentStems(question), entries)
  const similarities = entries.flatMap(({ sentence }) => similarityOf(sentence) ?? [])
  const low = Math.min(...similarities)
  const range = Math.max(...similarities) - low
  const own = entries.map((entry) => {
    const similarity = similarityOf(entry.sentence)
    const nearness = similarity === null || range === 0 ? 0 : (similarity - low) / range
    return (
      SIMILARITY_WEIGHT * nearness +
      WORDS_WEIGHT * shareOf(words, entry) +
      CHUNK_WEIGHT * entry.chunk.scores.fused
    )
  })
  return entries
    .map((entry, at) => ({
      ...entry,
      score: (own[at] ?? 0) + NEIGHBOUR_WEIGHT * bestNeighbour(entries, own, at),
      relevance: similarityOf(entry.sentence) ?? shareOf(words, { ...entry, headingStems: NONE }),
    }))
    .sort((a, b) => b.score - a.score)
}

const NONE: ReadonlySet<string> = new Set()

function bestNeighbour(entries: readonly Entry[], scores: readonly number[], at: number): number {
  const chunk = entries[at]?.chunk
  const beside = [at - 1, at + 1].filter((near) => entries[near]?.chunk === chunk)
  return Math.max(0, ...beside.map((near) => scores[near] ?? 0))
}

/** The question's stems, each with how rare it is among the sentences. */
function rareWords(
  question: readonly string[],
  entries: readonly Entry[],
): ReadonlyMap<string, number> {
  return new Map(
    question.map((stem) => {
      const count = entries.filter(({ stems }) => stems.has(stem)).length
      return [stem, Math.log(1 + (entries.length - count + 0.5) / (count + 0.5))]
    }),
  )
}

function shareOf(
  words: ReadonlyMap<string, number>,
  { stems, headingStems }: Pick<Entry, 'stems' | 'headingStems'>,
): number {
  let found = 0
  let all = 0
  for (const [stem, weight] of words) {
    all += weight
    if (stems.has(stem)) found += weight
    else if (headingStems.has(stem)) found += HEADING_WORD_WEIGHT * weight
  }
  return all === 0 ? 0 : found / all
}

/** Each score as a share of the list's best: those of two parts are on scales of their own. */
function byBest(list: readonly RankedSentence[]): readonly RankedSentence[] {
  const best = list[0]?.score ?? 0
  return best === 0 ? list : list.map((ranked) => ({ ...ranked, score: ranked.score / best }))
}

/** The first of each list, then the second of each, every sentence once. */
function inTurn(lists: readonly (readonly RankedSentence[])[]): readonly RankedSentence[] {
  const taken = new Map<ScoredSentence, RankedSentence>()
  const longest = Math.max(...lists.map(({ length }) => length))
  for (let place = 0; place < longest; place += 1) {
    for (const list of lists) {
      const ranked = list[place]
      if (ranked !== undefined && !taken.has(ranked.sentence)) taken.set(ranked.sentence, ranked)
    }
  }
  return [...taken.values()]
}

import type { EvidenceSentence, Passage, Scores } from '../domain.ts'
import type { ChunkText, ScoredSentence } from '../store/sentences.ts'
import { contentStems } from './content-words.ts'

export interface FoundChunk extends ChunkText {
  readonly scores: Scores
}

interface PackOptions {
  readonly question: string
  readonly maxTokens: number
  readonly maxPassages: number
  readonly countTokens: (text: string) => number
}

/** How much a sentence's own nearness, its words and its chunk's score count; first values. */
const SIMILARITY_WEIGHT = 0.5
const WORDS_WEIGHT = 0.3
const CHUNK_WEIGHT = 0.2
/** So many sentences that no longer fit: the budget is as good as used. */
const MAX_MISSES = 8
/** A passage's date and the marks around it. */
const PASSAGE_FRAME_TOKENS = 14

export interface RankedSentence {
  readonly chunk: FoundChunk
  readonly index: number
  readonly sentence: ScoredSentence
  readonly score: number
  /** Nearness to the question on a scale that holds across questions: its similarity, or its words. */
  readonly relevance: number
}

/** The sentences of the chunks, those that most likely answer the question first. */
export function rankSentences(
  chunks: readonly FoundChunk[],
  question: string,
): readonly RankedSentence[] {
  const entries = chunks.flatMap((chunk) =>
    chunk.sentences.map((sentence, index) => ({
      chunk,
      index,
      sentence,
      stems: new Set(contentStems(sentence.text)),
    })),
  )
  const words = rareWords(
    contentStems(question),
    entries.map(({ stems }) => stems),
  )
  const similarities = entries.flatMap(({ sentence }) => sentence.similarity ?? [])
  const low = Math.min(...similarities)
  const range = Math.max(...similarities) - low
  return entries
    .map(({ stems, ...entry }) => {
      const { similarity } = entry.sentence
      const nearness = similarity === null || range === 0 ? 0 : (similarity - low) / range
      const share = shareOf(words, stems)
      const score =
        SIMILARITY_WEIGHT * nearness +
        WORDS_WEIGHT * share +
        CHUNK_WEIGHT * entry.chunk.scores.fused
      return { ...entry, score, relevance: similarity ?? share }
    })
    .sort((a, b) => b.score - a.score)
}

/** The question's stems, each with how rare it is among the sentences. */
function rareWords(
  question: readonly string[],
  sentences: readonly ReadonlySet<string>[],
): ReadonlyMap<string, number> {
  return new Map(
    question.map((stem) => {
      const count = sentences.filter((stems) => stems.has(stem)).length
      return [stem, Math.log(1 + (sentences.length - count + 0.5) / (count + 0.5))]
    }),
  )
}

function shareOf(words: ReadonlyMap<string, number>, stems: ReadonlySet<string>): number {
  let found = 0
  let all = 0
  for (const [stem, weight] of words) {
    all += weight
    if (stems.has(stem)) found += weight
  }
  return all === 0 ? 0 : found / all
}

/**
 * What the model reads: the best sentences with their neighbours, up to a budget of tokens, each run
 * of neighbours one passage, the best first (design.md, decision 5).
 */
export function packPassages(
  chunks: readonly FoundChunk[],
  options: PackOptions,
): readonly Passage[] {
  let picked: Picked = new Map()
  let misses = 0
  const remembered = { ...options, countTokens: rememberCounts(options.countTokens) }
  for (const { chunk, index } of rankSentences(chunks, options.question)) {
    if (picked.get(chunk)?.has(index)) continue
    const grown = [[index - 1, index, index + 1], [index]]
      .map((wanted) => grow(picked, chunk, wanted))
      .find((each) => fits(each, remembered))
    if (grown !== undefined) picked = grown
    else if (++misses === MAX_MISSES) break
  }
  return toPassages(picked)
}

type Picked = ReadonlyMap<FoundChunk, ReadonlySet<number>>

function grow(picked: Picked, chunk: FoundChunk, indexes: readonly number[]): Picked {
  return new Map(picked).set(chunk, new Set([...(picked.get(chunk) ?? []), ...indexes]))
}

/** The same few texts are counted again at each step, and a count asks the chat model's tokeniser. */
function rememberCounts(countTokens: PackOptions['countTokens']): PackOptions['countTokens'] {
  const counts = new Map<string, number>()
  return (text) => {
    const count = counts.get(text) ?? countTokens(text)
    counts.set(text, count)
    return count
  }
}

function fits(picked: Picked, options: PackOptions): boolean {
  const passages = toPassages(picked)
  const tokens = passages.reduce(
    (sum, { title, heading, text }) =>
      sum +
      options.countTokens(`${title} ${heading}`) +
      PASSAGE_FRAME_TOKENS +
      options.countTokens(text),
    0,
  )
  return passages.length <= options.maxPassages && tokens <= options.maxTokens
}

function toPassages(picked: Picked): readonly Passage[] {
  return [...picked].flatMap(([chunk, indexes]) =>
    toRuns(chunk, indexes).map((sentences) => toPassage(chunk, sentences)),
  )
}

/** Runs of neighbours; a sentence that was left out of the chunk ends a run. */
function toRuns(chunk: FoundChunk, indexes: ReadonlySet<number>): readonly EvidenceSentence[][] {
  const runs: EvidenceSentence[][] = []
  let previous = -2
  for (const at of [...indexes].sort((a, b) => a - b)) {
    const sentence = chunk.sentences[at]
    if (sentence === undefined) continue
    const run = runs.at(-1)
    if (run !== undefined && at === previous + 1 && isAdjacent(chunk, run.at(-1), sentence)) {
      run.push(sentence)
    } else {
      runs.push([sentence])
    }
    previous = at
  }
  return runs
}

/** Between neighbours stands nothing but space and list marks; a left-out sentence would show here. */
function isAdjacent(
  chunk: FoundChunk,
  before: EvidenceSentence | undefined,
  after: EvidenceSentence,
): boolean {
  if (before === undefined) return false
  const between = chunk.text.slice(before.end - chunk.start, after.start - chunk.start)
  return /^[\s\-\d.|]*$/.test(between)
}

/** A chunk's sentences, or some neighbouring ones, as a passage. */
export function toPassage(chunk: FoundChunk, sentences: readonly EvidenceSentence[]): Passage {
  const start = sentences[0]?.start ?? chunk.start
  const end = sentences.at(-1)?.end ?? chunk.start + chunk.text.length
  return {
    articleId: chunk.articleId,
    revision: chunk.revision,
    url: chunk.url,
    title: chunk.title,
    heading: chunk.headingPath.join(' › '),
    publishedAt: chunk.publishedAt,
    text: chunk.text.slice(start - chunk.start, end - chunk.start),
    start,
    end,
    sentences,
    scores: chunk.scores,
  }
}

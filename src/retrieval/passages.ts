import type { EvidenceSentence, Passage } from '../domain.ts'
import { rankSentences, type FoundChunk, type RankedSentence } from './rank-sentences.ts'

interface PackOptions {
  readonly question: string
  readonly maxTokens: number
  readonly maxPassages: number
  readonly countTokens: (text: string) => number
}

const HEADING_SEPARATOR = ' › '
/** So many sentences that no longer fit: the budget is as good as used. */
const MAX_MISSES = 8
/** The line breaks around a passage. */
const FRAME_TOKENS = 3
/** So much of a sentence's words in one that is there already, and it says nothing new; */
const REPEATED_SHARE = 0.85
/** a shorter one is never called a repetition. */
const MIN_STEMS = 4
/** One article may fill so much of the budget while another one is about as near to the question. */
const ARTICLE_SHARE = 0.6
const ABOUT_AS_NEAR = 0.9

/**
 * What the model reads: the best sentences, each with the one that follows it, up to a budget of
 * tokens; each run of neighbours is one passage, and the passages of an article stand together, the
 * best article first (design.md, decision 5).
 */
export function packPassages(
  chunks: readonly FoundChunk[],
  options: PackOptions,
): readonly Passage[] {
  const ranked = rankSentences(chunks, options.question)
  const budget = { ...options, countTokens: rememberCounts(options.countTokens) }
  const isSharing = isAboutSeveral(ranked)
  const taken: RankedSentence[] = []
  let picked: Picked = new Map()
  let misses = 0
  for (const next of ranked) {
    if (picked.get(next.chunk)?.has(next.index) || isRepeated(next, taken)) continue
    const grown = windowsOf(next)
      .map((indexes) => grow(picked, next.chunk, indexes))
      .find((each) => fits(each, budget) && (!isSharing || leavesRoom(each, next, budget)))
    if (grown === undefined) {
      if (++misses === MAX_MISSES) break
      continue
    }
    picked = grown
    taken.push(next)
  }
  return toPassages(picked)
}

/** What is taken with a sentence, the best first: code is kept whole, and prose goes on. */
function windowsOf({ chunk, index }: RankedSentence): readonly (readonly number[])[] {
  const prose = [[index, index + 1], [index]]
  return isCode(chunk, index) ? [codeAround(chunk, index), ...prose] : prose
}

/** Only code has lines of its own within a sentence. */
function isCode(chunk: FoundChunk, index: number): boolean {
  return chunk.sentences[index]?.text.includes('\n') === true
}

function codeAround(chunk: FoundChunk, index: number): readonly number[] {
  let first = index
  let last = index
  while (isCode(chunk, first - 1)) first -= 1
  while (isCode(chunk, last + 1)) last += 1
  return Array.from({ length: last - first + 1 }, (_, at) => first + at)
}

function isRepeated({ stems }: RankedSentence, taken: readonly RankedSentence[]): boolean {
  if (stems.size < MIN_STEMS) return false
  return taken.some((other) => {
    const shared = [...stems].filter((stem) => other.stems.has(stem)).length
    return shared / stems.size >= REPEATED_SHARE
  })
}

function isAboutSeveral(ranked: readonly RankedSentence[]): boolean {
  const best = new Map<string, number>()
  for (const { chunk, score } of ranked) {
    best.set(chunk.articleId, Math.max(score, best.get(chunk.articleId) ?? 0))
  }
  const [first = 0, second = 0] = [...best.values()].sort((a, b) => b - a)
  return second >= first * ABOUT_AS_NEAR
}

function leavesRoom(picked: Picked, { chunk }: RankedSentence, budget: PackOptions): boolean {
  const own = toPassages(picked).filter(({ articleId }) => articleId === chunk.articleId)
  return tokensOf(own, budget) <= budget.maxTokens * ARTICLE_SHARE
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

function fits(picked: Picked, budget: PackOptions): boolean {
  const passages = toPassages(picked)
  return passages.length <= budget.maxPassages && tokensOf(passages, budget) <= budget.maxTokens
}

function tokensOf(passages: readonly Passage[], { countTokens }: PackOptions): number {
  return passages
    .map((passage, at) => {
      const header = passageHeader(passage, passages[at - 1])
      return countTokens(header) + countTokens(passage.text) + FRAME_TOKENS
    })
    .reduce((sum, tokens) => sum + tokens, 0)
}

/** What stands above a passage: its article once, with its date, and its own heading where it changes. */
export function passageHeader(passage: Passage, before: Passage | undefined): string {
  const isSameArticle = before?.articleId === passage.articleId
  const date = passage.publishedAt === null ? '' : ` (${toDay(passage.publishedAt)})`
  const heading = lastHeading(passage)
  const lines = [
    isSameArticle ? '' : `## ${passage.title}${date}`,
    heading === passage.title || (isSameArticle && heading === lastHeading(before)) ? '' : heading,
  ]
  return lines.filter((line) => line !== '').join('\n')
}

function lastHeading({ heading }: Passage): string {
  return heading.split(HEADING_SEPARATOR).at(-1) ?? ''
}

function toDay(date: Date): string {
  return date.toISOString().slice(0, 10)
}

function toPassages(picked: Picked): readonly Passage[] {
  const byArticle = new Map<string, Passage[]>()
  for (const [chunk, indexes] of picked) {
    const passages = toRuns(chunk, indexes).map((sentences) => toPassage(chunk, sentences))
    byArticle.set(chunk.articleId, [...(byArticle.get(chunk.articleId) ?? []), ...passages])
  }
  return [...byArticle.values()].flat()
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
    heading: chunk.headingPath.join(HEADING_SEPARATOR),
    publishedAt: chunk.publishedAt,
    text: chunk.text.slice(start - chunk.start, end - chunk.start),
    start,
    end,
    sentences,
    scores: chunk.scores,
  }
}

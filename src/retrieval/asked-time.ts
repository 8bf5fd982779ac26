// Reads from a question which time of publication it asks for. Most times in a question are about what
// the articles say (“deprecated by 2029”), and must filter nothing: one counts only where it stands
// with words for articles or for publishing. English alone, as the times themselves (read-period.ts).
import type { Filters } from '../domain.ts'
import { readPeriod, type Period } from './read-period.ts'

export interface AskedTime {
  /** Inclusive. */
  readonly publishedAfter?: Date
  /** Exclusive. */
  readonly publishedBefore?: Date
  /** The time that counts as now. */
  readonly asOf?: Date
  /** Whether newer articles come before older ones that are as near. */
  readonly isLatest: boolean
}

type LimitName = 'publishedAfter' | 'publishedBefore' | 'asOf'

/** A question for the newest articles hides none. */
export function hidesArticles(time: Readonly<Partial<Record<LimitName, unknown>>> | null): boolean {
  const { publishedAfter, publishedBefore, asOf } = time ?? {}
  return [publishedAfter, publishedBefore, asOf].some((limit) => limit !== undefined)
}

/** Of two limits of one kind the narrower. */
export function narrowFilters(filters: Filters, time: AskedTime | null): Filters {
  if (time === null) return filters
  const { publishedAfter, publishedBefore, asOf } = time
  return {
    ...filters,
    ...pick('publishedAfter', latestOf(filters.publishedAfter, publishedAfter)),
    ...pick('publishedBefore', earliestOf(filters.publishedBefore, publishedBefore)),
    ...pick('asOf', earliestOf(filters.asOf, asOf)),
  }
}

function pick(name: LimitName, date: Date | undefined) {
  return date === undefined ? {} : { [name]: date }
}

function latestOf(one: Date | undefined, other: Date | undefined): Date | undefined {
  return one === undefined || (other !== undefined && other > one) ? other : one
}

function earliestOf(one: Date | undefined, other: Date | undefined): Date | undefined {
  return one === undefined || (other !== undefined && other < one) ? other : one
}

const setOf = (words: string): ReadonlySet<string> => new Set(words.split(/\s+/))

const ARTICLES = setOf(
  `article articles post posts piece pieces news blog newsletter
  newsletters coverage`,
)
/** Where there are many; “the article” is one that somebody has read. */
const SEVERAL = setOf('articles posts pieces news blog newsletter coverage')
const PUBLISHING = setOf('published publish posted post written write wrote appeared dated out')
const ANYTHING = setOf('what anything something everything else')
/** What may stand between these and a time. */
const GLUE = setOf('that which were was been being has have is are did do you we come came on the')
const ABOUT = setOf('about on of covering mentioning')
const HAS = setOf('did have has')
const SAYING = setOf(
  `say said cover covered mention mentioned discuss discussed write written wrote`,
)
/** Behind these, it is told what happened, and not what was said. */
const TELLING = setOf('that how what when where which who why happened changed')
const NEWS = setOf(
  `update updates development developments advice thinking version versions release releases`,
)

interface ReadOptions {
  readonly now: Date
  /** The question that this one leans on: its time goes on, where this one gives no other. */
  readonly earlier?: string | null
}

/** Null where the question asks for none. */
export function readAskedTime(
  question: string,
  { now, earlier = null }: ReadOptions,
): AskedTime | null {
  const before = earlier === null ? null : readAskedTime(earlier, { now })
  const words = toWords(question)
  const asOf = readAsOf(words, now)
  const range = asOf === undefined ? readRange(words, { now, before }) : undefined
  const isLatest = asksForLatest(words)
  if (asOf === undefined && range === undefined && !isLatest) return before
  return { ...range, ...(asOf === undefined ? {} : { asOf }), isLatest }
}

function toWords(question: string): readonly string[] {
  const words = question
    .toLowerCase()
    .replaceAll('’', "'")
    .match(/[\p{L}\p{N}][\p{L}\p{N}'-]*/gu)
  return (words ?? []).map((word) => word.replace(/'s?$/, ''))
}

/** “As of June 2025”: to its end. */
function readAsOf(words: readonly string[], now: Date): Date | undefined {
  const at = words.findIndex((word, index) => word === 'as' && words[index + 1] === 'of')
  const period = at < 0 ? null : readPeriod(words, at + 2, { now })
  return period === null ? undefined : new Date(period.to.getTime() - 1)
}

type Range = Pick<AskedTime, 'publishedAfter' | 'publishedBefore'>

interface Phrase {
  readonly range: Range
  readonly period: Period
  /** The word before its period, such as “since”; undefined where none stands there. */
  readonly preposition: string | undefined
  readonly start: number
  /** Behind its last word. */
  readonly end: number
}

function readRange(
  words: readonly string[],
  { now, before }: { readonly now: Date; readonly before: AskedTime | null },
): Range | undefined {
  // “And in March?” goes on from “what was published in April?”.
  const isSpokenOf = before?.publishedAfter !== undefined || before?.publishedBefore !== undefined
  for (let at = 0; at < words.length; at++) {
    const phrase = readPhrase(words, at, now)
    if (phrase !== null && (isSpokenOf || isOfPublishing(words, phrase))) return phrase.range
  }
  return undefined
}

type Limits = (period: Period) => Range

const within: Limits = ({ from, to }) => ({ publishedAfter: from, publishedBefore: to })
const before: Limits = ({ from }) => ({ publishedBefore: from })
const until: Limits = ({ to }) => ({ publishedBefore: to })
const PREPOSITIONS: ReadonlyMap<string, Limits> = new Map([
  ...['in', 'on', 'during', 'of', 'from', 'over', 'within'].map((word) => [word, within] as const),
  ['since', ({ from }) => ({ publishedAfter: from })],
  ['after', ({ to }) => ({ publishedAfter: to })],
  ['before', before],
  ['until', until],
  ['till', until],
])

function readPhrase(words: readonly string[], at: number, now: Date): Phrase | null {
  const limits = PREPOSITIONS.get(words[at] ?? '')
  const start = limits === undefined ? at : at + 1
  // Without a preposition, a number is more likely one of posts than a year.
  const named = words[at] === 'the' ? words[at + 1] : words[at]
  if (limits === undefined && /^\d+$/.test(named ?? '')) return null
  const period = readPeriod(words, start, { now })
  if (period === null) return null
  const end = start + period.length
  const preposition = limits === undefined ? undefined : words[at]
  const upTo = readSecondEnd(words, { at, end, from: period.from, now })
  const range = (limits ?? within)(period)
  return { range, period, preposition, start: at, end, ...upTo }
}

interface FirstEnd {
  readonly at: number
  readonly end: number
  readonly from: Date
  readonly now: Date
}

/** “Between March and May”, “from March to May”. */
function readSecondEnd(
  words: readonly string[],
  { at, end, from, now }: FirstEnd,
): { readonly range: Range; readonly end: number } | null {
  const joint = words[at] === 'from' ? ['to', 'until', 'till'] : []
  const isBetween = words[at - 1] === 'between' && words[end] === 'and'
  if (!isBetween && !joint.includes(words[end] ?? '')) return null
  const second = readPeriod(words, end + 1, { now })
  if (second === null) return null
  const range = { publishedAfter: from, publishedBefore: second.to }
  return { range, end: end + 1 + second.length }
}

function isOfPublishing(words: readonly string[], phrase: Phrase): boolean {
  return [isBehindArticles, isBeforeArticles, isOfWhatWasSaid, isOfWhatIsNew].some((isSo) =>
    isSo(words, phrase),
  )
}

/** “Articles from last week”, “what was published today”, “posts about indexes since March”. */
function isBehindArticles(words: readonly string[], { start, period, preposition }: Phrase) {
  const before = words.slice(0, words[start - 1] === 'between' ? start - 1 : start)
  const at = before.findLastIndex((word) => !(GLUE.has(word) || PUBLISHING.has(word)))
  const isPublished = before.slice(at + 1).some((word) => PUBLISHING.has(word))
  const word = before[at] ?? ''
  if (ARTICLES.has(word) || (isPublished && ANYTHING.has(word))) return true
  const isDating = preposition === 'since' || (preposition === 'from' && period.isRelative)
  return (isPublished || isDating) && speaksOfArticlesAbout(before)
}

function speaksOfArticlesAbout(words: readonly string[]): boolean {
  return words.some((word, at) => SEVERAL.has(word) && ABOUT.has(words[at + 1] ?? ''))
}

/** “This week's articles”, “the March 2026 posts”. */
function isBeforeArticles(words: readonly string[], { period, preposition, end }: Phrase) {
  const isNamed = preposition === undefined || period.isRelative
  return isNamed && ARTICLES.has(words[end] ?? '')
}

/** “What did the blog say about vacuum last month?” */
function isOfWhatWasSaid(words: readonly string[], { period, start, end }: Phrase) {
  const said = words.slice(0, start).findLastIndex((word) => SAYING.has(word))
  const before = words.slice(0, Math.max(0, said))
  return (
    period.isRelative &&
    end === words.length &&
    before.some((word) => SEVERAL.has(word)) &&
    (before.some((word) => HAS.has(word)) || /(?:ed|aid|ote)$/.test(words[said] ?? '')) &&
    !words.slice(said, start).some((word) => TELLING.has(word))
  )
}

/** “What is new in Postgres this week?” */
function isOfWhatIsNew(words: readonly string[], { period, preposition }: Phrase) {
  return (period.isRelative || preposition === 'since') && asksWhatIsNew(words)
}

function asksWhatIsNew(words: readonly string[]): boolean {
  return /^(?:so |and )?(?:what (?:is )?new|(?:is there )?any(?:thing new| news))\b/.test(
    words.join(' '),
  )
}

const MAX_WORDS_BETWEEN = 2

/** Of articles or of news; “the newest 100 users” are the article's own. */
function asksForLatest(words: readonly string[]): boolean {
  return asksWhatIsNew(words) || words.some((word, at) => isLatest(words, { word, at }))
}

function isLatest(
  words: readonly string[],
  { word, at }: { readonly word: string; readonly at: number },
): boolean {
  const next = words[at + 1] ?? ''
  if (word === 'recently' || word === 'lately') {
    return words.some((other) => SEVERAL.has(other) || PUBLISHING.has(other))
  }
  if (word === 'last') return ['article', 'post', 'piece'].includes(next)
  if (!['latest', 'newest', 'recent'].includes(word)) return false
  if (word === 'latest' && words[at - 1] === 'the' && ['', 'on', 'about', 'from'].includes(next)) {
    return true
  }
  return words
    .slice(at + 1, at + 2 + MAX_WORDS_BETWEEN)
    .some((other) => ARTICLES.has(other) || NEWS.has(other))
}

import type { Queryable } from '../db/database.ts'
import type { Candidate, Filters, Passage, Scores, Vector } from '../domain.ts'
import { loadArticle, type Article } from '../store/articles.ts'
import { searchKeywords, type ArmHit, type WeightedText } from '../store/search-keywords.ts'
import { searchVectors } from '../store/search-vectors.ts'

/** Where an article fell out of a search, in the order in which it can. */
export const OUTCOMES = [
  'withdrawn',
  'filtered',
  'not-a-candidate',
  'fused-below',
  'repeated',
  'cut-by-budget',
  'shown',
] as const

export const FILTER_NAMES = [
  'feed',
  'author',
  'category',
  'publishedAfter',
  'publishedBefore',
  'asOf',
] as const

/** A filter that the article does not pass; times are written as in RFC 3339. */
export interface FailedFilter {
  readonly name: (typeof FILTER_NAMES)[number]
  readonly wanted: readonly string[]
  /** Empty where the article has none. */
  readonly actual: readonly string[]
}

/** Where an article stands in one arm, by its best chunk there; of a question in parts, where it stands best. */
export interface ArmStanding {
  /** Among the arm's candidates; null where it is none of them. */
  readonly rank: number | null
  /** In the arm's own measure; null where the arm does not find the article at all. */
  readonly score: number | null
  readonly candidates: number
  /** Of the last candidate; null where there is none. */
  readonly lastScore: number | null
}

/** What a search knows of one article, from the snapshot that it read. */
export interface Standing {
  readonly article: Article
  readonly failedFilters: readonly FailedFilter[]
  /** Null where the article never came so far. */
  readonly keyword: ArmStanding | null
  /** Null as well where the question has no vector. */
  readonly vector: ArmStanding | null
}

/** One search as it was run, to be asked again about one article. */
interface ArmsRun {
  readonly parts: readonly WeightedText[]
  readonly vector: Vector | null
  readonly model: string
  readonly filters: Filters
  /** Of the whole question first, then of its parts. */
  readonly found: readonly {
    readonly keyword: readonly ArmHit[]
    readonly vector: readonly ArmHit[]
  }[]
}

/** Null where there is no such article. */
export async function loadStanding(
  db: Queryable,
  articleId: string,
  { parts, vector, model, filters, found }: ArmsRun,
): Promise<Standing | null> {
  const article = await loadArticle(db, articleId)
  if (article === undefined) return null
  const failedFilters = findFailedFilters(article, filters)
  if (article.status === 'withdrawn' || failedFilters.length > 0) {
    return { article, failedFilters, keyword: null, vector: null }
  }
  const own = { filters, articleId, limit: 1 }
  const [worded] = await searchKeywords(db, parts, own)
  const [near] = vector === null ? [] : await searchVectors(db, vector, { ...own, model })
  return {
    article,
    failedFilters,
    keyword: standingIn(
      found.map(({ keyword }) => keyword),
      articleId,
      worded,
    ),
    vector:
      vector === null
        ? null
        : standingIn(
            found.map((hits) => hits.vector),
            articleId,
            near,
          ),
  }
}

/** A candidate has the score that it was ranked by, whatever it is found to have by itself. */
export function standingIn(
  lists: readonly (readonly ArmHit[])[],
  articleId: string,
  own: Pick<ArmHit, 'score'> | undefined,
): ArmStanding {
  const places = lists.map((each) => each.findIndex((hit) => hit.articleId === articleId))
  const at = Math.min(...places.filter((place) => place >= 0))
  const hits = lists[Math.max(0, places.indexOf(at))] ?? []
  return {
    rank: at === Infinity ? null : at + 1,
    score: hits[at]?.score ?? own?.score ?? null,
    candidates: hits.length,
    lastScore: hits.at(-1)?.score ?? null,
  }
}

/** The same conditions as the store's: a test holds one against the other. */
export function findFailedFilters(article: Article, filters: Filters): readonly FailedFilter[] {
  const { author, publishedAt, categories, feedId } = article
  const time = publishedAt?.getTime()
  const anyOf = (
    name: FailedFilter['name'],
    wanted: readonly string[] | undefined,
    actual: readonly string[],
  ) =>
    wanted === undefined || actual.some((value) => wanted.includes(value))
      ? []
      : [{ name, wanted, actual }]
  const at = (
    name: FailedFilter['name'],
    wanted: Date | undefined,
    isPassed: (limit: number) => boolean,
  ) =>
    wanted === undefined || isPassed(wanted.getTime())
      ? []
      : [
          {
            name,
            wanted: [toText(wanted)],
            actual: publishedAt === null ? [] : [toText(publishedAt)],
          },
        ]
  return [
    ...anyOf('feed', filters.feed, [feedId]),
    ...anyOf('author', filters.author, author === null ? [] : [author]),
    ...anyOf('category', filters.category, categories),
    ...at('publishedAfter', filters.publishedAfter, (limit) => time !== undefined && time >= limit),
    ...at(
      'publishedBefore',
      filters.publishedBefore,
      (limit) => time !== undefined && time < limit,
    ),
    // What has no date is taken to be old.
    ...at('asOf', filters.asOf, (limit) => time === undefined || time <= limit),
  ]
}

function toText(time: Date): string {
  return time.toISOString()
}

/** How an article's best sentence fared where passages were packed to a budget. */
export interface Packing {
  readonly maxTokens: number
  /** Not even without a budget would it be among the passages: others say the same before it. */
  readonly isRepeated: boolean
  /** Null where none of its sentences was ranked. */
  readonly sentence: {
    readonly text: string
    readonly rank: number
    /** How many sentences were ranked. */
    readonly of: number
    readonly tokens: number
  } | null
}

interface RankedSentence {
  readonly chunk: { readonly articleId: string }
  readonly sentence: { readonly text: string }
}

interface PackingOptions {
  readonly articleId: string
  /** As they would be packed without a budget. */
  readonly unlimited: readonly Pick<Passage, 'articleId'>[]
  readonly maxTokens: number
  readonly countTokens: (text: string) => number
}

export function toPacking(
  ranked: readonly RankedSentence[],
  { articleId, unlimited, maxTokens, countTokens }: PackingOptions,
): Packing {
  const at = ranked.findIndex(({ chunk }) => chunk.articleId === articleId)
  const text = ranked[at]?.sentence.text
  return {
    maxTokens,
    isRepeated: at >= 0 && !unlimited.some((passage) => passage.articleId === articleId),
    sentence:
      text === undefined
        ? null
        : { text, rank: at + 1, of: ranked.length, tokens: countTokens(text) },
  }
}

interface ExplainInput {
  readonly standing: Standing
  /** Of both arms, best first. */
  readonly candidates: readonly Candidate[]
  /** How many of them were read, so that they could be shown. */
  readonly read: number
  readonly passages: readonly Pick<Passage, 'articleId'>[]
  /** Null where candidates are shown whole. */
  readonly packing: Packing | null
}

export interface FusedStanding {
  readonly rank: number
  readonly candidates: number
  readonly scores: Scores
  /** The last candidate that could be shown. */
  readonly last: { readonly rank: number; readonly fused: number }
}

export interface Explanation {
  readonly articleId: string
  readonly title: string
  readonly outcome: (typeof OUTCOMES)[number]
  /** The outcome in plain words, with the numbers that decided. */
  readonly detail: string
  readonly filters: readonly FailedFilter[]
  readonly keyword: ArmStanding | null
  readonly vector: ArmStanding | null
  readonly fused: FusedStanding | null
  readonly packing: Packing | null
  /** Of its first passage. */
  readonly place: number | null
}

/** Why an article is among the passages that were shown, or is not. */
export function explainArticle(input: ExplainInput): Explanation {
  const { standing, passages, packing } = input
  const { article, failedFilters, keyword, vector } = standing
  const fused = toFused(input)
  const at = passages.findIndex(({ articleId }) => articleId === article.id)
  const found = {
    filters: failedFilters,
    keyword,
    vector,
    fused,
    packing: fused === null ? null : packing,
    place: at < 0 ? null : at + 1,
  }
  const outcome = decideOutcome(article, found)
  const detail = describeOutcome(outcome, found)
  return { articleId: article.id, title: article.title, outcome, detail, ...found }
}

type Found = Omit<Explanation, 'articleId' | 'title' | 'outcome' | 'detail'>

function toFused({ standing, candidates, read }: ExplainInput): FusedStanding | null {
  const at = candidates.findIndex(({ articleId }) => articleId === standing.article.id)
  const best = candidates[at]
  const last = candidates[read - 1]
  if (best === undefined || last === undefined) return null
  return {
    rank: at + 1,
    candidates: candidates.length,
    scores: best.scores,
    last: { rank: read, fused: last.scores.fused },
  }
}

function decideOutcome(
  { status }: Pick<Article, 'status'>,
  { place, filters, fused, packing }: Found,
): Explanation['outcome'] {
  if (place !== null) return 'shown'
  if (status === 'withdrawn') return 'withdrawn'
  if (filters.length > 0) return 'filtered'
  if (fused === null) return 'not-a-candidate'
  if (fused.rank > fused.last.rank) return 'fused-below'
  return packing?.isRepeated === true ? 'repeated' : 'cut-by-budget'
}

function describeOutcome(outcome: Explanation['outcome'], found: Found): string {
  const { filters, keyword, vector, fused, packing, place } = found
  switch (outcome) {
    case 'withdrawn':
      return 'It was withdrawn, and what was withdrawn is not searched.'
    case 'filtered':
      return filters.map(describeFilter).join(' ')
    case 'not-a-candidate':
      return `Neither arm found it. By keywords it ${describeArm('keyword', keyword)}. By vectors it ${describeArm('vector', vector)}.`
    case 'fused-below':
      return fused === null
        ? ''
        : `It ${describeFused(fused)}; the last that was let in is at place ${fused.last.rank} with ${toDigits(fused.last.fused)}.`
    case 'repeated':
      return 'It was found and read, and each of its sentences says what one before it says.'
    case 'cut-by-budget':
      return `It was found and read, and ${describePacking(packing)}.`
    case 'shown':
      return `It is shown at place ${place}.`
  }
}

function describeFilter({ name, wanted, actual }: FailedFilter): string {
  const has = actual.length === 0 ? 'none' : actual.join(', ')
  return `The filter ${name} asks for ${wanted.join(' or ')}, and the article has ${has}.`
}

/** Said of an article: "it …". */
export function describeArm(arm: 'keyword' | 'vector', standing: ArmStanding | null): string {
  if (standing === null) return 'was not looked for, since the question has no vector'
  const { rank, score, candidates, lastScore } = standing
  if (score === null) {
    return arm === 'keyword'
      ? 'shares no word with the question'
      : 'has no vector of the embedding model'
  }
  if (rank !== null) return `is at place ${rank} of ${candidates} with ${toDigits(score)}`
  const last = lastScore === null ? '' : `, the last of them ${toDigits(lastScore)}`
  return `is not among the best ${candidates}: it has ${toDigits(score)}${last}`
}

/** Said of an article: "it …". */
export function describeFused({ rank, candidates, scores }: FusedStanding): string {
  return `is at place ${rank} of ${candidates} candidates with a fused score of ${toDigits(scores.fused)}`
}

function describePacking(packing: Packing | null): string {
  const sentence = packing?.sentence ?? null
  if (packing === null || sentence === null) return 'it has no sentence that could be shown'
  const { rank, of, tokens } = sentence
  return `its best sentence, of ${tokens} tokens and at place ${rank} of ${of}, had no room in ${packing.maxTokens} tokens`
}

function toDigits(score: number): string {
  return score.toFixed(3)
}

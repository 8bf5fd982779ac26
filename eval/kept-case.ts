import { z } from 'zod'
import { toNames, toNumbers } from '../src/answering/hard-tokens.ts'
import { AppError, type Fault } from '../src/errors.ts'
import { findCaseFaults } from './case-faults.ts'
import { holdsFact } from './facts.ts'
import { goldenCase, type GoldenCase } from './golden-case.ts'
import { holdsQuote } from './holds-quote.ts'
import type { LibraryArticle } from './library.ts'

/** What a case is made of, as it stands in a kept answer. */
export const reviewedAnswer = z.object({
  body: z.object({
    status: z.enum(['answered', 'refused', 'extracted']),
    question: z.string(),
    sentences: z.array(z.object({ text: z.string() })),
    citations: z.array(z.object({ articleId: z.string(), title: z.string(), quote: z.string() })),
  }),
  // Another system's answer tells nothing of how it was understood.
  trace: z
    .object({
      understood: z.object({
        asked: z.string().optional(),
        earlier: z.string().nullable(),
        earlierAnswer: z.string().nullable().optional(),
      }),
    })
    .catch({ understood: { earlier: null } }),
})

/** What a reviewer sets by hand; it wins over what is derived. */
export const givenCase = goldenCase.partial()

export type ReviewedAnswer = z.output<typeof reviewedAnswer>
export type GivenCase = z.output<typeof givenCase>

/** The articles that the answer cites and those that are given, as they are now. */
export interface CaseArticles {
  readonly guidOf: (articleId: string) => string | undefined
  readonly library: ReadonlyMap<string, Pick<LibraryArticle, 'sentences'>>
}

interface KeptCaseInput {
  readonly id: string
  /** As it was understood; of a follow-up, the answer has its own words. */
  readonly question: string
  /** Null where it is no longer kept: then the case must be given whole. */
  readonly answer: ReviewedAnswer | null
  readonly articles: CaseArticles
  readonly correction: string | null
  readonly given: GivenCase
}

/** A phrase of fewer words stands in many texts by chance; of more it breaks at every edit. */
const MIN_QUOTE_WORDS = 4
const MAX_QUOTE_WORDS = 8

/** The golden case of a reviewed answer; what cannot be derived and is not given is told as a fault. */
export function toKeptCase(input: KeptCaseInput): GoldenCase {
  const { id, question, answer, given } = input
  const { asked, earlier = null, earlierAnswer } = answer?.trace.understood ?? {}
  const { success, data, error } = goldenCase.safeParse({
    id,
    question: asked ?? question,
    ...(earlier === null ? {} : { turns: toTurns(earlier, earlierAnswer ?? null) }),
    split: 'test',
    must_not: [],
    ...toOutcome(input, earlier !== null),
    ...given,
  })
  if (!success) {
    throw caseFault(error.issues.map(({ path, message }) => ({ path: path.join('/'), message })))
  }
  const faults = findFaults(data, input.articles)
  if (faults.length > 0) throw caseFault(faults)
  return data
}

function toTurns(question: string, answer: string | null): GoldenCase['turns'] {
  const turn = { role: 'user' as const, content: question }
  return answer === null ? [turn] : [turn, { role: 'assistant', content: answer }]
}

type Outcome = Partial<
  Pick<GoldenCase, 'kind' | 'articles' | 'facts' | 'reference' | 'evidence' | 'tags'>
>

function toOutcome(input: KeptCaseInput, isFollowUp: boolean): Outcome {
  const { answer, correction, given } = input
  if (answer === null) return {}
  const isGivenUnanswerable = given.kind === 'unanswerable' || given.articles?.length === 0
  const isGivenAnswerable = given.articles !== undefined || given.evidence !== undefined
  if (!isGivenUnanswerable && (isGivenAnswerable || answer.body.status !== 'refused')) {
    return toAnswerable(input, answer, isFollowUp ? 'followup' : 'fact')
  }
  if (correction !== null) {
    const message =
      'a question that has a right answer needs the articles that hold it, evidence and facts: give them in "case"'
    throw caseFault([{ path: 'articles', message }])
  }
  const none = { articles: [], facts: [], evidence: [], reference: '' }
  return { kind: 'unanswerable', ...none, tags: ['near-miss'] }
}

function toAnswerable(
  { question, articles, correction, given }: KeptCaseInput,
  { body }: ReviewedAnswer,
  kind: GoldenCase['kind'],
): Outcome {
  const evidence =
    given.evidence ?? toEvidence(body.citations, { ...articles, guids: given.articles })
  const reference =
    given.reference ?? correction ?? body.sentences.map(({ text }) => text).join(' ')
  const supporting = evidence
    .flatMap(({ article, quote }) => sentencesHolding(quote, articles.library.get(article)))
    .join(' ')
  return {
    kind,
    articles: given.articles ?? [...new Set(evidence.map(({ article }) => article))],
    facts: given.facts ?? toFacts(reference, { supporting, question }),
    reference,
    evidence,
  }
}

type Evidence = GoldenCase['evidence']

/** The cited sentences, each by a phrase that finds it; in the given articles alone, where some are. */
function toEvidence(
  citations: ReviewedAnswer['body']['citations'],
  { guidOf, library, guids }: CaseArticles & { readonly guids: readonly string[] | undefined },
): Evidence {
  const found = citations.flatMap(({ articleId, title, quote }) => {
    const guid = guidOf(articleId)
    if (guids !== undefined && (guid === undefined || !guids.includes(guid))) return []
    const article = library.get(guid ?? '')
    if (guid === undefined || !isSentenceOf(quote, article)) throw changedArticle(title)
    return [{ article: guid, quote: shorten(quote, article) }]
  })
  const isSame = (one: Evidence[number], other: Evidence[number]) =>
    one.article === other.article && one.quote === other.quote
  return found.filter((each, at) => found.findIndex((other) => isSame(each, other)) === at)
}

type Sentences = Pick<LibraryArticle, 'sentences'> | undefined

/** A quote that was taken out of an answer, of an article that has gone, is in every text. */
function isSentenceOf(quote: string, article: Sentences): boolean {
  return quote.trim() !== '' && sentencesHolding(quote, article).length > 0
}

function changedArticle(title: string): AppError {
  const message = `“${title}” no longer holds the sentence that the answer cites: give articles, evidence and facts in "case"`
  return caseFault([{ path: 'evidence', message }])
}

/** The first words of a sentence that stand in no other of its article; all of it where none do. */
function shorten(sentence: string, article: Sentences): string {
  const words = [...sentence.matchAll(/\S+/g)]
  const phrases = words
    .slice(MIN_QUOTE_WORDS - 1, MAX_QUOTE_WORDS)
    .map(({ 0: word, index }) => sentence.slice(0, index + word.length))
  return phrases.find((phrase) => sentencesHolding(phrase, article).length === 1) ?? sentence
}

function sentencesHolding(quote: string, article: Sentences): readonly string[] {
  return article?.sentences.filter((sentence) => holdsQuote(sentence, quote)) ?? []
}

/** Its numbers and names, without those that the question gave already, unless there are no others. */
function toFacts(
  reference: string,
  { supporting, question }: { readonly supporting: string; readonly question: string },
): GoldenCase['facts'] {
  const hard = toHardTokens(reference)
  const evident = new Set(toHardTokens(supporting))
  const asked = new Set(toHardTokens(question))
  const stated = hard.filter((token) => evident.has(token))
  const told = stated.filter((token) => !asked.has(token))
  return (told.length > 0 ? told : stated)
    .map((token) => [token])
    .filter((fact) => holdsFact(reference, fact))
}

function toHardTokens(text: string): readonly string[] {
  return [...new Set([...toNumbers(text), ...toNames(text)])]
}

/** As for a set's case, and beside that everything must be found in the library as it is. */
function findFaults(golden: GoldenCase, { library }: CaseArticles): readonly Fault[] {
  const ofCase = findCaseFaults(golden).map((fault) => {
    const [, path = '', message = fault] = /^(\w+): (.*)$/s.exec(fault) ?? []
    return { path, message }
  })
  return [
    ...ofCase,
    ...golden.articles.flatMap((guid, at) =>
      library.has(guid)
        ? []
        : [{ path: `articles/${at}`, message: 'is the guid of no article in the library' }],
    ),
    ...golden.evidence.flatMap(({ article, quote }, at) =>
      isSentenceOf(quote, library.get(article))
        ? []
        : [
            {
              path: `evidence/${at}`,
              message: 'must be words of a sentence of one of the articles',
            },
          ],
    ),
  ]
}

function caseFault(faults: readonly Fault[]): AppError {
  const errors = faults.map(({ path, message }) => ({ path: `/case/${path}`, message }))
  const list = errors.map(({ path, message }) => `${path}: ${message}`)
  return new AppError('invalid-request', `${list.join('; ')}.`, { errors })
}

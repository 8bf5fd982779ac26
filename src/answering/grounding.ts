import type { AnswerSentence, Citation, Passage } from '../domain.ts'
import {
  chooseEvidence,
  coverage,
  toClaim,
  toEvidence,
  type Claim,
  type Evidence,
} from './choose-evidence.ts'
import { findForeignLink } from './foreign-links.ts'
import { findMissing } from './hard-tokens.ts'
import { contradicts } from './polarity.ts'
import { findSwapped } from './swapped-values.ts'

interface GroundInput {
  readonly question: string
  /** The model's words, in sentences. */
  readonly sentences: readonly string[]
  readonly passages: readonly Passage[]
  /** For each sentence, how near each evidence sentence is, by its id; absent where unknown. */
  readonly similarities: readonly ReadonlyMap<string, number>[]
}

export interface Grounded {
  readonly answer: string
  readonly sentences: readonly AnswerSentence[]
  readonly citations: readonly Citation[]
  readonly dropped: readonly { readonly text: string; readonly why: string }[]
}

/**
 * Gives each sentence the evidence it rests on, with offsets, and drops the ones that nothing supports
 * (design.md, decision 6). The marks come from here and never from the model's text.
 */
export function ground({ question, sentences, passages, similarities }: GroundInput): Grounded {
  const evidence = toEvidence(passages)
  const kept: AnswerSentence[] = []
  const dropped: { text: string; why: string }[] = []
  const numbers = new Map<string, number>()
  let answer = ''
  sentences.forEach((text, at) => {
    const found = support(text, evidence, { question, similarity: similarities[at] ?? new Map() })
    if ('why' in found) {
      dropped.push({ text, why: found.why })
      return
    }
    const citations = found.evidence.map(({ id }) => numberOf(numbers, id))
    const start = answer.length === 0 ? 0 : answer.length + 1
    answer += `${answer.length === 0 ? '' : ' '}${text} ${citations.map((n) => `[${n}]`).join('')}`
    kept.push({ text, start, end: start + text.length, citations, support: found.support })
  })
  return { answer, sentences: kept, citations: toCitations(numbers, evidence), dropped }
}

function numberOf(numbers: Map<string, number>, id: string): number {
  const number = numbers.get(id) ?? numbers.size + 1
  numbers.set(id, number)
  return number
}

type Support =
  { readonly evidence: readonly Evidence[]; readonly support: number } | { readonly why: string }

type SupportOptions = Pick<Claim, 'question' | 'similarity'>

/**
 * Nearness and half the coverage together, fitted on the golden references of the tuning cases, which
 * say in other words what their evidence says, and on answers that people found faithful.
 */
const MIN_SUPPORT = 0.87
/** Where nothing is known of nearness. */
const MIN_COVERAGE = 0.6

/** The number of a list's entry is no value. */
const LIST_MARK = /^\d{1,2}[.)]\s+/

function support(text: string, evidence: readonly Evidence[], options: SupportOptions): Support {
  const claims = text
    .replace(LIST_MARK, '')
    .split(/;\s/)
    .map((part) => toClaim(part, options))
    .filter(({ stems }) => stems.size > 0)
  if (claims.length === 0) return { why: 'It says nothing that could be checked.' }
  if (claims.every(isRepeating)) return { why: 'It says no more than the question.' }
  const supported: { evidence: readonly Evidence[]; support: number }[] = []
  for (const claim of claims) {
    const found = supportClaim(claim, evidence)
    if ('why' in found) return found
    supported.push(found)
  }
  return {
    evidence: [...new Set(supported.flatMap((each) => each.evidence))],
    support: Math.min(...supported.map((each) => each.support)),
  }
}

function supportClaim(claim: Claim, evidence: readonly Evidence[]): Support {
  const chosen = chooseEvidence(claim, evidence)
  if (chosen === null) return { why: UNSUPPORTED }
  const covered = coverage(claim, chosen)
  const near = Math.max(...chosen.map((each) => claim.similarity.get(each.id) ?? 0))
  const isSupported =
    claim.similarity.size === 0 ? covered >= MIN_COVERAGE : near + covered / 2 >= MIN_SUPPORT
  if (!isSupported) return { why: UNSUPPORTED }
  const fault = findFault(claim, chosen, evidence)
  return fault === null
    ? { evidence: chosen, support: round(Math.max(covered, near)) }
    : { why: fault }
}

const UNSUPPORTED = 'No sentence of the articles supports it.'

/** So many of the nearest sentences may hold another value than the evidence does. */
const RIVALS = 3

function findFault(
  claim: Claim,
  chosen: readonly [Evidence, ...Evidence[]],
  evidence: readonly Evidence[],
): string | null {
  const { text, question, similarity } = claim
  const nearness = ({ id }: Evidence) => similarity.get(id) ?? 0
  const textOf = (write: (each: Evidence) => string) => chosen.map(write).join('\n')
  const missing = findMissing(text, {
    evidence: textOf((each) => each.text),
    headings: textOf(({ passage }) => `${passage.title} ${passage.heading}`),
    around: textOf(({ passage }) => passage.text),
    question,
  })
  const link = findForeignLink(
    text,
    textOf((each) => each.text),
  )
  if (missing !== null || link !== null) return `Its evidence does not hold "${missing ?? link}".`
  const rivals = evidence
    .toSorted((a, b) => nearness(b) - nearness(a))
    .slice(0, RIVALS)
    .filter((each) => nearness(each) >= nearness(chosen[0]))
  const swapped = findSwapped(claim, { chosen, rivals })
  if (swapped !== null) return `Its evidence has another value in the place of "${swapped}".`
  return contradicts(claim, chosen) ? 'Its evidence says the contrary.' : null
}

/** It is asked whether something is so, or which of two things is. */
const CLOSED_QUESTION =
  /^(?:and |so |but )?(?:am|is|are|was|were|do|does|did|can|could|may|might|must|should|will|would|has|have|had)\b|\bor\b/i

function isRepeating({ text, question, stems, asked }: Claim): boolean {
  if (CLOSED_QUESTION.test(question) || /^(?:yes|no)\b/i.test(text)) return false
  return [...stems].every((stem) => asked.has(stem))
}

function toCitations(
  numbers: ReadonlyMap<string, number>,
  evidence: readonly Evidence[],
): readonly Citation[] {
  return [...numbers].flatMap(([id, number]) => {
    const found = evidence.find((each) => each.id === id)
    return found === undefined ? [] : [toCitation(number, found)]
  })
}

export function toCitation(
  number: number,
  { passage, text, start, end }: Pick<Evidence, 'passage' | 'text' | 'start' | 'end'>,
): Citation {
  return {
    number,
    articleId: passage.articleId,
    revision: passage.revision,
    url: passage.url,
    title: passage.title,
    heading: passage.heading,
    publishedAt: passage.publishedAt,
    quote: text,
    start,
    end,
  }
}

function round(value: number): number {
  return Math.round(Math.min(1, value) * 100) / 100
}

import type { AnswerSentence, Passage, RefusalReason } from '../domain.ts'
import { hidesArticles, type AskedTime } from '../retrieval/asked-time.ts'
import type { NothingFound } from '../retrieval/search.ts'

export interface DecideInput {
  /** What is kept of the model's words. */
  readonly sentences: readonly AnswerSentence[]
  readonly passages: readonly Passage[]
  /** The model's words, before grounding. */
  readonly generated: string
  /** How likely the evidence states the answer; null where the model does not say. */
  readonly statesAnswer: number | null
  readonly threshold: number
}

/** The model saying in its own words that the passages lack the answer, and not that something is not so. */
const DENIALS = [
  /(passages?|articles?|text|context)( provided| given)? (do|does|did)( not|n't) (mention|state|say|specify|provide|contain|give|include|answer|discuss)/i,
  /not (explicitly |directly )?(mentioned|specified|stated|provided|given|discussed)( in| by) the (provided |given )?(passages?|articles?|text|context)/i,
  /no (information|mention) (about|on|of|regarding)/i,
]

export function isDenial(text: string): boolean {
  return DENIALS.some((denial) => denial.test(text))
}

/** Why the question is refused, or null where the answer stands (design.md, decision 7). */
export function decide(input: DecideInput): RefusalReason | null {
  const { passages, sentences, generated, statesAnswer, threshold } = input
  if (passages.length === 0) return 'no-evidence'
  const isDropped = sentences.length === 0
  const isDenied = isDropped ? isDenial(generated) : sentences.every(saysDenial)
  if (isDenied) return 'not-answered'
  if (statesAnswer !== null && statesAnswer >= threshold) return null
  if (isDropped) return 'unsupported'
  return statesAnswer === null ? null : 'not-answered'
}

function saysDenial({ text }: AnswerSentence): boolean {
  return isDenial(text)
}

const REFUSALS: Record<RefusalReason, string> = {
  'no-evidence': 'Nothing in the articles is about this question.',
  'not-answered': 'The articles do not say this.',
  unsupported: 'The articles do not answer this: no sentence of theirs supports an answer.',
}

const NOTHING_FOUND: Record<NothingFound, string> = {
  'no-evidence': REFUSALS['no-evidence'],
  filtered: 'Nothing in the articles is about this question: the filters leave none of them.',
  'empty-library': 'Nothing in the articles is about this question: there are none yet.',
}

const NOT_THEN =
  'Nothing in the articles is about this question: none of them is of the time that it asks for.'

/** What a refusal says where the search itself found nothing; `time` as the question asks for it. */
export function describeNothing(reason: NothingFound, time: AskedTime | null): string {
  return reason === 'filtered' && hidesArticles(time) ? NOT_THEN : NOTHING_FOUND[reason]
}

/** A reader's program would make a link, a picture or a tag of it, and those are no article's to give. */
const LINKING = /:\/\/|\bwww\.|\]\s*[([:]|<\/|<[a-z]+[\s/]/i

/** What a refusal says, naming the nearest articles. */
export function describeRefusal(reason: RefusalReason, passages: readonly Passage[]): string {
  const named = passages.map(({ title }) => title).filter((title) => !LINKING.test(title))
  const titles = [...new Set(named)].slice(0, 3)
  const nearest = titles.map((title) => `“${title}”`).join(', ')
  return nearest === '' ? REFUSALS[reason] : `${REFUSALS[reason]} The nearest articles: ${nearest}.`
}

/** Whether a text that was sent as an answer is one of these. */
export function isRefusal(answer: string): boolean {
  return Object.values(REFUSALS).some((text) => answer.startsWith(text.replace(/[.:].*$/, '')))
}

import { isDenial } from '../src/answering/refusal.ts'
import { splitAnswer } from '../src/retrieval/split-sentences.ts'
import { stripMarks } from './facts.ts'
import { holdsQuote } from './holds-quote.ts'

// Whether a text answers is read from its words, because other systems have no status that says so.

/** How models refuse that were never told the words of this service. */
const REFUSALS = [
  /\bi (do not|don't) (know|have (any |enough |that |this |the |specific )*(information|details?|data|context|an answer))\b/i,
  /\b(cannot|can't|can not|could not|couldn't|unable to|not able to|not possible to) (answer|provide an answer|be answered|be determined (from|based)|determine (from|based))/i,
  /\b(i|we)('m| am| are|'re)? (cannot|can't|can not|could not|couldn't|unable to|not able to) (answer|find|say|tell|determine|provide|confirm)\b/i,
  /\b(not enough|insufficient|no relevant|not sufficient|n't enough|not have enough) (information|context|details?|evidence)\b/i,
  /\bno (information|mention|answer|details?|evidence)\b.*\b(passages?|articles?|text|context)\b/i,
  /\b(they|it) (do|does|did)( not|n't) (mention|specify)\b/i,
  /\bnothing in the (passages?|articles?|text|context)\b/i,
  /\b(passages?|articles?|text|context)( provided| given)? (lacks?|has no|have no|contains? no|provides? no|gives? no)\b/i,
]

/** Says neither that there is an answer nor that there is none. */
const ASIDES = [
  /^(i'm |i am |we are |my )?(very )?(sorry|apologi)/i,
  /^(thanks|thank you)\b/i,
  /^(please |feel free|let me know|if you (have|need|can|could|would))/i,
  /^(while |although |though )?(they|it|the (provided |given )?(passages?|articles?|text|context)) (only )?(mentions?|discuss(es)?|describes?|talks?|focus(es)?|covers?)\b/i,
]

/** Where this service names what came near. */
const NEAREST = /\s*The nearest articles: .*$/s
const CONTRAST = /[,;]\s+(?:but|however|yet|though|although)[\s,]+/i
const CONCESSION = /^(?:while|although|though)\s/i

export type Stance = 'denies' | 'states' | 'both'

/** Whether a sentence says in whatever words that no answer can be given. */
export function isRefusalText(sentence: string): boolean {
  const plain = sentence.replace(/[‘’]/g, "'")
  return isDenial(plain) || REFUSALS.some((refusal) => refusal.test(plain))
}

interface StanceOptions {
  /** What was read: a sentence that stands in there is the article's word, not the answerer's. */
  readonly passages: readonly { readonly text: string }[]
}

/** A text that only denies is a refusal; one that does both is neither a refusal nor an answer. */
export function readStance(text: string, { passages }: StanceOptions): Stance {
  const plain = stripMarks(text).replace(NEAREST, '')
  const isQuote = (sentence: string) => passages.some((each) => holdsQuote(each.text, sentence))
  const stances = splitAnswer(plain)
    .map(({ start, end }) => plain.slice(start, end))
    .flatMap((sentence) => stancesOf(sentence, isQuote))
  if (!stances.includes('denies')) return 'states'
  return stances.includes('states') ? 'both' : 'denies'
}

function stancesOf(
  sentence: string,
  isQuote: (sentence: string) => boolean,
): readonly (Stance | null)[] {
  if (!isRefusalText(sentence)) return [isAside(sentence) ? null : 'states']
  if (isQuote(sentence)) return ['states']
  const clauses = CONCESSION.test(sentence)
    ? splitAtFirst(sentence, /,\s+/)
    : sentence.split(CONTRAST)
  return clauses.map((clause) => {
    if (isRefusalText(clause)) return 'denies'
    return isAside(clause) ? null : 'states'
  })
}

function splitAtFirst(sentence: string, mark: RegExp): readonly string[] {
  const { index, 0: found } = mark.exec(sentence) ?? { index: sentence.length, 0: '' }
  return [sentence.slice(0, index), sentence.slice(index + found.length)].filter(Boolean)
}

function isAside(clause: string): boolean {
  const plain = clause.trim().replace(/[‘’]/g, "'")
  return ASIDES.some((aside) => aside.test(plain))
}

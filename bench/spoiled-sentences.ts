import { createRandom, seededShuffle } from '../eval/seeded-random.ts'
import {
  negate,
  readNames,
  swapListed,
  swapNumbers,
  swapOpposites,
  swapWords,
  swapYears,
} from '../eval/spoil-text.ts'
import { toNumbers } from '../src/answering/hard-tokens.ts'

export const SPOILED_KINDS = [
  'number',
  'number of the passage',
  'count or unit in words',
  'date',
  'name of the passage',
  'identifier',
  'negation',
  'opposite',
  'of another article',
  'invented',
] as const

export type SpoiledKind = (typeof SPOILED_KINDS)[number]

export interface Spoiled {
  readonly kind: SpoiledKind
  readonly text: string
}

interface SpoilOptions {
  /** What the passages say, the supporting sentences first. */
  readonly passageText: string
  /** Right sentences about other articles. */
  readonly others: readonly string[]
  /** What the question is about, for sentences that are made up. */
  readonly topic: string
  readonly seed: number
}

/** Of each kind at most so many a sentence, or long sentences would count for more. */
const MOST_OF_A_KIND = 3

/** A right sentence made wrong in every way that it allows. */
export function spoilSentence(text: string, options: SpoilOptions): readonly Spoiled[] {
  const variants = toVariants(text, options)
  return SPOILED_KINDS.flatMap((kind) => {
    const texts = [...new Set(variants[kind])].filter((variant) => variant !== text)
    return seededShuffle(texts, options.seed)
      .slice(0, MOST_OF_A_KIND)
      .map((variant) => ({ kind, text: variant }))
  })
}

function toVariants(
  text: string,
  { passageText, others, topic, seed }: SpoilOptions,
): Readonly<Record<SpoiledKind, readonly string[]>> {
  const random = createRandom(seed)
  const own = readNames(text)
  const there = readNames(passageText)
  const anyOf = (words: readonly string[]) => words[Math.floor(random() * words.length)] ?? null
  const otherThan = (word: string, words: readonly string[]) =>
    anyOf(words.filter((each) => !isSameName(each, word) && !holdsWord(text, each)))
  const numbers = [...toNumbers(passageText)].filter(
    (number) => !toNumbers(text).has(number) && /^\d/.test(number),
  )
  return {
    number: swapNumbers(text, (value) => String(value * 3 + 1)),
    'number of the passage': [1, 2].flatMap(() => swapNumbers(text, () => anyOf(numbers))),
    'count or unit in words': [...swapListed(text, 'count'), ...swapListed(text, 'unit')],
    date: [...swapListed(text, 'date'), ...swapYears(text)],
    'name of the passage': swapWords(text, own.names, (word) => otherThan(word, there.names)),
    identifier: swapWords(text, own.identifiers, (word) => otherThan(word, there.identifiers)),
    negation: negate(text),
    opposite: swapOpposites(text),
    'of another article': [anyOf(others) ?? ''],
    invented: [anyOf(INVENTED)?.replace('TOPIC', topic) ?? ''],
  }
}

/** “Postgres” for “PostgreSQL” makes nothing wrong. */
function isSameName(one: string, other: string): boolean {
  const [short = '', long = ''] = [one, other]
    .map((word) => word.toLowerCase())
    .sort((a, b) => a.length - b.length)
  return long.includes(short) || long.slice(0, 4) === short.slice(0, 4)
}

function holdsWord(text: string, word: string): boolean {
  return text.toLowerCase().includes(word.toLowerCase())
}

/** The longest word of the question that the evidence has, too. */
export function readTopic(question: string, evidence: string): string {
  const words = question.match(/\p{L}[\p{L}\p{N}_./-]{3,}/gu) ?? []
  const [longest] = words
    .filter((word) => holdsWord(evidence, word))
    .sort((a, b) => b.length - a.length)
  return longest === undefined ? 'it' : `the ${longest}`
}

/** Of the kind a model makes up: definite, and of what was asked about. */
const INVENTED = [
  'TOPIC was dropped in the last release because hardly anyone used it.',
  'TOPIC needs a paid licence that is renewed once a year.',
  'For TOPIC the default is taken from the operating system and cannot be changed.',
  'TOPIC was first built by a university in Finland as an experiment.',
  'Only administrators can change TOPIC, from the settings page.',
  'TOPIC is switched on by default and warns about mistakes by e-mail.',
  'Most teams replace TOPIC after a few months with a commercial product.',
  'TOPIC works only while the machine is connected to a power supply.',
]

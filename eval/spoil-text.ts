import { toNumber } from '../src/answering/hard-tokens.ts'

// Ways in which a right statement is made a wrong one, each by one small change. A function gives every
// text that its change can make of the statement, and none where it has nothing to change.

const NUMBER = /(?<![\p{L}\p{N}_.,-])\d[\d,.]*(?<=\d)(?![\p{L}\p{N}_])/gu

/** Each number replaced in turn; null leaves it. */
export function swapNumbers(
  text: string,
  replace: (value: number, rest: string) => string | null,
): readonly string[] {
  return swapEach(text, NUMBER, (written, rest) => {
    const value = Number(toNumber(written))
    // A version such as 1.2.3 is no number.
    return Number.isNaN(value) ? null : replace(value, rest)
  })
}

const COUNTS = 'two three four five six seven eight nine ten twelve twenty'.split(' ')
const MONTHS =
  'January February March April May June July August September October November December'.split(' ')
const DAYS = 'Monday Tuesday Wednesday Thursday Friday Saturday Sunday'.split(' ')
const TIMES = ['seconds', 'minutes', 'hours', 'days', 'weeks', 'months', 'years']
const WORD = /[\p{L}\p{N}_]+/gu

/** Each number word, month, day and unit of time by the next but one of its kind. */
export function swapListed(text: string, kind: 'count' | 'date' | 'unit'): readonly string[] {
  const lists = { count: [COUNTS], date: [MONTHS, DAYS], unit: [TIMES] }[kind]
  return swapEach(text, WORD, (word) => {
    const list = lists.find((each) => each.includes(word))
    return list === undefined ? null : (list[(list.indexOf(word) + 2) % list.length] ?? null)
  })
}

/** Each year by another near it. */
export function swapYears(text: string): readonly string[] {
  return swapEach(text, /(?<![\p{N}.,])(?:19|20)\d\d(?![\p{N}%])/gu, (year) =>
    String(Number(year) - 3),
  )
}

const NAME = /(?<![\p{L}\p{N}_$./-])[\p{L}_$][\p{L}\p{N}_$./-]*(?:\(\))?/gu

export interface Names {
  readonly names: readonly string[]
  readonly identifiers: readonly string[]
}

/** Words with a capital that no sentence start explains, and words that look like code. */
export function readNames(text: string): Names {
  const found = [...text.matchAll(NAME)].map(({ 0: raw, index }) => ({
    word: raw.replace(/[./-]+$/, ''),
    isFirst: /(^|[.!?:;\n]["”')]*\s*|["“(]\s*)$/.test(text.slice(0, index)),
  }))
  const identifiers = found.filter(({ word }) => isIdentifier(word))
  const names = found.filter(
    ({ word, isFirst }) =>
      !isIdentifier(word) &&
      (/^\p{Lu}\p{L}*\p{Lu}/u.test(word) || (!isFirst && /^\p{Lu}\p{Ll}{2,}/u.test(word))),
  )
  return { names: toWords(names), identifiers: toWords(identifiers) }
}

const toWords = (found: readonly { readonly word: string }[]) => [
  ...new Set(found.map(({ word }) => word)),
]

function isIdentifier(word: string): boolean {
  if (word === 'e.g' || word === 'i.e') return false
  return /\p{L}_\p{L}|\(\)$|\p{L}[./]\p{L}|^\p{Ll}+\p{Lu}|\p{L}\d/u.test(word)
}

/** Each of the words by the one that is given for it. */
export function swapWords(
  text: string,
  words: readonly string[],
  replace: (word: string) => string | null,
): readonly string[] {
  return swapEach(text, NAME, (raw) => {
    const word = raw.replace(/[./-]+$/, '')
    const by = words.includes(word) ? replace(word) : null
    return by === null ? null : by + raw.slice(word.length)
  })
}

const NEGATABLE =
  /\b(?:is|are|was|were|can|may|must|should|will|would|could|has to|have to|had to|does|do|did)\b(?! not|n't)/g
/** A verb in its plain form that opens an order. */
const ORDER =
  /^(?:Use|Put|Run|Set|Create|Combine|Query|Press|Begin|Teach|Start|Keep|Add|Store|Enable|Check|Move|Make|Give|Wrap|Send|Write|Read|Delete)\b/g
/** A verb in the present that only a subject before it explains. */
const PRESENT =
  // eslint-disable-next-line security/detect-unsafe-regex -- It reads golden references alone.
  /(?<=\b(?:it|they|that|this|which|who|Footnote|Postgres|PostgreSQL|Next\.js|Redis|\p{Ll}+) )(takes?|uses?|gets?|gives?|makes?|reads?|keeps?|needs?|serves?|calls?|lets?|returns?|starts?|stops?|sends?|shows?|holds?|stores?|writes?|connects?|allows?|supports?|becomes?|detects?|reduces?|runs?|goes|go|asks?|wants?)\b/giu
const NEGATIONS: readonly (readonly [RegExp, string])[] = [
  [/\bno longer /gi, ''],
  [/\b(?:not|never) /gi, ''],
  [/\bcannot\b/gi, 'can'],
  [/\b(is|are|was|were|do|does|did|has|have|would|could|should)n['’]t\b/gi, '$1'],
  [/\bcan['’]t\b/gi, 'can'],
  [/\bwon['’]t\b/gi, 'will'],
  [/\bwithout\b/gi, 'with'],
  [/\bno (?=\p{Ll})/gu, 'a '],
  [/\bnothing\b/gi, 'everything'],
]

/** The statement denied, or what it denies claimed. */
export function negate(text: string): readonly string[] {
  const removed = NEGATIONS.flatMap(([negator, by]) =>
    swapEach(text, negator, (word) => word.replace(negator, by)),
  )
  if (removed.length > 0) return removed
  const never = swapEach(text, NEGATABLE, (verb) => `${verb} never`)
  return [
    ...swapEach(text, NEGATABLE, (verb) => `${verb} not`),
    ...never.slice(0, 1),
    ...swapEach(text, ORDER, (verb) => `Do not ${verb.toLowerCase()}`),
    ...swapEach(text, PRESENT, (verb) => `does not ${verb.replace(/s$/, '')}`),
    ...swapEach(text, PRESENT, (verb) => `no longer ${verb}`).slice(0, 1),
    ...swapEach(text, /\bwith(?! (?:every|each))\b/g, () => 'without'),
  ]
}

const OPPOSITES: ReadonlyMap<string, string> = new Map(
  `enable disable|enables disables|enabled disabled|increase decrease|increases decreases|
  increased decreased|always never|before after|more less|most least|faster slower|fast slow|
  quickly slowly|larger smaller|large small|bigger smaller|higher lower|high low|longer shorter|
  long short|allowed forbidden|allow forbid|allows forbids|allowed prohibited|safe unsafe|
  possible impossible|first last|minimum maximum|everything nothing|all none|both neither|
  better worse|best worst|easy hard|easier harder|rises falls|rise fall|gain lose|grow shrink|
  simple complex|public private|open closed|accept refuse|accepts refuses|accepted refused|
  succeeds fails|success failure|add remove|adds removes|added removed|online offline|
  required optional|mandatory optional|synchronous asynchronous|internal external|up down|
  cheap expensive|cheaper dearer|strong weak|stronger weaker|early late|earlier later|
  above below|inside outside|include exclude|includes excludes|start end|starts ends|
  newest oldest|newer older|new old|same different|true false|valid invalid|trusted untrusted`
    .split('|')
    .map((pair) => pair.trim().split(' '))
    .flatMap(([one = '', other = '']) => [[one, other] as const, [other, one] as const])
    .reverse(),
)

/** Each word that has an opposite by it, and a yes by a no. */
export function swapOpposites(text: string): readonly string[] {
  return [
    ...swapEach(text, WORD, (word) => OPPOSITES.get(word) ?? null),
    ...swapEach(text, /^(?:Yes|No)(?=,)/g, (word) => (word === 'Yes' ? 'No' : 'Yes')),
  ]
}

function swapEach(
  text: string,
  pattern: RegExp,
  replace: (match: string, rest: string) => string | null,
): readonly string[] {
  return [...text.matchAll(pattern)].flatMap(({ 0: match, index }) => {
    const rest = text.slice(index + match.length)
    const by = replace(match, rest)
    return by === null || by === match ? [] : [text.slice(0, index) + by + rest]
  })
}

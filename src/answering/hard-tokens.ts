import { wordsToDigits } from './number-words.ts'

// What must stand word for word in the evidence: numbers, names, identifiers and quoted strings. A
// small model writes these wrongly while everything around them reads well.

const NUMBER = /(?<![\p{L}\d_])[-+]?\d[\d,.]*(?:[kKmM](?![\p{L}\d]))?/gu
const IDENTIFIER = /[\p{L}_$][\p{L}\d_$./:-]*(?:\(\))?/gu
const ABBREVIATIONS = new Set(['e.g', 'i.e'])
const QUOTED = /["“`]([^"“”`]{2,})["”`]/gu

/** 1,200 = 1200 = 1.2k; a version such as 1.2.3 stays as it is written. */
export function toNumbers(text: string): ReadonlySet<string> {
  // “0.85..0.9” is a span of two.
  const written = (text.match(NUMBER) ?? []).flatMap((each) => each.split(/\.{2,}/))
  return new Set(written.filter((each) => /\d/.test(each)).map(toNumber))
}

/** One numeral, written the one way in which equal numbers are alike. */
export function toNumber(written: string): string {
  const plain = written.replace(/^\+|[.,]+$/g, '').replaceAll(',', '')
  // The scale is an exponent: 2.01 × 1000 is not 2010 in floating point.
  const scaled = plain.replace(/k$/i, 'e3').replace(/m$/i, 'e6')
  const value = Number(scaled)
  return Number.isNaN(value) ? plain : String(value)
}

/**
 * Words that are names or code: a capital that no sentence start explains, a digit, a mark inside; and
 * those that are known to be names from elsewhere, such as the question.
 */
export function toNames(text: string, known: readonly string[] = []): readonly string[] {
  const names: string[] = []
  for (const match of text.matchAll(IDENTIFIER)) {
    const word = match[0].replace(/[./:-]+$/, '')
    if (ABBREVIATIONS.has(word)) continue
    const isFirst = /(^|[.!?:]["”')]*\s+|["“(]\s*)$/.test(text.slice(0, match.index))
    const isMarked = /[\d_$]|\(\)|\p{Ll}\p{Lu}|\p{Lu}{2}|\p{L}[.:/]\p{L}/u.test(word)
    if (isMarked || known.includes(word) || (!isFirst && /^\p{Lu}/u.test(word))) names.push(word)
  }
  return names
}

function toQuoted(text: string): readonly string[] {
  return [...text.matchAll(QUOTED)].map((match) => match[1] ?? '')
}

interface MissingOptions {
  readonly evidence: string
  /** Where a name may also stand, but no number. */
  readonly headings: string
  /** The text around the evidence, where what the question has may also stand. */
  readonly around: string
  readonly question: string
}

/** The first number, name or quoted string of a text that its evidence lacks, or null. */
export function findMissing(
  text: string,
  { evidence, headings, around, question }: MissingOptions,
): string | null {
  const numbers = allNumbers(evidence)
  const [asked, known] = [toNumbers(question), allNumbers(`${headings} ${around}`)]
  const isWrong = (number: string) =>
    !numbers.has(number) && !(asked.has(number) && known.has(number))
  const wrongNumber = [...toNumbers(text)].find(isWrong)
  if (wrongNumber !== undefined) return wrongNumber
  const near = fold(`${evidence} ${headings}`)
  const far = fold(around)
  const isMissing = (name: string) =>
    !holdsName(near, name) && !(holdsName(fold(question), name) && holdsName(far, name))
  return [...toNames(text, toNames(question)), ...toQuoted(text)].find(isMissing) ?? null
}

/** Those written in words as well. */
function allNumbers(text: string): ReadonlySet<string> {
  const digits = wordsToDigits(text.toLowerCase().replace(/\s+/g, ' '))
  return new Set([...toNumbers(text), ...toNumbers(digits)])
}

function holdsName(text: string, name: string): boolean {
  const folded = fold(name)
  if (formsOf(folded).some((form) => holds(text, form)) || holdsLonger(text, folded)) return true
  // “Half-Hour” and “LISTEN/NOTIFY” are two words that the evidence may have apart.
  const parts = /[^\p{L}/-]/u.test(folded) ? [] : folded.split(/[-/]/)
  return parts.length > 1 && parts.every((part) => part !== '' && holdsName(text, part))
}

/** So long a name may be cut: Postgres for PostgreSQL. */
const MIN_CUT_NAME = 6

function holdsLonger(text: string, name: string): boolean {
  if (name.length < MIN_CUT_NAME || /\P{L}/u.test(name)) return false
  for (let at = text.indexOf(name); at !== -1; at = text.indexOf(name, at + 1)) {
    if (!isWord(text[at - 1])) return true
  }
  return false
}

/** A possessive or a plural of a name is that name; the "s" of a short one is its own. */
function formsOf(name: string): readonly string[] {
  const singular = name.replace(/['’]s$/, '')
  return [name, singular, singular.replace(/(?<=\p{L}{3})s$/u, ''), `${singular}s`]
}

/** Whether the text has the phrase as whole words: "AWS" is not in "laws". */
function holds(text: string, phrase: string): boolean {
  for (let at = text.indexOf(phrase); at !== -1; at = text.indexOf(phrase, at + 1)) {
    if (!isWord(text[at - 1]) && !isWord(text[at + phrase.length])) return true
  }
  return false
}

function isWord(character: string | undefined): boolean {
  return character !== undefined && /[\p{L}\p{N}_]/u.test(character)
}

function fold(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[\s`"“”]+/g, ' ')
    .trim()
}

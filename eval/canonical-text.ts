import { toNumber } from '../src/answering/hard-tokens.ts'
import { wordsToDigits } from '../src/answering/number-words.ts'

// One way of writing for what means the same: quotes, dashes, hyphens, spaces, capitals and numbers.

const NUMERAL = /(?<![\p{L}\p{N}_]|\d\.)(-?\.?\d[\d.,]*(?<=\d))([\p{L}\p{N}_]*)/gu
/** Three digits behind a comma are thousands; other commas part the numbers of a list. */
const LIST_COMMA = /,(?!\d{3}(?!\d))/
const ORDINAL = /^(?:st|nd|rd|th)$/
const BOLD = /(?<![\p{L}\p{N}])\*\*(?=\S)|(?<=\S)\*\*(?![\p{L}\p{N}])/gu
const HYPHEN = /(?<=[\p{L}\p{N}_])-(?=[\p{L}\p{N}_])/gu
const PERCENT = /(?<=\d) ?(?:%|percent\b|per cent\b)/g
const PLAIN_NUMBER = /(?<![\p{L}\p{N}_.])-?\d[\d.]*(?<!\.)(?![\p{L}\p{N}_])/gu

interface CanonicalOptions {
  /** Whether "two" is 2. */
  readonly numberWords: boolean
}

export function toCanonical(text: string, { numberWords }: CanonicalOptions): string {
  const written = fold(text).replace(NUMERAL, withNumeral).replace(HYPHEN, ' ')
  return (numberWords ? wordsToDigits(written) : written).replace(PERCENT, '%')
}

/** The numbers of a text, each the one way in which equal ones are alike. */
export function readNumbers(text: string, options: CanonicalOptions): ReadonlySet<string> {
  return new Set(toCanonical(text, options).match(PLAIN_NUMBER))
}

/** Double quotes, backticks and bold are how a phrase is shown, and no part of it. */
function fold(text: string): string {
  return text
    .normalize('NFC')
    .toLowerCase()
    .replace(/[‘’‚‛′]/g, "'")
    .replace(/[‐‑‒–—―−]/g, '-')
    .replace(/["“”„‟″«»`]/g, '')
    .replace(BOLD, '')
    .replace(/\s+/g, ' ')
    .trim()
}

/** A unit stands apart from its number (42ms = 42 ms); 2nd and 0x1f are words. */
function withNumeral(whole: string, digits: string, tail: string): string {
  if (ORDINAL.test(tail) || /\P{L}/u.test(tail)) return whole
  const isScale = /^[km]$/.test(tail)
  const numerals = (digits + (isScale ? tail : '')).split(LIST_COMMA)
  const numbers = numerals.map((each) => toNumber(each.replace(/(?<!\d)\./, '0.'))).join(',')
  return tail === '' || isScale ? numbers : `${numbers} ${tail}`
}

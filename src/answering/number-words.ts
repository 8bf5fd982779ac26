// "two hundred and five" is 205. Words and digits are told apart by nothing else, so that a fact put in
// words is found in an answer that uses digits, and the other way round.

const names = (list: string) => list.split(' ')

const UNITS = new Map<string, number>([
  ...names(
    'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen',
  ).map((name, value) => [name, value] as const),
  ...names('twenty thirty forty fifty sixty seventy eighty ninety').map(
    (name, at) => [name, (at + 2) * 10] as const,
  ),
])
const SCALES = new Map([
  ['thousand', 1e3],
  ['million', 1e6],
  ['billion', 1e9],
])
const BETWEEN_WORDS = /([^\p{L}\p{N}_.]+|\.(?!\d))/u
const DIGITS = /^\d[\d.]*$/

interface Reading {
  readonly total: number
  /** What the next scale multiplies; null behind a scale. */
  readonly current: number | null
  readonly scale: number
}

/** A text in small letters with single spaces, its number words as digits. */
export function wordsToDigits(text: string): string {
  const pieces = text.split(BETWEEN_WORDS)
  let digits = ''
  for (let at = 0; at < pieces.length;) {
    const { written, next } = readNumber(pieces, at)
    digits += written
    at = next
  }
  return digits
}

interface Read {
  readonly written: string
  readonly next: number
}

function readNumber(pieces: readonly string[], first: number): Read {
  let at = first
  let reading = start(pieces, at)
  if (reading === null) return { written: pieces[at] ?? '', next: at + 1 }
  for (let longer: Reading | null = reading; longer !== null;) {
    reading = longer
    const next = nextWord(pieces, { at, reading })
    longer = next === null ? null : take(reading, pieces[next] ?? '')
    if (next !== null && longer !== null) at = next
  }
  return { written: String(valueOf(reading)), next: at + 1 }
}

/** Digits start a number of words only in front of its scale: "5 million". */
function start(pieces: readonly string[], at: number): Reading | null {
  const word = pieces[at] ?? ''
  const isScaled = pieces[at + 1] === ' ' && isScale(pieces[at + 2] ?? '')
  if (isScaled && DIGITS.test(word) && !Number.isNaN(Number(word))) {
    return { ...NOTHING, current: Number(word) }
  }
  return take(NOTHING, word)
}

const NOTHING: Reading = { total: 0, current: null, scale: Infinity }

function isScale(word: string): boolean {
  return word === 'hundred' || SCALES.has(word)
}

function nextWord(
  pieces: readonly string[],
  { at, reading }: { readonly at: number; readonly reading: Reading },
): number | null {
  if (pieces[at + 1] !== ' ') return null
  if (pieces[at + 2] !== 'and') return at + 2
  const isRound = reading.current === null || (reading.current > 0 && reading.current % 100 === 0)
  return isRound && pieces[at + 3] === ' ' && UNITS.has(pieces[at + 4] ?? '') ? at + 4 : null
}

/** The reading with one word more, or null where the word does not belong to it. */
function take(reading: Reading, word: string): Reading | null {
  const unit = UNITS.get(word)
  if (unit !== undefined) return withUnit(reading, unit)
  if (word === 'hundred') return withHundred(reading)
  const scale = SCALES.get(word)
  if (scale === undefined || scale >= reading.scale) return null
  return { total: reading.total + (reading.current ?? 1) * scale, current: null, scale }
}

function withUnit(reading: Reading, unit: number): Reading | null {
  const { current } = reading
  return hasRoom(current, unit) ? { ...reading, current: (current ?? 0) + unit } : null
}

function withHundred(reading: Reading): Reading | null {
  const count = reading.current ?? 1
  return count > 0 && count < 100 ? { ...reading, current: count * 100 } : null
}

/** "twenty five" is one number, "five twenty" and "one two" are two. */
function hasRoom(current: number | null, unit: number): boolean {
  if (current === null) return true
  if (unit === 0 || current < 20) return false
  const open = current % 100
  return open === 0 || (unit < 10 && open >= 20 && open % 10 === 0)
}

function valueOf({ total, current }: Reading): number {
  return Number((total + (current ?? 0)).toPrecision(15))
}

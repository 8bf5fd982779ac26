import { stemOf } from '../retrieval/content-words.ts'
import { toNumber } from './hard-tokens.ts'
import { wordsToDigits } from './number-words.ts'

// A text as the words that stand in it, in order, so that two texts can be laid beside each other: what
// a number counts, what a name does, what a "not" denies.

export interface PlacedWord {
  /** In small letters; a number in its one form. */
  readonly text: string
  readonly stem: string
  readonly kind: 'word' | 'number' | 'break'
}

export interface Place {
  readonly words: readonly PlacedWord[]
  readonly at: number
}

const TOKEN =
  // eslint-disable-next-line security/detect-unsafe-regex -- What repeats begins with a sign that ends what it repeats: linear.
  /(?<number>(?<![\p{L}_])\d+(?:[.,]\d+)*)|(?<word>[\p{L}_$][\p{L}\d_$]*(?:[.'’](?=[\p{L}\d_$])[\p{L}\d_$]+)*)|(?<break>[.,;:!?()]|[–—]|--)|%/gu
const DENIED_VERB = /^(\p{L}+)n['’]t$/u
/** They point, and tell nothing of what stands beside them. */
const SKIPPED = new Set('a an the of that which its their your it for this these those'.split(' '))
/** They stand beside everything. */
const JOINING = new Set(
  'and or is are was were be been has have had do does did can could may will would'.split(' '),
)
/** So many words on each side tell what a word is about. */
const REACH = 4

export function toPlacedWords(text: string): readonly PlacedWord[] {
  // Lines are those of code or a list, and end what stands in them.
  const plain = wordsToDigits(text.toLowerCase().replace(/\n+/g, ' ; ').replace(/\s+/g, ' '))
  return [...plain.matchAll(TOKEN)].flatMap(({ 0: token, groups }) => {
    if (groups?.['break'] !== undefined) return [{ text: token, stem: token, kind: 'break' }]
    if (groups?.['number'] === undefined) return readWord(token)
    const number = toNumber(token)
    return [{ text: number, stem: number, kind: 'number' }]
  })
}

function readWord(written: string): readonly PlacedWord[] {
  if (written === 'cannot') return [toWord('can'), toWord('not')]
  if (written === "won't") return [toWord('will'), toWord('not')]
  const [, verb] = DENIED_VERB.exec(written) ?? []
  if (verb !== undefined) return [toWord(verb), toWord('not')]
  const word = written.replace(/['’]s$/, '')
  return SKIPPED.has(word) ? [] : [toWord(word)]
}

function toWord(text: string): PlacedWord {
  // “time.sleep” sleeps; “next.js” is a name.
  const [, called = text] = /^[\p{L}_]+\.([\p{L}_]{4,})$/u.exec(text) ?? []
  return { text, stem: stemOf(called), kind: 'word' }
}

/** How alike what stands around two words is: each word that they share counts the more, the nearer it is. */
export function likeness(one: Place, other: Place): number {
  const there = neighbours(other)
  let sum = 0
  for (const [stem, distance] of neighbours(one)) {
    const found = there.get(stem)
    if (found !== undefined) sum += 1 / (distance + found)
  }
  return sum
}

/** The stems around a word, each with its least distance; on which side does not count, for “A beats B” and “B is beaten by A”. */
function neighbours({ words, at }: Place): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  for (const side of [words.slice(0, at).toReversed(), words.slice(at + 1)]) {
    side
      .filter(({ kind, text }) => kind !== 'break' && !JOINING.has(text))
      .slice(0, REACH)
      .forEach(({ stem }, index) =>
        found.set(stem, Math.min(index + 1, found.get(stem) ?? Infinity)),
      )
  }
  return found
}

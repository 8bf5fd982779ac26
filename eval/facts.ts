import { toCanonical } from './canonical-text.ts'

/** Marks of the answer, with the space before them. A bracket right behind a word is an index in code. */
const MARK = /\s*(?<!\p{N}|[\p{L}_)][[\]\d]*)\[(\d{1,3})\]/gu

export function stripMarks(text: string): string {
  return text.replace(MARK, '')
}

/** The numbers of a text's marks, in order, repeated as they are. */
export function readMarks(text: string): readonly number[] {
  return [...text.matchAll(MARK)].map(([, digits]) => Number(digits))
}

/** Whether a text without its marks states a fact in any of the ways in which it may be put. */
export function holdsFact(text: string, alternatives: readonly string[]): boolean {
  const canonical = toCanonical(stripMarks(text), { numberWords: true })
  return alternatives.some((phrase) => holds(canonical, phrase))
}

export function holdsPhrase(text: string, phrase: string): boolean {
  return holdsFact(text, [phrase])
}

function holds(text: string, phrase: string): boolean {
  const sought = toCanonical(phrase, { numberWords: true })
  if (sought === '') return false
  for (let at = text.indexOf(sought); at !== -1; at = text.indexOf(sought, at + 1)) {
    const end = at + sought.length
    const around = {
      left: text.slice(Math.max(0, at - 2), at),
      right: text.slice(end, end + 2),
    }
    if (isWhole(sought, around)) return true
  }
  return false
}

interface Around {
  readonly left: string
  readonly right: string
}

/** A phrase that begins or ends with a symbol is whole too only apart from words: ".env" is not "process.env". */
function isWhole(phrase: string, { left, right }: Around): boolean {
  if (/[\p{L}\p{N}\p{M}_]$/u.test(left) || /^[\p{L}\p{N}\p{M}_]/u.test(right)) return false
  if (/^\d/.test(phrase) && /-$|\d\.$/.test(left)) return false
  if (/\d$/.test(phrase) && /^\.\d/.test(right)) return false
  // C is neither C++ nor C#.
  return !(/\p{L}$/u.test(phrase) && /^(?:\+\+|#)/.test(right))
}

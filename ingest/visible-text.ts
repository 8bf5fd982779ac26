/**
 * What a reader cannot see must not reach the model: zero-width and bidirectional marks, tag
 * characters, soft hyphens and control characters are ways to hide a text inside another.
 */

const PLAIN = /^[\n\t\x20-\x7E]*$/
// Beside the format characters: the places kept for more of them, and letters that are blank.
const UNSEEN = /[\p{Cf}\p{Cc}\u034F\u2065\u3164\uFFA0\uFFF0-\uFFF8]/gu
// Tags, assigned or not, and variation selectors: a whole text can be written in either.
const SPECIAL_PURPOSE = /\uDB40[\uDC00-\uDFFF]/g
const JOINER = /[\u200C\u200D]/

// Arabic and the Indic scripts spell with joiners; elsewhere they are only a place to hide bits.
const JOINING = /[\u0600-\u07FF\u0840-\u0DFF\u0F00-\u109F\u1780-\u18AF\uFB50-\uFDFF\uFE70-\uFEFC]/
const PICTOGRAPH = /[\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F]/u

// Normalising is quadratic in a run of combining marks (7 s for 200,000); Unicode's own
// stream-safe format allows 30.
const MARKS_BEYOND_30 = /(\p{M}{30})\p{M}+/gu

/** The text in NFC, in a time that grows with its length alone. */
export function composed(text: string): string {
  return text.replace(MARKS_BEYOND_30, '$1').normalize('NFC')
}

/** The text without what nobody sees: NFC, well-formed, no controls but line breaks and tabs. */
export function visibleText(text: string): string {
  if (PLAIN.test(text)) return text
  const visible = text
    .replace(/\r\n?|[\u0085\u2028\u2029]/g, '\n')
    .replace(/\p{Cs}/gu, '\uFFFD')
    .replace(SPECIAL_PURPOSE, '')
    .replace(UNSEEN, (mark: string, at: number, all: string) => (isSeen(mark, at, all) ? mark : ''))
  return composed(visible)
}

/** The visible text on one line, its whitespace collapsed. */
export function singleLine(text: string): string {
  return visibleText(text).replace(/\s+/g, ' ').trim()
}

function isSeen(mark: string, at: number, text: string): boolean {
  if (mark === '\n' || mark === '\t') return true
  return (
    JOINER.test(mark) && isJoined(text.slice(Math.max(0, at - 2), at), text.slice(at + 1, at + 3))
  )
}

function isJoined(before: string, after: string): boolean {
  const left = [...before].at(-1) ?? ''
  const right = [...after][0] ?? ''
  return [JOINING, PICTOGRAPH].some((letters) => letters.test(left) && letters.test(right))
}

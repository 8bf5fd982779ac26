import type { Citation, Source } from './answer.ts'

/** A text in three parts: the middle one is to be marked, and together they are the text. */
export interface MarkedText {
  readonly before: string
  readonly marked: string
  readonly after: string
}

/** The passage a citation stands in, with its sentence marked; the sentence alone without one. */
export function markPassage(citation: Citation, sources: readonly Source[]): MarkedText {
  for (const source of sources) {
    if (!contains(source, citation)) continue
    const offset = offsetIn(source, citation)
    if (offset !== -1) return splitAt(source.text, offset, offset + citation.quote.length)
  }
  return { before: '', marked: citation.quote, after: '' }
}

/** Null where the range does not lie in the text. */
export function markRange(
  text: string,
  range: { readonly start: number; readonly end: number },
): MarkedText | null {
  const inside = range.start >= 0 && range.start < range.end && range.end <= text.length
  return inside ? splitAt(text, range.start, range.end) : null
}

function contains(source: Source, citation: Citation): boolean {
  return (
    source.articleId === citation.articleId &&
    source.revision === citation.revision &&
    source.start <= citation.start &&
    source.end >= citation.end
  )
}

/** By the offsets where they hold; by the words where the passage leaves something out. */
function offsetIn(source: Source, citation: Citation): number {
  if (citation.quote === '') return -1
  const offset = citation.start - source.start
  return source.text.startsWith(citation.quote, offset)
    ? offset
    : source.text.indexOf(citation.quote)
}

function splitAt(text: string, start: number, end: number): MarkedText {
  return { before: text.slice(0, start), marked: text.slice(start, end), after: text.slice(end) }
}

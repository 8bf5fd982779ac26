import type { BlockKind, SentenceSpan } from '../domain.ts'
import { isSentenceEnd, possibleEnds } from './sentence-ends.ts'

/** A code block of up to so many lines is read as one statement. */
const MAX_CODE_LINES = 12
/** About what an embedding model reads whole; a longer run without an end is cut. */
const MAX_SENTENCE_CHARS = 1000

const LIST_MARK = /^\s*(?:[-*+•]|\d{1,9}[.)])\s+/
const FENCE = /^ *```.*$/gm

/** The sentences of a block's text, in order, without list marks and the whitespace around them. */
export function splitSentences(text: string, kind: BlockKind): readonly SentenceSpan[] {
  return spansOf(text, kind)
    .flatMap((span) => cutLong(text, span))
    .map((span) => trimmed(text, span))
    .filter(({ start, end }) => start < end)
}

/** The sentences of a model's answer: prose, lists and fenced code in one text. */
export function splitAnswer(text: string): readonly SentenceSpan[] {
  const spans: SentenceSpan[] = []
  let start = 0
  let kind: BlockKind = 'list'
  for (const { 0: fence, index } of text.matchAll(FENCE)) {
    spans.push(...splitWithin(text, { start, end: index }, kind))
    start = index + fence.length
    kind = kind === 'list' ? 'code' : 'list'
  }
  return [...spans, ...splitWithin(text, { start, end: text.length }, kind)]
}

function splitWithin(text: string, { start, end }: SentenceSpan, kind: BlockKind): SentenceSpan[] {
  return splitSentences(text.slice(start, end), kind).map((span) => shifted(span, start))
}

export function shifted({ start, end }: SentenceSpan, by: number): SentenceSpan {
  return { start: start + by, end: end + by }
}

function spansOf(text: string, kind: BlockKind): readonly SentenceSpan[] {
  switch (kind) {
    case 'heading':
      return []
    case 'code':
      return codeSpans(linesOf(text), text)
    case 'table':
      return linesOf(text)
    case 'list':
      return linesOf(text).flatMap((line) => proseSpans(text, withoutMark(text, line)))
    case 'paragraph':
    case 'quote':
      return proseSpans(text, { start: 0, end: text.length })
  }
}

function linesOf(text: string): readonly SentenceSpan[] {
  let start = 0
  return text.split('\n').map((line) => {
    const span = { start, end: start + line.length }
    start = span.end + 1
    return span
  })
}

function withoutMark(text: string, { start, end }: SentenceSpan): SentenceSpan {
  const mark = LIST_MARK.exec(text.slice(start, end))
  return { start: start + (mark?.[0].length ?? 0), end }
}

function proseSpans(text: string, { start, end }: SentenceSpan): readonly SentenceSpan[] {
  const prose = text.slice(start, end).replace(/\s/g, ' ')
  const spans: SentenceSpan[] = []
  let from = 0
  for (const at of possibleEnds(prose)) {
    if (!isSentenceEnd(prose, { from, at })) continue
    spans.push({ start: from, end: at })
    from = at
  }
  return [...spans, { start: from, end: prose.length }].map((span) => shifted(span, start))
}

/** Parts between blank lines, as many together as fit; a longer part in even pieces. */
function codeSpans(lines: readonly SentenceSpan[], text: string): readonly SentenceSpan[] {
  const pieces: { first: number; last: number }[] = []
  for (const part of codeParts(lines, text)) {
    const open = pieces.at(-1)
    if (open !== undefined && part.last - open.first < MAX_CODE_LINES) open.last = part.last
    else pieces.push(part)
  }
  return pieces.map(({ first, last }) => ({
    start: lines[first]?.start ?? 0,
    end: lines[last]?.end ?? text.length,
  }))
}

function codeParts(
  lines: readonly SentenceSpan[],
  text: string,
): { first: number; last: number }[] {
  const isBlank = (line?: SentenceSpan) => !line || text.slice(line.start, line.end).trim() === ''
  const parts: { first: number; last: number }[] = []
  for (let first = 0; first < lines.length; first += 1) {
    if (isBlank(lines[first])) continue
    let next = first
    while (!isBlank(lines[next])) next += 1
    parts.push(...evenParts(first, next))
    first = next
  }
  return parts
}

function evenParts(first: number, next: number): { first: number; last: number }[] {
  const count = Math.ceil((next - first) / MAX_CODE_LINES)
  const size = Math.ceil((next - first) / count)
  return Array.from({ length: count }, (_, at) => ({
    first: first + at * size,
    last: Math.min(first + (at + 1) * size, next) - 1,
  }))
}

function cutLong(text: string, { start, end }: SentenceSpan): readonly SentenceSpan[] {
  const spans: SentenceSpan[] = []
  let from = start
  while (end - from > MAX_SENTENCE_CHARS) {
    const to = from + cutLength(text.slice(from, from + MAX_SENTENCE_CHARS))
    spans.push({ start: from, end: to })
    from = to
  }
  return [...spans, { start: from, end }]
}

function cutLength(run: string): number {
  const gap = Math.max(...['\n', ' ', '\t'].map((space) => run.lastIndexOf(space)))
  if (gap > run.length / 2) return gap + 1
  return /\p{Cs}$/u.test(run) ? run.length - 1 : run.length
}

function trimmed(text: string, { start, end }: SentenceSpan): SentenceSpan {
  const span = text.slice(start, end)
  const indent = span.length - span.trimStart().length
  return { start: start + indent, end: start + Math.max(indent, span.trimEnd().length) }
}

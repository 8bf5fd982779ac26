import { parseAtomFeed, parseJsonFeed, parseRdfFeed, parseRssFeed, ParseError } from 'feedsmith'
import { AppError } from '../src/errors.ts'
import { fromAtom, fromJson, fromRdf, fromRss, type FeedDocument } from './feed-formats.ts'

const EMPTY: FeedDocument = { title: '', link: undefined, base: undefined, entries: [] }
const CUT_OFF = 'The feed is cut off: its XML ends before its first element is closed.'
const WANTED = 'Give the address of an RSS, Atom or JSON feed.'
const HTML_ROOTS: ReadonlySet<string> = new Set('html head body div script p'.split(' '))
const OUTSIDE_MARKUP = [
  ['<!--', '-->'],
  ['<![CDATA[', ']]>'],
  ['<?', '?>'],
] as const

/** Reads a feed of any format, whole or not at all; what is no feed is told by what it is. */
export function readFeedDocument(text: string, limits: { maxItems: number }): FeedDocument {
  const read = readerOf(text)
  try {
    return read(text, limits)
  } catch (cause) {
    if (cause instanceof ParseError && isMerelyEmpty(text)) return EMPTY
    throw invalid('it is not well formed, or not a feed', cause)
  }
}

type Reader = (text: string, limits: { maxItems: number }) => FeedDocument

function readerOf(text: string): Reader {
  const start = text.search(/\S/)
  if (start === -1) throw invalid('the document is empty')
  if (text[start] === '{' || text[start] === '[') return readerOfJson(text)
  if (text[start] !== '<') throw invalid('it is neither XML nor JSON')
  return readerOfXml(text)
}

function readerOfJson(text: string): Reader {
  try {
    JSON.parse(text)
  } catch (cause) {
    throw invalid('it is JSON that is cut off or not well formed', cause)
  }
  return (json, limits) => fromJson(parseJsonFeed(json, limits))
}

function readerOfXml(text: string): Reader {
  const start = findRoot(text)
  const name = start === -1 ? '' : (/^[\w:.-]*/.exec(text.slice(start + 1, start + 100))?.[0] ?? '')
  const root = name.toLowerCase().replace(/^.*:/, '')
  if (HTML_ROOTS.has(root) || /<!doctype\s+html/i.test(text.slice(0, start))) {
    throw invalid('it is an HTML page')
  }
  if (name === '') throw new AppError('feed-invalid', CUT_OFF)
  const reader = XML_READERS.get(root)
  if (reader === undefined) throw invalid('it is XML, but neither RSS nor Atom')
  if (!isElementClosed(text, name, start)) throw new AppError('feed-invalid', CUT_OFF)
  return reader
}

const XML_READERS: ReadonlyMap<string, Reader> = new Map([
  ['rss', (text, limits) => fromRss(parseRssFeed(text, limits))],
  ['feed', (text, limits) => fromAtom(parseAtomFeed(text, limits))],
  ['rdf', (text, limits) => fromRdf(parseRdfFeed(text, limits))],
])

/** Where the first element begins: behind the declaration, comments and the document type. */
function findRoot(text: string): number {
  let at = text.indexOf('<')
  while (at !== -1 && (text[at + 1] === '?' || text[at + 1] === '!')) {
    const end = endOfDeclaration(text, at)
    at = end === -1 ? -1 : text.indexOf('<', end)
  }
  return at
}

function endOfDeclaration(text: string, at: number): number {
  const closing = closingOf(text, at)
  if (closing !== undefined) return text.indexOf(closing, at)
  const end = text.indexOf('>', at)
  const subset = text.slice(at, end).indexOf('[')
  if (subset === -1) return end
  const subsetEnd = /\]\s*>/g
  subsetEnd.lastIndex = at + subset
  return subsetEnd.exec(text)?.index ?? -1
}

function closingOf(text: string, at: number): string | undefined {
  return OUTSIDE_MARKUP.find(([opening]) => text.startsWith(opening, at))?.[1]
}

/**
 * The parser takes a document that stops half-way for a whole one with fewer items, so the end of
 * the root is looked for here: as markup, since an article may well quote `</rss>`.
 */
function isElementClosed(text: string, name: string, from: number): boolean {
  const tagEnd = text.indexOf('>', from)
  if (tagEnd === -1) return false
  if (text[tagEnd - 1] === '/') return true
  let at = text.indexOf('<', tagEnd)
  while (at !== -1) {
    const closing = closingOf(text, at)
    if (closing === undefined && isClosingTag(text, name, at)) return true
    const end = closing === undefined ? at + 1 : text.indexOf(closing, at)
    at = end === -1 ? -1 : text.indexOf('<', end)
  }
  return false
}

function isClosingTag(text: string, name: string, at: number): boolean {
  if (!text.startsWith(`</${name}`, at)) return false
  const afterName = at + 2 + name.length
  return /^\s*>/.test(text.slice(afterName, afterName + 40))
}

/** A channel without a title or an item is poor, but it is a feed. */
function isMerelyEmpty(text: string): boolean {
  return /[<:](?:channel|feed)[\s/>]/i.test(text)
}

function invalid(what: string, cause?: unknown): AppError {
  return new AppError('feed-invalid', `The feed cannot be read: ${what}. ${WANTED}`, { cause })
}

import { createHash } from 'node:crypto'
import { load } from 'cheerio/slim'
import type { FeedItem, ParsedFeed } from '../src/domain.ts'
import { parseFeedDate } from './feed-date.ts'
import { readFeedDocument } from './feed-document.ts'
import type { FeedDocument, FeedEntry } from './feed-formats.ts'
import { composed, singleLine } from './visible-text.ts'

/** The first by order, which in nearly every feed are the newest; the rest is left out. */
const MAX_ITEMS = 1_000
const MAX_URL_CHARS = 2_000
const MAX_CATEGORY_CHARS = 60
/** A title goes in front of every chunk that is embedded. */
const MAX_TITLE_CHARS = 300
const MAX_STAND_IN_CHARS = 100
/** Enough of a text's HTML to find a title in it. */
const TITLE_SOURCE_CHARS = 4_000
/** A unique index on Postgres holds 2,704 bytes; a longer identity is stored as its hash. */
const MAX_IDENTITY_CHARS = 500

interface ParseOptions {
  readonly fetchedAt: Date
  /** Where the feed was found; null for a file. */
  readonly baseUrl: string | null
}

export function parseFeed(xml: string, { fetchedAt, baseUrl }: ParseOptions): ParsedFeed {
  const document = readFeedDocument(withoutControls(xml).replace(/^\ufeff/, ''), {
    maxItems: MAX_ITEMS,
  })
  const site = siteOf(document, baseUrl)
  const drafts = document.entries.map((entry) => toDraft(entry, { fetchedAt, ...site }))
  return {
    title: plainText(document.title) || hostOf(site.siteUrl ?? baseUrl) || 'Untitled feed',
    siteUrl: site.siteUrl,
    items: withIdentities(drafts),
  }
}

interface Site {
  readonly siteUrl: string | null
  /** What relative addresses are relative to. */
  readonly linkBase: string | null
}

/** A feed is often served from another host than its articles, and then only the site's address helps. */
function siteOf(document: FeedDocument, baseUrl: string | null): Site {
  const feedBase = toWebUrl(document.base, baseUrl) ?? baseUrl
  const siteUrl = toWebUrl(document.link, feedBase)
  const isElsewhere = siteUrl !== null && hostOf(siteUrl) !== hostOf(feedBase)
  return { siteUrl, linkBase: isElsewhere && document.base === undefined ? siteUrl : feedBase }
}

/** An item before it is known whether another one claims the same identity. */
interface Draft {
  readonly item: Omit<FeedItem, 'identity'>
  /** What tells it from the others, the best first; the last is its content's hash. */
  readonly marks: readonly string[]
}

function toDraft(entry: FeedEntry, options: Site & { readonly fetchedAt: Date }): Draft {
  const html = cleanText(entry.html)
  const guid = cleanText(entry.guid ?? '').trim() || null
  const ownUrl = ownUrlOf(entry, options.linkBase)
  const title = titleOf(entry, html)
  const dateOf = firstDate(options.fetchedAt)
  return {
    marks: [
      guid,
      ownUrl === null ? null : canonicalUrl(ownUrl),
      sha256(`${title}\n${html}`),
    ].filter((mark) => mark !== null),
    item: {
      guid,
      title,
      url: ownUrl ?? (entry.links.length > 0 ? options.siteUrl : null),
      author: entry.authors.map(plainText).filter(Boolean).join(', ') || null,
      publishedAt: dateOf(entry.published),
      updatedAt: dateOf(entry.updated),
      categories: cleanCategories(entry.categories),
      html,
    },
  }
}

function firstDate(fetchedAt: Date): (texts: readonly string[]) => Date | null {
  return (texts) => {
    for (const text of texts) {
      const date = parseFeedDate(text, fetchedAt)
      if (date !== null) return date
    }
    return null
  }
}

/**
 * The best mark that is an item's alone, else that mark with the next one behind it. What is the
 * same in every mark is the same article twice, and the first is kept.
 */
function withIdentities(drafts: readonly Draft[]): readonly FeedItem[] {
  let identities = drafts.map(({ marks }) => marks[0] ?? '')
  for (const depth of [1, 2]) {
    const counts = countsOf(identities)
    identities = identities.map((identity, index) => {
      const next = drafts[index]?.marks[depth]
      return counts.get(identity) === 1 || next === undefined ? identity : `${identity}|${next}`
    })
  }
  const firstAt = new Map([...identities.entries()].reverse().map(([at, id]) => [id, at]))
  return drafts.flatMap(({ item }, index) => {
    const identity = identities[index] ?? ''
    return firstAt.get(identity) === index ? [{ identity: bounded(identity), ...item }] : []
  })
}

function countsOf(values: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}

function bounded(identity: string): string {
  return identity.length > MAX_IDENTITY_CHARS ? sha256(identity) : identity
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Short messages come without a title; their first words stand in. */
function titleOf(entry: FeedEntry, html: string): string {
  return plainText(entry.title) || shortened(plainText(html), MAX_STAND_IN_CHARS) || 'Untitled'
}

function ownUrlOf(entry: FeedEntry, linkBase: string | null): string | null {
  const base = toWebUrl(entry.base, linkBase) ?? linkBase
  const urls = entry.links.map((link) => toWebUrl(link, base))
  return urls.find((url) => url !== null) ?? null
}

/** An absolute http(s) address without credentials, or null: `javascript:` and `data:` never pass. */
function toWebUrl(text: string | undefined, base: string | null): string | null {
  if (text === undefined || text.length > MAX_URL_CHARS) return null
  const cleaned = cleanText(text).trim()
  if (cleaned === '' || !URL.canParse(cleaned, base ?? undefined)) return null
  const url = new URL(cleaned, base ?? undefined)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return null
  url.username = ''
  url.password = ''
  return url.href.length > MAX_URL_CHARS ? null : url.href
}

function hostOf(url: string | null): string {
  return url !== null && URL.canParse(url) ? new URL(url).host : ''
}

const TRACKING_PARAMETER =
  /^(?:utm_.*|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|yclid|twclid|igshid|mc_cid|mc_eid|_hsenc|_hsmi|mkt_tok)$/i

/** One spelling for the addresses that lead to the same article. */
export function canonicalUrl(url: string): string {
  if (!/^https?:/i.test(url) || !URL.canParse(url)) return url
  const canonical = new URL(url)
  canonical.hash = ''
  canonical.username = ''
  canonical.password = ''
  for (const name of new Set(canonical.searchParams.keys())) {
    if (TRACKING_PARAMETER.test(name)) canonical.searchParams.delete(name)
  }
  canonical.searchParams.sort()
  canonical.pathname = canonical.pathname.replace(/\/+$/, '')
  const { origin, pathname, search } = canonical
  return origin + pathname.replace(/\/$/, '') + search
}

/** Tag clouds spell words letter by letter, and whole sentences end up as one tag. */
function cleanCategories(names: readonly string[]): readonly string[] {
  const byKey = new Map<string, string>()
  for (const name of names.map(plainText)) {
    const isNoise = [...name].length < 2 || name.length > MAX_CATEGORY_CHARS
    const key = name.toLowerCase()
    if (!isNoise && !byKey.has(key)) byKey.set(key, name)
  }
  return [...byKey.values()]
}

const HIDDEN = /<!--[^]*?-->|<(script|style|template)\b[^]*?<\/\1\s*>/gi
const TAG = /<\/?([a-z][a-z0-9-]*)([^<>]*)>/gi
const BREAKING_TAGS: ReadonlySet<string> = new Set(
  'blockquote br dd div dt h1 h2 h3 h4 h5 h6 hr li ol p pre table td th tr ul'.split(' '),
)
const INLINE_TAGS: ReadonlySet<string> = new Set(
  'a abbr b bdi bdo big cite code del dfn em font i img ins kbd mark q s samp script small span strike strong style sub sup svg tt u var wbr'.split(
    ' ',
  ),
)

/** HTML as one line of text, as it is seen. */
function plainText(html: string): string {
  const untagged = opening(html).replace(HIDDEN, ' ').replace(TAG, untag).replaceAll('<', '&lt;')
  const decoded = untagged.includes('&') ? load(untagged, null, false).text() : untagged
  return shortened(singleLine(decoded), MAX_TITLE_CHARS)
}

function opening(html: string): string {
  if (html.length <= TITLE_SOURCE_CHARS) return html
  return html.slice(0, TITLE_SOURCE_CHARS).replace(/<[^<>]*$/, '')
}

/** Keeps what only looks like a tag, such as the `<String>` of `List<String>`. */
function untag(tag: string, name: string, rest: string): string {
  const lowered = name.toLowerCase()
  if (BREAKING_TAGS.has(lowered)) return ' '
  const isTag = INLINE_TAGS.has(lowered) || tag.startsWith('</') || /[=/]/.test(rest)
  return isTag ? '' : tag
}

function shortened(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text
  const cut = text.slice(0, maxChars - 1).replace(/\p{Surrogate}$/u, '')
  return `${cut.trimEnd()}…`
}

const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/g

/** Lines ended by \n, no control characters, no half of a surrogate pair. */
function withoutControls(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(CONTROL, '')
    .replace(/\p{Surrogate}/gu, '\ufffd')
}

/** Text as it may be stored. Not for a whole document: NFC joins a `>` with a stroke behind it. */
function cleanText(text: string): string {
  return composed(withoutControls(text))
}

import type { AtomFeed, DcNs, JsonFeed, RdfFeed, RssFeed } from 'feedsmith'

/** An entry as its format has it; where a format has several places for a thing, the best first. */
export interface FeedEntry {
  readonly guid: string | undefined
  /** As HTML. */
  readonly title: string
  readonly links: readonly string[]
  readonly base: string | undefined
  readonly authors: readonly string[]
  readonly categories: readonly string[]
  readonly published: readonly string[]
  readonly updated: readonly string[]
  readonly html: string
}

export interface FeedDocument {
  /** As HTML. */
  readonly title: string
  readonly link: string | undefined
  readonly base: string | undefined
  readonly entries: readonly FeedEntry[]
}

export function fromRss(feed: RssFeed.Feed<string>): FeedDocument {
  return {
    title: feed.title ?? '',
    link: listOf(feed.link, alternateLinks(feed.atom?.links))[0],
    base: feed.xml?.base,
    entries: (feed.items ?? []).map(fromRssItem),
  }
}

function fromRssItem(item: RssFeed.Item<string>): FeedEntry {
  const { dc = {}, atom = {} } = item
  return {
    ...fromDublinCore(item, dc),
    guid: item.guid?.value,
    links: listOf(item.link, permalinkOf(item), alternateLinks(atom.links)),
    authors: firstNamed(dc.creators, personNames(item.authors), listOf(item.itunes?.author)),
    categories: listOf(namesOf(item.categories), dc.subjects),
    published: listOf(item.pubDate, dc.dates, atom.published),
    updated: listOf(atom.updated),
  }
}

function permalinkOf({ guid }: RssFeed.Item<string>): string | undefined {
  if (guid?.isPermaLink === false || !/^https?:/i.test(guid?.value ?? '')) return undefined
  return guid?.value
}

export function fromRdf(feed: RdfFeed.Feed<string>): FeedDocument {
  return {
    title: feed.title ?? '',
    link: feed.link,
    base: feed.xml?.base,
    entries: (feed.items ?? []).map(fromRdfItem),
  }
}

function fromRdfItem(item: RdfFeed.Item<string>): FeedEntry {
  const { dc = {} } = item
  return {
    ...fromDublinCore(item, dc),
    guid: item.rdf?.about,
    links: listOf(item.link),
    authors: dc.creators ?? [],
    categories: dc.subjects ?? [],
    published: dc.dates ?? [],
    updated: [],
  }
}

function fromDublinCore(
  item: RssFeed.Item<string> | RdfFeed.Item<string>,
  dc: DcNs.ItemOrFeed<string>,
): Pick<FeedEntry, 'title' | 'html' | 'base'> {
  return {
    title: listOf(item.title, dc.titles)[0] ?? '',
    base: item.xml?.base,
    html: listOf(item.content?.encoded, item.description, dc.descriptions)[0] ?? '',
  }
}

export function fromAtom(feed: AtomFeed.Feed<string>): FeedDocument {
  const authors = personNames(feed.authors)
  return {
    title: textToHtml(feed.title, { assumed: 'html' }),
    link: alternateLinks(feed.links)[0],
    base: feed.xml?.base,
    entries: (feed.entries ?? []).map((entry) => fromAtomEntry(entry, authors)),
  }
}

function fromAtomEntry(entry: AtomFeed.Entry<string>, feedAuthors: readonly string[]): FeedEntry {
  return {
    guid: entry.id,
    title: textToHtml(entry.title, { assumed: 'html' }),
    links: alternateLinks(entry.links),
    base: entry.xml?.base,
    authors: firstNamed(
      personNames(entry.authors),
      entry.dc?.creators,
      personNames(entry.source?.authors),
      feedAuthors,
    ),
    categories: (entry.categories ?? []).flatMap(({ label, term }) => listOf(label ?? term)),
    published: listOf(entry.published, entry.updated),
    updated: listOf(entry.updated),
    html:
      textToHtml(entry.content, { assumed: 'text' }) ||
      textToHtml(entry.summary, { assumed: 'text' }),
  }
}

export function fromJson(feed: JsonFeed.Feed<string>): FeedDocument {
  const authors = personNames(feed.authors)
  return {
    title: escapeText(feed.title ?? ''),
    link: feed.home_page_url,
    base: undefined,
    entries: (feed.items ?? []).map((item) => fromJsonItem(item, authors)),
  }
}

function fromJsonItem(item: JsonFeed.Item<string>, feedAuthors: readonly string[]): FeedEntry {
  return {
    guid: item.id,
    title: escapeText(item.title ?? ''),
    links: listOf(item.url, item.external_url),
    base: undefined,
    authors: firstNamed(personNames(item.authors), feedAuthors),
    categories: item.tags ?? [],
    published: listOf(item.date_published),
    updated: listOf(item.date_modified),
    html: item.content_html ?? paragraphsOf(item.content_text ?? item.summary ?? ''),
  }
}

/**
 * Atom says what its text is. Without a word it is plain (RFC 4287, 3.1.1), which is kept to for
 * content; in titles so many generators put HTML without saying so that HTML is assumed.
 */
function textToHtml(
  text: AtomFeed.Content | undefined,
  { assumed }: { assumed: 'text' | 'html' },
): string {
  const type = (text?.type ?? assumed).toLowerCase()
  const value = text?.value ?? ''
  if (/html/.test(type)) return value
  if (assumed === 'html') return escapeText(value)
  return /^text(?:\/|$)/.test(type) ? paragraphsOf(value) : ''
}

/** Plain text as HTML; an empty line parts paragraphs. */
function paragraphsOf(text: string): string {
  const paragraphs = escapeText(text).split(/\n[ \t]*\n/)
  if (paragraphs.length === 1) return paragraphs[0] ?? ''
  return paragraphs.map((paragraph) => `<p>${paragraph.trim()}</p>`).join('\n')
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** The links that lead to what the entry is about, not to its enclosures, comments or feeds. */
function alternateLinks(
  links: readonly { readonly href?: string; readonly rel?: string }[] | undefined,
): readonly string[] {
  return (links ?? [])
    .filter(({ rel }) => rel === undefined || rel === 'alternate')
    .flatMap(({ href }) => listOf(href))
}

function personNames(
  people: readonly { readonly name?: string; readonly email?: string }[] = [],
): readonly string[] {
  return people.flatMap(({ name, email }) => listOf(name ?? email))
}

function namesOf(named: readonly { readonly name?: string }[] = []): readonly string[] {
  return named.flatMap(({ name }) => listOf(name))
}

/** The first place that names anybody. */
function firstNamed(...places: readonly (readonly string[] | undefined)[]): readonly string[] {
  return places.find((names) => names !== undefined && names.length > 0) ?? []
}

function listOf(...values: readonly (string | readonly string[] | undefined)[]): readonly string[] {
  return values.flatMap((value) => value ?? [])
}

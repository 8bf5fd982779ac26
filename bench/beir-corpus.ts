import { readFileSync, writeFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'

export interface BeirDocument {
  readonly id: string
  readonly title: string
  readonly text: string
}

export interface BeirQuery {
  readonly id: string
  readonly text: string
  /** Ids of the documents that were judged relevant. */
  readonly gold: readonly string[]
}

export interface BeirCorpus {
  readonly documents: readonly BeirDocument[]
  /** Those with a relevant document. */
  readonly queries: readonly BeirQuery[]
}

interface BeirFiles {
  readonly corpus: string
  readonly queries: string
  readonly qrels: string
}

const DOCUMENT = z.object({ _id: z.string(), title: z.string().default(''), text: z.string() })
const QUERY = z.object({ _id: z.string(), text: z.string() })

export function loadBeirCorpus(folder: string): BeirCorpus {
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  return parseBeir({
    corpus: read('corpus.jsonl'),
    queries: read('queries.jsonl'),
    qrels: read('qrels.tsv'),
  })
}

export function parseBeir(files: BeirFiles): BeirCorpus {
  const gold = parseQrels(files.qrels)
  const documents = parseLines(files.corpus, DOCUMENT)
  const queries = parseLines(files.queries, QUERY)
  return {
    documents: documents.map(({ _id, title, text }) => ({ id: _id, title, text })),
    queries: queries.flatMap(({ _id, text }) => {
      const relevant = gold.get(_id)
      return relevant === undefined ? [] : [{ id: _id, text, gold: relevant }]
    }),
  }
}

function parseLines<Schema extends z.ZodType>(jsonl: string, schema: Schema): z.output<Schema>[] {
  return jsonl
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => schema.parse(JSON.parse(line)))
}

/** Query, document and score a line, under a header; a score of 0 says that it is not relevant. */
function parseQrels(tsv: string): ReadonlyMap<string, readonly string[]> {
  const gold = new Map<string, string[]>()
  for (const line of tsv.trim().split('\n').slice(1)) {
    const [query = '', document = '', score = ''] = line.trimEnd().split('\t')
    if (Number(score) > 0) gold.set(query, [...(gold.get(query) ?? []), document])
  }
  return gold
}

/** Below what ingest takes of one feed: 1,000 items and 5 MB. */
const MAX_ITEMS = 900
const MAX_BYTES = 4 * 1024 * 1024

interface FeedLimits {
  readonly maxItems?: number
  readonly maxBytes?: number
}

/** The documents as RSS feeds, each one an item whose guid is the document's id. */
export function toFeeds(
  documents: readonly BeirDocument[],
  { maxItems = MAX_ITEMS, maxBytes = MAX_BYTES }: FeedLimits = {},
): readonly string[] {
  const feeds: string[][] = []
  let bytes = 0
  for (const item of documents.map(toItem)) {
    const open = feeds.at(-1)
    const size = Buffer.byteLength(item)
    if (open !== undefined && open.length < maxItems && bytes + size <= maxBytes) open.push(item)
    else feeds.push([item])
    bytes = open === feeds.at(-1) ? bytes + size : size
  }
  return feeds.map((items, at) => toFeed(`Part ${at + 1}`, items))
}

function toFeed(title: string, items: readonly string[]): string {
  const channel = `<title>${title}</title>\n${items.join('\n')}`
  return `<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0"><channel>${channel}</channel></rss>\n`
}

function toItem({ id, title, text }: BeirDocument): string {
  const guid = `<guid isPermaLink="false">${escapeXml(id)}</guid>`
  const description = `<description>${escapeXml(toHtml(text))}</description>`
  return `<item>${guid}<title>${escapeXml(escapeXml(title))}</title>${description}</item>`
}

/** A paragraph for what stands between blank lines. */
function toHtml(text: string): string {
  return text
    .split(/\n\s*\n/)
    .filter((part) => part.trim() !== '')
    .map((part) => `<p>${escapeXml(part.trim())}</p>`)
    .join('\n')
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Writes the feeds and gives their addresses; the same documents make the same files. */
export function writeFeeds(folder: string, documents: readonly BeirDocument[]): readonly string[] {
  mkdirSync(folder, { recursive: true })
  return toFeeds(documents).map((xml, at) => {
    const path = join(folder, `part-${at + 1}.xml`)
    writeFileSync(path, xml)
    return pathToFileURL(path).href
  })
}

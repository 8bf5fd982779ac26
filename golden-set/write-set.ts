// Writes which articles a golden set speaks of, and the hashes of the texts its cases were written from:
// npx tsx golden-set/write-set.ts NAME FEED_FILE
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LibraryTexts } from '../eval/check-set.ts'
import { parseSetFile, type SetFile } from '../eval/golden-set.ts'
import { hashText } from '../eval/library.ts'
import { goldenSetsDir } from '../eval/set-folder.ts'
import { chunkArticle } from '../ingest/chunk-article.ts'
import { cleanHtml } from '../ingest/clean-html.ts'
import { decodeText } from '../ingest/decode-body.ts'
import { parseFeed } from '../ingest/parse-feed.ts'
import { createTokenCounter } from '../ingest/token-count.ts'

interface FeedTexts {
  readonly title: string
  readonly texts: LibraryTexts
}

/** A feed file's articles exactly as the library would hold them. */
export async function readFeedTexts(file: string): Promise<FeedTexts> {
  const xml = decodeText(await readFile(file), '')
  const { title, items } = parseFeed(xml, { fetchedAt: new Date(), baseUrl: null })
  const countTokens = createTokenCounter()
  const texts = items.map(({ guid, identity, html }) => {
    const { text, chunks } = chunkArticle(cleanHtml(html), { countTokens })
    const sentences = chunks.flatMap((chunk) =>
      chunk.sentences.map(({ start, end }) => text.slice(start, end)),
    )
    return [guid ?? identity, { text, sentences, hash: hashText(text) }] as const
  })
  return { title, texts: new Map(texts) }
}

export function hashArticles(texts: LibraryTexts): Record<string, string> {
  const hashes = [...texts].map(([guid, { hash }]) => [guid, hash] as const)
  return Object.fromEntries(hashes.sort(([one], [other]) => (one < other ? -1 : 1)))
}

/** What people wrote into it stays; a new set is named after its feed. */
export async function writeSet(setFile: string, feedFile: string): Promise<void> {
  const { title, texts } = await readFeedTexts(feedFile)
  const before = existsSync(setFile) ? await readSet(setFile) : { feed: title }
  const set = { ...before, articles: hashArticles(texts) }
  await writeFile(setFile, `${JSON.stringify(set, null, 2)}\n`)
}

async function readSet(file: string): Promise<SetFile> {
  const { data, faults } = parseSetFile(await readFile(file, 'utf8'), file)
  if (data !== undefined) return data
  throw new Error(faults.map(({ path, message }) => `${path}: ${message}`).join('\n'))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [name, feedFile] = process.argv.slice(2)
  if (name === undefined || feedFile === undefined) {
    throw new Error('Write: npx tsx golden-set/write-set.ts NAME FEED_FILE')
  }
  await writeSet(join(goldenSetsDir, name, 'set.json'), feedFile)
}

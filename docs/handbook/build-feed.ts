// Makes the handbook a feed like any other, so that Footnote reads it as it reads everything.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { marked } from 'marked'
import { z } from 'zod'

const handbookDir = new URL('./', import.meta.url)

export const handbookFeedFile = new URL('../../golden-set/handbook/feed.xml', import.meta.url)

const frontMatter = z.strictObject({
  title: z.string().min(1),
  published: z.iso.date(),
  categories: z
    .string()
    .regex(/^\[.+\]$/, { message: 'must be a list such as [feeds, settings]' })
    .transform((list) =>
      list
        .slice(1, -1)
        .split(',')
        .map((name) => name.trim()),
    ),
})

interface HandbookArticle extends z.infer<typeof frontMatter> {
  readonly name: string
  readonly html: string
}

/** The same articles give the same bytes, whenever and wherever it is built. */
export async function buildHandbookFeed(): Promise<string> {
  const names = await listHandbookArticles()
  return toRss(await Promise.all(names.map(readArticle)))
}

export async function listHandbookArticles(): Promise<readonly string[]> {
  const names = await readdir(handbookDir)
  return names.filter((name) => name.endsWith('.md')).sort()
}

async function readArticle(name: string): Promise<HandbookArticle> {
  const source = await readFile(new URL(name, handbookDir), 'utf8')
  const [, head, body] = /^---\n(.*?)\n---\n(.*)$/s.exec(source) ?? []
  if (head === undefined || body === undefined) {
    throw new Error(`${name} must begin with its front matter between two lines of ---.`)
  }
  const fields = Object.fromEntries(head.split('\n').map(toField))
  const parsed = frontMatter.safeParse(fields)
  if (!parsed.success) throw new Error(`The front matter of ${name}: ${parsed.error.message}`)
  return { ...parsed.data, name, html: marked.parse(body, { async: false }) }
}

function toField(line: string): readonly [string, string] {
  const at = line.indexOf(':')
  return [line.slice(0, at).trim(), line.slice(at + 1).trim()]
}

/** Without a link: the handbook has no address of its own, and a wrong one would be cited. */
function toRss(articles: readonly HandbookArticle[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel>
<title>The Footnote handbook</title>
<description>How to use Footnote.</description>
<language>en</language>
${articles.map(toItem).join('\n')}
</channel>
</rss>
`
}

function toItem({ name, title, published, categories, html }: HandbookArticle): string {
  return `<item>
<title>${escapeXml(title)}</title>
<guid isPermaLink="false">handbook:${escapeXml(name)}</guid>
<pubDate>${new Date(published).toUTCString()}</pubDate>
${categories.map((category) => `<category>${escapeXml(category)}</category>`).join('\n')}
<content:encoded>${toCdata(html)}</content:encoded>
</item>`
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function toCdata(text: string): string {
  return `<![CDATA[${text.replaceAll(']]>', ']]]]><![CDATA[>')}]]>`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(handbookFeedFile, await buildHandbookFeed())
}

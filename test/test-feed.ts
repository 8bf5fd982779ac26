// A small library of our own, as a feed.

export interface TestItem {
  readonly title: string
  readonly html: string
  readonly guid?: string | undefined
  readonly url?: string | undefined
  readonly author?: string | undefined
  readonly publishedAt?: string | undefined
  readonly categories?: readonly string[] | undefined
}

export const LIMIT = 'A NOTIFY payload is limited to 8000 bytes.'
export const MISSED = 'A listener that is not connected misses every notification.'

export const LISTENING: TestItem = {
  guid: 'listening',
  title: 'Listening to a database',
  url: 'https://blog.example/listening',
  author: 'Ada',
  publishedAt: '2026-03-02T09:00:00Z',
  categories: ['databases', 'queues'],
  html: `<h2>Limits</h2><p>${LIMIT} Larger ones are refused with an error.</p>
    <h2>What is missed</h2><p>${MISSED} So a queue polls as well.</p>`,
}

export const BAKING: TestItem = {
  guid: 'baking',
  title: 'Baking rye bread',
  url: 'https://blog.example/baking',
  author: 'Bo',
  publishedAt: '2026-01-10T09:00:00Z',
  categories: ['kitchen'],
  html: '<p>Rye dough rests for twelve hours. The oven is heated to 240 degrees before it bakes.</p>',
}

export const HEATING: TestItem = {
  guid: 'heating',
  title: 'Heat pumps in winter',
  url: 'https://blog.example/heating',
  author: 'Ada',
  publishedAt: '2025-12-01T09:00:00Z',
  categories: ['house'],
  html: '<p>Heat pumps lose output in hard frost. Many houses keep a small electric heater.</p>',
}

export const LIBRARY: readonly TestItem[] = [LISTENING, BAKING, HEATING]

export function toRss(items: readonly TestItem[], title = 'A test feed'): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>
<title>${escape(title)}</title><link>https://blog.example/</link>
${items.map(toItem).join('\n')}
</channel></rss>`
}

function toItem({ title, html, guid, url, author, publishedAt, categories = [] }: TestItem) {
  const parts = [
    element('title', title),
    element('guid', guid, ' isPermaLink="false"'),
    element('link', url),
    element('dc:creator', author),
    element('pubDate', publishedAt === undefined ? undefined : new Date(publishedAt).toUTCString()),
    ...categories.map((category) => element('category', category)),
    element('description', html),
  ]
  return `<item>${parts.join('')}</item>`
}

function element(name: string, text: string | undefined, attributes = ''): string {
  return text === undefined ? '' : `<${name}${attributes}>${escape(text)}</${name}>`
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

import type { Send } from './api-key.ts'
import { articleLink, byId, dateOf, element } from './element.ts'
import { fieldsOf, listAt, numberAt, textAt, textOrNullAt } from './read-json.ts'
import type { Fields } from './read-json.ts'

const NEWEST = 5

/** What can be asked about: the newest articles, the feeds, and which feed has a problem. */
export async function showLibrary(send: Send): Promise<void> {
  const [articles, feeds] = await Promise.all([
    loadList(`/v1/articles?limit=${NEWEST}`, send),
    loadList('/v1/feeds?limit=100', send),
  ])
  const list = articles.map((article) =>
    element('li', [
      articleLink(textAt(article, 'title') || 'Untitled article', textOrNullAt(article, 'url')),
      ' ',
      element('span', [dateOf(textOrNullAt(article, 'publishedAt'))], { class: 'about' }),
    ]),
  )
  byId('library-articles', HTMLElement).replaceChildren(...list)
  byId('library-feeds', HTMLElement).replaceChildren(...feeds.map(renderFeed))
  byId('library', HTMLElement).hidden = list.length + feeds.length === 0
}

/** The list is a kindness: where it cannot be had, asking still says what is wrong. */
async function loadList(path: string, send: Send): Promise<readonly Fields[]> {
  try {
    const response = await send(path)
    return response.ok ? listAt(fieldsOf(await response.json()), 'items') : []
  } catch {
    return []
  }
}

function renderFeed(feed: Fields): HTMLElement {
  const count = numberAt(feed, 'articles')
  const name = textAt(feed, 'title') || textAt(feed, 'url')
  const problem = textAt(feed, 'problem')
  const state = textAt(feed, 'status')
  const trouble =
    state === 'ok' || state === '' ? '' : ` — ${[state, problem].filter(Boolean).join(': ')}`
  return element('li', [`${name}: ${count} ${count === 1 ? 'article' : 'articles'}${trouble}`])
}

import { markup, type Markup } from './markup.ts'

/** An article by its guid, which of most feeds is its address. */
export function linkArticle(guid: string): Markup {
  if (!isWebAddress(guid)) return markup`<span class="article">${guid}</span>`
  return markup`<a class="article" rel="noopener noreferrer" href="${guid}">${guid}</a>`
}

function isWebAddress(guid: string): boolean {
  return /^https?:\/\//i.test(guid) && URL.canParse(guid)
}

// The only way this page makes elements. Texts are appended as text nodes, attributes are named by
// the code, and nothing is ever parsed as HTML.

import { webAddress } from './web-address.ts'

type Child = Node | string

export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  children: readonly Child[] = [],
  attributes: Readonly<Record<string, string>> = {},
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  made.append(...children)
  return made
}

export function button(label: string, onClick: () => void): HTMLButtonElement {
  const made = element('button', [label], { type: 'button' })
  made.addEventListener('click', onClick)
  return made
}

/** A title that leads to its article, or the title alone where there is no address to lead to. */
export function articleLink(title: string, url: string | null): HTMLElement {
  const href = webAddress(url)
  if (href === null) return element('span', [title], { class: 'article-title' })
  const attributes = { href, rel: 'noopener noreferrer', target: '_blank', class: 'article-title' }
  return element('a', [title], attributes)
}

/** Nothing for a date that is missing or not one. */
export function dateOf(value: string | null): HTMLTimeElement | '' {
  const date = new Date(value ?? Number.NaN)
  if (Number.isNaN(date.getTime())) return ''
  const words = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium' }).format(date)
  return element('time', [words], { datetime: date.toISOString() })
}

/** Puts a dot between those parts that say something. */
export function dotted(parts: readonly Child[]): Child[] {
  return parts
    .filter((part) => part !== '')
    .flatMap((part, index) => (index === 0 ? [part] : [' · ', part]))
}

export function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id)
  if (!(found instanceof kind)) throw new Error(`The page has no ${kind.name} called ${id}.`)
  return found
}

import type { CheerioAPI } from 'cheerio'
import { declarationsOf, hides } from './hiding-style.ts'

export type Node = ReturnType<CheerioAPI['root']>[number]['children'][number]
export type Element = Extract<Node, { attribs: unknown }>

export const HEADINGS = words('h1 h2 h3 h4 h5 h6')
export const LISTS = words('ul ol menu dir dl')
export const ITEMS = words('li dt dd')
export const EMPHASIS = words('em i small cite')
/** Elements that stand on lines of their own. */
export const BLOCKS = words(
  'address article aside blockquote caption center dd details dir div dl dt fieldset figure footer h1 h2 h3 h4 h5 h6 header hgroup hr li main menu ol p pre section summary table tbody td tfoot th thead tr ul',
)
const CELLS = words('td th')
const STRUCTURE = words('h1 h2 h3 h4 h5 h6 pre table blockquote')
const UNSEEN = words(
  'annotation audio button canvas datalist embed figcaption form frame head iframe input map nav noframes noscript object script select style svg template textarea title video',
)
/** What blogs call a caption that is no figcaption, and line numbers beside code. */
const UNSEEN_CLASSES = words(
  'wp-caption-text tr-caption image-caption lineno linenos linenodiv line-numbers rouge-gutter lnt',
)

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(' '))
}

export function isElement(node: Node): node is Element {
  return 'attribs' in node
}

/** Whether a reader of the page would not see it, or not as text of the article. */
export function isUnseen({ name, attribs, children }: Element): boolean {
  if (UNSEEN.has(name) || 'hidden' in attribs || attribs['aria-hidden'] === 'true') return true
  if ((attribs['class'] ?? '').split(/\s/).some((each) => UNSEEN_CLASSES.has(each))) return true
  return hides(attribs['style'] ?? '') || (name === 'a' && isFootnoteMark(attribs, children))
}

/** Line numbers inside code are written so, that they are not copied with it. */
function isUnselectable({ attribs }: Element): boolean {
  const styles = declarationsOf(attribs['style'] ?? '')
  return styles.some(([property, value]) => property === 'user-select' && value === 'none')
}

/** `<a href="#fn1">1</a>` would read as a number behind the sentence. */
function isFootnoteMark(attribs: Record<string, string>, children: readonly Node[]): boolean {
  if (!(attribs['href'] ?? '').startsWith('#') || children.length !== 1) return false
  const [child] = children
  const node = child !== undefined && isElement(child) ? child.children[0] : child
  return node?.nodeType === 3 && /^(?:\d+|\[\d+\]|↩\uFE0E?)$/.test(node.data.trim())
}

// The functions below keep a stack of their own: hostile nesting must not overflow the engine's.

/** All the text a reader sees in an element, whatever its structure. */
export function textOf(element: Element): string {
  return gather(element, { skips: isUnseen, edgeAfter: () => ' ' })
}

/** The same of a code block, every element that stands on a line of its own on one. */
export function codeOf(element: Element): string {
  const skips = (each: Element) => isUnseen(each) || isUnselectable(each)
  return gather(element, { skips, edgeAfter: (text) => (text.endsWith('\n') ? '' : '\n') })
}

interface Gathering {
  readonly skips: (element: Element) => boolean
  /** What stands between a block's text and the text before it. */
  readonly edgeAfter: (text: string) => string
}

function gather(element: Element, { skips, edgeAfter }: Gathering): string {
  const parts: string[] = []
  const waiting: (Node | 'edge')[] = element.children.toReversed()
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next === 'edge') addEdge(parts, edgeAfter)
    else if (next.nodeType === 3) parts.push(next.data)
    else if (isElement(next) && next.name === 'br') parts.push('\n')
    else if (isElement(next) && !skips(next)) {
      const edges = BLOCKS.has(next.name) ? (['edge'] as const) : []
      waiting.push(...edges, ...next.children.toReversed(), ...edges)
    }
  }
  return parts.join('')
}

function addEdge(parts: string[], edgeAfter: Gathering['edgeAfter']): void {
  const edge = edgeAfter(parts.at(-1) ?? '\n')
  if (edge !== '') parts.push(edge)
}

/** Whether a table only places things on the page: one column, or an article's structure in it. */
export function isLayoutTable(table: Element): boolean {
  let row: unknown
  let hasColumns = false
  for (const { name, parent } of descendants(table, () => true)) {
    if (STRUCTURE.has(name)) return true
    if (!CELLS.has(name)) continue
    hasColumns ||= parent === row
    row = parent
  }
  return !hasColumns
}

/** The texts of a table's cells, row by row. */
export function rowsOf(table: Element): readonly (readonly string[])[] {
  return named(table, 'tr').map((row) => named(row, 'td', 'th').map(textOf))
}

export function captionsOf(table: Element): readonly string[] {
  return named(table, 'caption').map(textOf)
}

/** The elements so named that a reader sees, not looking inside them for more. */
function named(element: Element, ...names: readonly string[]): readonly Element[] {
  const isWanted = ({ name }: Element) => names.includes(name)
  return [...descendants(element, (each) => !isWanted(each))].filter(isWanted)
}

/** In document order, entering only the elements that `enters` says. */
function* descendants(element: Element, enters: (element: Element) => boolean): Generator<Element> {
  const waiting = element.children.filter(isElement).reverse()
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (isUnseen(next)) continue
    yield next
    if (enters(next)) waiting.push(...next.children.filter(isElement).reverse())
  }
}

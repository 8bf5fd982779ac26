import { load } from 'cheerio'
import type { Block } from '../src/domain.ts'
import { withoutClosingLinks, type Draft } from './closing-links.ts'
import {
  BLOCKS,
  captionsOf,
  codeOf,
  EMPHASIS,
  HEADINGS,
  isElement,
  isLayoutTable,
  isUnseen,
  ITEMS,
  LISTS,
  rowsOf,
  textOf,
  type Element,
  type Node,
} from './html-elements.ts'
import { isPictureCredit } from './picture-credit.ts'
import { singleLine, visibleText } from './visible-text.ts'

/** Longer than this it is a heading that was never closed, with the article in it. */
const MAX_HEADING_CHARS = 300
/** Deeper items are written at this depth, or indents would outgrow the text. */
const MAX_INDENTS = 6

/** Deeper text is read without its structure, or hostile nesting would overflow the stack. */
const MAX_DEPTH = 400
/**
 * Opening and closing tags. The parser's time is quadratic in how deep its elements nest (3 s for
 * 100,000), and an article of the most chunks there may be has fewer.
 */
const MAX_TAGS = 50_000

const WORD = /[\p{L}\p{N}]/u

/** What an article's HTML says, block by block, without what is no text of the article. */
export function cleanHtml(html: string): readonly Block[] {
  const document = load(upToMaxTags(html), { xml: { xmlMode: false } }, false).root()[0]
  const drafts = new ArticleReader().read(document?.children ?? [])
  return withoutClosingLinks(drafts).map(({ kind, text, level }) =>
    level === undefined ? { kind, text } : { kind, text, level },
  )
}

function upToMaxTags(html: string): string {
  let tags = 0
  for (let at = html.indexOf('<'); at !== -1; at = html.indexOf('<', at + 1)) {
    tags += 1
    if (tags > MAX_TAGS) return html.slice(0, at)
  }
  return html
}

interface Letters {
  letters: number
  linked: number
}

const NO_LETTERS: Letters = { letters: 0, linked: 0 }

/** Text since the last block ended. Line breaks stay in it until it is known what they mean. */
interface Run extends Letters {
  text: string
  emphasised: number
  hasImage: boolean
}

interface OpenList {
  readonly isOrdered: boolean
  next: number
  /** What stands in front of the item's first line; null once it is written. */
  mark: string | null
  isAfterTerm: boolean
}

type Open = 'block' | 'paragraph' | 'quote' | 'link' | 'emphasis' | 'layout'

class ArticleReader {
  readonly #drafts: Draft[] = []
  readonly #lists: OpenList[] = []
  #depth = 0
  #run = emptyRun()
  #listLines: string[] = []
  #listLetters = { ...NO_LETTERS }
  readonly #open: Record<Open, number> = {
    block: 0,
    paragraph: 0,
    quote: 0,
    link: 0,
    emphasis: 0,
    layout: 0,
  }

  read(nodes: readonly Node[]): readonly Draft[] {
    this.#children(nodes)
    this.#endLine()
    return this.#drafts
  }

  #children(nodes: readonly Node[]): void {
    for (const node of nodes) {
      if (node.nodeType === 3) this.#text(node.data)
      else if (isElement(node) && !isUnseen(node)) this.#enter(node)
    }
  }

  #enter(element: Element): void {
    this.#depth += 1
    if (this.#depth > MAX_DEPTH) this.#text(textOf(element))
    else this.#element(element)
    this.#depth -= 1
  }

  #within(what: Open, element: Element): void {
    this.#open[what] += 1
    this.#children(element.children)
    this.#open[what] -= 1
  }

  #text(data: string): void {
    const isBare = this.#open.block === 0 && this.#lists.length === 0
    const run = this.#run
    const letters = data.replace(/[^\p{L}\p{N}]+/gu, '').length
    run.text += data.replace(/\s+/g, (gap) => (isBare && hasBlankLine(gap) ? '\n\n' : ' '))
    run.letters += letters
    if (this.#open.link > 0) run.linked += letters
    if (this.#open.emphasis > 0) run.emphasised += letters
  }

  #element(element: Element): void {
    const { name } = element
    if (HEADINGS.has(name)) this.#heading(element)
    else if (LISTS.has(name)) this.#list(element)
    else if (ITEMS.has(name)) this.#item(element)
    else this.#structure(element)
  }

  #structure(element: Element): void {
    switch (element.name) {
      case 'pre':
        this.#pre(element)
        break
      case 'table':
        this.#table(element)
        break
      case 'blockquote':
        this.#quote(element)
        break
      default:
        this.#plain(element)
    }
  }

  #plain(element: Element): void {
    const { name } = element
    if (name === 'br') this.#run.text += '\n'
    else if (name === 'img') this.#run.hasImage = true
    else if (name === 'a') this.#within('link', element)
    else if (EMPHASIS.has(name)) this.#within('emphasis', element)
    else if (BLOCKS.has(name)) this.#block(element)
    else this.#children(element.children)
  }

  #block(element: Element): void {
    const paragraphs = element.name === 'p' ? 1 : 0
    this.#boundary()
    this.#open.block += 1
    this.#open.paragraph += paragraphs
    this.#children(element.children)
    this.#boundary()
    this.#open.paragraph -= paragraphs
    this.#open.block -= 1
  }

  #boundary(): void {
    if (this.#lists.length > 0) this.#run.text += ' '
    else this.#endParagraph()
  }

  #endLine(): void {
    if (this.#lists.length > 0) this.#endListLine()
    else this.#endParagraph()
  }

  #endParagraph(): void {
    const run = this.#takeRun()
    // Nothing but emphasis under a picture is its caption.
    if (run.hasImage && run.letters === run.emphasised) return
    const kind = this.#open.quote > 0 ? 'quote' : 'paragraph'
    const text = visibleText(run.text)
    // Old feeds write <br><br> between paragraphs; inside a <p> it only spaces lines.
    const parts = this.#open.paragraph > 0 ? [text] : text.split(/\n\s*\n/)
    for (const part of parts) this.#add({ kind, text: withoutCredits(part) }, run)
  }

  #heading(element: Element): void {
    if (this.#lists.length > 0 || this.#open.quote > 0) {
      this.#plain(element)
      return
    }
    this.#endParagraph()
    const text = singleLine(textOf(element)).replace(/^# | ?¶$| #$/g, '')
    const level = Number(element.name.slice(1))
    const isHeading = text.length <= MAX_HEADING_CHARS
    this.#add(isHeading ? { kind: 'heading', text, level } : { kind: 'paragraph', text })
  }

  #list(element: Element): void {
    this.#endLine()
    const start = Number.parseInt(element.attribs['start'] ?? '', 10)
    const next = Number.isNaN(start) ? 1 : start
    this.#lists.push({ isOrdered: element.name === 'ol', next, mark: null, isAfterTerm: false })
    this.#children(element.children)
    this.#endListLine()
    this.#lists.pop()
    if (this.#lists.length === 0) this.#endList()
  }

  #item(element: Element): void {
    const list = this.#lists.at(-1)
    if (list === undefined) {
      this.#plain(element)
      return
    }
    if (element.name !== 'dd' || !list.isAfterTerm) this.#startItem(list, element)
    this.#children(element.children)
    list.isAfterTerm = element.name === 'dt'
    if (list.isAfterTerm) this.#run.text = `${singleLine(this.#run.text).replace(/:$/, '')}: `
    else this.#endItem(list)
  }

  #startItem(list: OpenList, element: Element): void {
    this.#endItem(list)
    const value = Number.parseInt(element.attribs['value'] ?? '', 10)
    if (!Number.isNaN(value)) list.next = value
    list.mark = list.isOrdered ? `${list.next}. ` : '- '
    list.next += 1
  }

  #endItem(list: OpenList): void {
    this.#endListLine()
    list.mark = null
  }

  #endListLine(): void {
    const run = this.#takeRun()
    const text = singleLine(run.text)
    const list = this.#lists.at(-1)
    if (list === undefined || text === '') return
    // What an item says behind a code block stands alone: the list was ended before the code.
    if (list.mark === null && this.#listLines.length === 0) {
      this.#add({ kind: 'paragraph', text }, run)
      return
    }
    const indent = '  '.repeat(Math.min(this.#lists.length - 1, MAX_INDENTS))
    this.#listLines.push(indent + (list.mark ?? '  ') + text)
    this.#listLetters.letters += run.letters
    this.#listLetters.linked += run.linked
    list.mark = null
  }

  #endList(): void {
    const lines = this.#listLines
    const indent = lines.reduce((least, line) => Math.min(least, line.search(/\S/)), Infinity)
    const text = lines.map((line) => line.slice(indent)).join('\n')
    this.#add({ kind: 'list', text }, this.#listLetters)
    this.#listLines = []
    this.#listLetters = { ...NO_LETTERS }
  }

  /** Ends whatever is open before a block that stands alone, even inside a list. */
  #interrupt(): void {
    this.#endLine()
    this.#endList()
  }

  #pre(element: Element): void {
    this.#interrupt()
    const text = withoutBlankEdges(visibleText(codeOf(element)))
    const isLineNumbers = this.#open.layout > 0 && /^[\d\s]+$/.test(text)
    if (!isLineNumbers) this.#add({ kind: 'code', text })
  }

  #table(element: Element): void {
    if (isLayoutTable(element)) {
      this.#open.layout += 1
      this.#block(element)
      this.#open.layout -= 1
      return
    }
    this.#interrupt()
    for (const caption of captionsOf(element)) {
      this.#add({ kind: 'paragraph', text: singleLine(caption) })
    }
    const lines = rowsOf(element).map((cells) => cells.map(singleLine).join(' | ').trim())
    const text = lines.filter((line) => WORD.test(line)).join('\n')
    this.#add({ kind: 'table', text })
  }

  #quote(element: Element): void {
    this.#endLine()
    this.#open.quote += 1
    this.#block(element)
    this.#open.quote -= 1
  }

  #add(draft: Block, { letters, linked }: Letters = NO_LETTERS): void {
    if (draft.kind === 'code' ? draft.text === '' : !WORD.test(draft.text)) return
    this.#drafts.push({ ...draft, letters, linked })
  }

  #takeRun(): Run {
    const run = this.#run
    this.#run = emptyRun()
    return run
  }
}

function emptyRun(): Run {
  return { ...NO_LETTERS, text: '', emphasised: 0, hasImage: false }
}

function hasBlankLine(gap: string): boolean {
  return gap.indexOf('\n') !== gap.lastIndexOf('\n')
}

function withoutBlankEdges(code: string): string {
  const lines = code.split('\n')
  const isText = (line: string) => line.trim() !== ''
  return lines.slice(lines.findIndex(isText), lines.findLastIndex(isText) + 1).join('\n')
}

/** On one line, without what only names a picture's maker, and escaped comments. */
function withoutCredits(text: string): string {
  const lines = text.split('\n').map(singleLine)
  return lines
    .filter((line) => line !== '' && !isPictureCredit(line) && !isComment(line))
    .join(' ')
    .trim()
}

function isComment(line: string): boolean {
  return line.startsWith('<!--') && line.endsWith('-->')
}

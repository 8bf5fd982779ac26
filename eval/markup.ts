// HTML that is escaped unless it was made here: a report shows what readers, articles and models said.

export interface Markup {
  readonly html: string
}

type Piece = Markup | string | number | null | undefined | false | readonly Piece[]

/** Tag of a template: its own words are HTML, what is put into it is text. Null and false are nothing. */
export function markup(words: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  return { html: words.map((word, at) => word + toHtml(pieces[at])).join('') }
}

/** For HTML that another library made and escaped. */
export function trusted(html: string): Markup {
  return { html }
}

function toHtml(piece: Piece): string {
  if (piece === null || piece === undefined || piece === false) return ''
  if (typeof piece === 'string' || typeof piece === 'number') return escapeHtml(String(piece))
  return 'html' in piece ? piece.html : piece.map(toHtml).join('')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeHtml(text: string): string {
  return toPrintable(text).replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign)
}

/** Without what cannot be written as UTF-8 (lone surrogates) or would steer a terminal or a parser. */
export function toPrintable(text: string): string {
  return text.toWellFormed().replaceAll(/[^\P{Cc}\n\t]/gu, '\uFFFD')
}

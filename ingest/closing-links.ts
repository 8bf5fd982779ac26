import type { Block } from '../src/domain.ts'

/** A block with what its letters are: a list of links tells a reader of the article nothing. */
export interface Draft extends Block {
  /** Letters and digits, and how many of them are link text. */
  readonly letters: number
  readonly linked: number
}

const MAX_TITLE_CHARS = 60
const CLOSING_TITLE =
  /^(?:(?:further|related|recommended|additional|more|suggested) (?:reading|articles|posts|links|resources|stories)|references|sources|resources|related|see also|(?:useful |external )?links|bibliography|works cited|more from|read (?:more|next)|you (?:may|might) also)\b/i

/** The article without the lists of links it closes with. */
export function withoutClosingLinks(drafts: readonly Draft[]): readonly Draft[] {
  let kept = withoutTitledLinks(drafts)
  const start = bareLinksStart(kept)
  // Once only: in a round-up of links every section is a list of nothing but links.
  if (start < kept.length) kept = withoutTitledLinks(kept.slice(0, start))
  return kept.some(({ kind }) => kind !== 'heading') ? kept : drafts
}

function withoutTitledLinks(drafts: readonly Draft[]): readonly Draft[] {
  let end = drafts.length
  for (;;) {
    const start = titledLinksStart(drafts, end)
    if (start === end) return drafts.slice(0, end)
    end = start
  }
}

/** Where "Further reading" and the links under it start, or `end` if the article does not end so. */
function titledLinksStart(drafts: readonly Draft[], end: number): number {
  let start = end
  while (isMostlyLinks(drafts[start - 1])) start -= 1
  const title = drafts[start - 1]
  return start < end && title !== undefined && isClosingTitle(title) ? start - 1 : end
}

function isClosingTitle({ kind, text }: Draft): boolean {
  const isShort = text.length <= MAX_TITLE_CHARS
  return (kind === 'heading' || kind === 'paragraph') && isShort && CLOSING_TITLE.test(text)
}

/** Where a last list of nothing but links starts, with what leads to it, or the length. */
function bareLinksStart(drafts: readonly Draft[]): number {
  const last = drafts.at(-1)
  if (last?.kind !== 'list' || last.linked < last.letters) return drafts.length
  return drafts.length - (isLeadIn(drafts.at(-2)) ? 2 : 1)
}

function isLeadIn(draft: Draft | undefined): boolean {
  return draft?.kind === 'heading' || (draft?.kind === 'paragraph' && draft.text.endsWith(':'))
}

function isMostlyLinks(draft: Draft | undefined): boolean {
  if (draft?.kind !== 'list' && draft?.kind !== 'paragraph') return false
  return draft.linked > draft.letters / 2
}

/**
 * A mark that the model wrote by itself: the service writes the marks, so it means nothing. A bracket
 * that stands right behind a word is an index in code.
 */
const MARK = /\s\[\d{1,3}\]|(?<![\p{L}\d_)\]\s])\[\d{1,3}\]/gu
/** The end of a text that may still become a mark, or the space before one. */
const OPEN_MARK = /\s\[\d{0,3}$|\[\d{0,3}$|\s$/

export interface GeneratedText {
  /** Takes the model's next words and gives those that may be shown. */
  push(piece: string): string
  /** What was held back at the end. */
  end(): string
  /** All words so far, as they may be shown. */
  readonly text: string
}

/** The model's words without its own marks, NUL and halves of characters, as they come. */
export function createGeneratedText(): GeneratedText {
  let raw = ''
  let text = ''
  const show = (whole: string) => {
    const shown = whole.toWellFormed().replaceAll('\0', '').replaceAll(MARK, '')
    const added = shown.slice(text.length)
    text = shown
    return added
  }
  return {
    push(piece) {
      raw += piece
      return show(raw.replace(OPEN_MARK, ''))
    },
    end: () => show(raw),
    get text() {
      return text
    },
  }
}

/**
 * A mark that the model wrote by itself: the service writes the marks, so it means nothing. A bracket
 * that stands right behind a word is an index in code.
 */
const MARK = /\s\[\d{1,3}\]|(?<![\p{L}\d_)\]\s])\[\d{1,3}\]/gu
/** What a model thinks before it answers is no answer; some begin with it and mark its end alone. */
const THINKING = /<think(?:ing)?>.*?(?:<\/think(?:ing)?>|$)\s*/gisu
const UNOPENED_THINKING = /^.*<\/think(?:ing)?>\s*/isu
/** Controls other than tab and newline, and those that turn the direction of writing. */
const CONTROL = /(?![\t\n])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu
/** The end of a text that may still become a mark, a tag or a whole character, or the space before one. */
const OPEN_END = /(?:\s?\[\d{0,3}|\s?<\/?[a-z]{0,8}|[\ud800-\udbff]|\s)$/iu

/** Far more than an answer has: a server that keeps no limit is stopped by it. */
const MAX_CHARACTERS = 4_000
/** The same words so often, and over so many characters, are no answer any more. */
const MIN_REPEATS = 4
const MIN_REPEATED_CHARACTERS = 48
const MAX_UNIT_CHARACTERS = 160

export interface GeneratedText {
  /** Takes the model's next words and gives those that may be shown. */
  push(piece: string): string
  /** What was held back at the end. */
  end(): string
  /** All words so far, as they may be shown. */
  readonly text: string
  /** Nothing that comes now belongs to an answer: the model repeats itself, or does not end. */
  readonly isOver: boolean
}

/** The model's words without its own marks and thoughts, controls and halves of characters, as they come. */
export function createGeneratedText(): GeneratedText {
  let raw = ''
  let text = ''
  let isOver = false
  const show = (whole: string) => {
    const shown = clean(whole)
    // Words that turn out to have been a thought are taken back by the answer's end alone.
    const added = shown.startsWith(text) ? shown.slice(text.length) : ''
    text = shown
    return added
  }
  return {
    push(piece) {
      if (isOver) return ''
      raw = (raw + piece).slice(0, MAX_CHARACTERS)
      const added = show(raw.replace(OPEN_END, ''))
      const repeats = repeatsFrom(text)
      isOver = raw.length === MAX_CHARACTERS || repeats !== null
      if (repeats !== null) text = text.slice(0, repeats).trimEnd()
      return repeats === null ? added : ''
    },
    end: () => (isOver ? '' : show(raw)),
    get text() {
      return text
    },
    get isOver() {
      return isOver
    },
  }
}

function clean(whole: string): string {
  return whole
    .replaceAll(THINKING, '')
    .replace(UNOPENED_THINKING, '')
    .toWellFormed()
    .replaceAll(CONTROL, '')
    .replaceAll(MARK, '')
}

/** Where the text begins to repeat what it has just said, to its end; null where it does not. */
function repeatsFrom(text: string): number | null {
  for (let unit = 1; unit <= MAX_UNIT_CHARACTERS; unit += 1) {
    const span = Math.max(unit * MIN_REPEATS, MIN_REPEATED_CHARACTERS)
    let start = text.length - span
    if (start < 0) continue
    if (text.slice(start + unit) !== text.slice(start, -unit)) continue
    while (start > 0 && text[start - 1] === text[start - 1 + unit]) start -= 1
    return start + unit
  }
  return null
}

/** Whether a text has a quote word for word, but for whitespace and capitals. */
export function holdsQuote(text: string, quote: string): boolean {
  return foldText(text).includes(foldText(quote))
}

export function foldText(text: string): string {
  return text.toLowerCase().replaceAll(/\s+/g, ' ').trim()
}

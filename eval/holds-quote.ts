/** Whether a text has a quote word for word, but for whitespace and capitals. */
export function holdsQuote(text: string, quote: string): boolean {
  return fold(text).includes(fold(quote))
}

function fold(text: string): string {
  return text.toLowerCase().replace(/\s+/g, ' ').trim()
}

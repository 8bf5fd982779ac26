// What must stand word for word in the evidence: numbers, names, identifiers and quoted strings. A
// small model writes these wrongly while everything around them reads well.

const NUMBER = /(?<![\p{L}\d_])[-+]?\d[\d,.]*(?:[kKmM](?![\p{L}\d]))?/gu
const IDENTIFIER = /[\p{L}_$][\p{L}\d_$./:-]*(?:\(\))?/gu
const QUOTED = /["“`]([^"“”`]{2,})["”`]/gu

/** 1,200 = 1200 = 1.2k; a version such as 1.2.3 stays as it is written. */
export function toNumbers(text: string): ReadonlySet<string> {
  return new Set((text.match(NUMBER) ?? []).map(normaliseNumber))
}

function normaliseNumber(written: string): string {
  const plain = written.replace(/^\+|[.,]+$/g, '').replaceAll(',', '')
  const scale = { k: 1e3, m: 1e6 }[plain.at(-1)?.toLowerCase() ?? ''] ?? 1
  const value = Number(scale === 1 ? plain : plain.slice(0, -1)) * scale
  return Number.isNaN(value) ? plain : String(value)
}

/**
 * Words that are names or code: a capital that no sentence start explains, a digit, a mark inside; and
 * those that are known to be names from elsewhere, such as the question.
 */
export function toNames(text: string, known: readonly string[] = []): readonly string[] {
  const names: string[] = []
  for (const match of text.matchAll(IDENTIFIER)) {
    const word = match[0].replace(/[./:-]+$/, '')
    const isFirst = /(^|[.!?:]["”')]*\s+|["“(]\s*)$/.test(text.slice(0, match.index))
    const isMarked = /[\d_$]|\(\)|\p{Ll}\p{Lu}|\p{Lu}{2}|\p{L}[.:/]\p{L}/u.test(word)
    if (isMarked || known.includes(word) || (!isFirst && /^\p{Lu}/u.test(word))) names.push(word)
  }
  return names
}

function toQuoted(text: string): readonly string[] {
  return [...text.matchAll(QUOTED)].map((match) => match[1] ?? '')
}

interface MissingOptions {
  readonly evidence: string
  /** Headings and text around the evidence, where a name may also stand, but no number. */
  readonly around: string
  readonly question: string
}

/** The first number, name or quoted string of a text that its evidence lacks, or null. */
export function findMissing(
  text: string,
  { evidence, around, question }: MissingOptions,
): string | null {
  const numbers = toNumbers(evidence)
  const wrongNumber = [...toNumbers(text)].find((number) => !numbers.has(number))
  if (wrongNumber !== undefined) return wrongNumber
  const context = fold(`${evidence} ${around}`)
  // A plural or a possessive of a name is that name.
  return (
    [...toNames(text, toNames(question)), ...toQuoted(text)].find(
      (name) => !context.includes(fold(name).replace(/(['’]s|s)$/, '')),
    ) ?? null
  )
}

function fold(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[\s`"“”]+/g, ' ')
    .trim()
}

/**
 * What a reader's program would make a link, a picture or a tag of. An answer has it only where the
 * sentence it cites has it letter by letter: a near miss is another address.
 */
const LINKS: readonly RegExp[] = [
  // Whatever the scheme: an address is taken for one wherever it stands.
  /\b[a-z][a-z0-9+.-]*:\/\/[^\s<>"')\]]+/giu,
  /\b(?:www\.|(?:mailto|javascript|vbscript|data|file):)[^\s<>"')\]]+/giu,
  // In Markdown a link, a picture, and what a reference stands for.
  /!?\[[^\]]*\]\([^)]*\)?/gu,
  /^[^\S\n]*\[[^\]]+\]:.*$/gmu,
  // A tag, and one that the next sentence might close.
  /<\/?[a-z!][^<>]*>/giu,
  /<[a-z][^<>]*=[^<>]*$/giu,
]

/** What is fetched from elsewhere without anybody's asking, where a text is read as Markdown or HTML. */
const FETCHED: readonly RegExp[] = [
  /!\[[^\]]*\]\s?\([^)]*\/\/[^)]*/iu,
  /<(?:img|iframe|video|audio|source|object|embed|link|script)\b[^<>]*\/\/[^<>]*/iu,
]

/** The first picture of a text, or what else is fetched as it is shown; null where there is none. */
export function findFetched(text: string): string | null {
  return FETCHED.map((pattern) => pattern.exec(text)?.[0]).find((found) => found) ?? null
}

/**
 * The first link, picture or tag of a text that its evidence does not hold, or null. A picture from
 * elsewhere is foreign even where it is quoted: it would tell its server who reads.
 */
export function findForeignLink(text: string, evidence: string): string | null {
  const fetched = findFetched(text)
  if (fetched !== null) return fetched
  const held = collapsed(evidence)
  const links = LINKS.flatMap((pattern) => text.match(pattern) ?? [])
  return links.map(withoutEnd).find((link) => !held.includes(collapsed(link))) ?? null
}

/** A sentence's own end is no part of an address. */
function withoutEnd(link: string): string {
  return link.trim().replace(/[.,;:!?]+$/, '')
}

function collapsed(text: string): string {
  return text.replace(/\s+/g, ' ')
}

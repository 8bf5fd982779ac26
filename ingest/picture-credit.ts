const MAX_CREDIT_CHARS = 120
const CREDIT =
  /^(?:cover |featured |header |hero )?(?:photo|image|picture|illustration|graphic|video)s? (?:by|credits?|courtesy of|source)\b:?/i
const NAMED = /^ (?:the )?[\p{Lu}@]/u
const PUBLISHED = / (?:on|via|from|at) \p{Lu}.{0,40}$/u

/** Whether a line only names who made a picture: "Photo by Ann on Pexels". */
export function isPictureCredit(line: string): boolean {
  const credit = CREDIT.exec(line)
  if (credit === null || line.length > MAX_CREDIT_CHARS) return false
  const maker = line.slice(credit[0].length)
  // "Images by Docker are layered." is a sentence.
  return PUBLISHED.test(maker) || (NAMED.test(maker) && !/[.!?]$/.test(maker))
}

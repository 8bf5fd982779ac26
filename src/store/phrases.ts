import type { Queryable } from '../db/database.ts'

const MAX_PHRASES = 4
const MAX_PHRASE_LENGTH = 200
const QUOTED = /"([^"]+)"|“([^“”]+)”|„([^„“”]+)[“”]/g

/**
 * The phrases that a text has in quotation marks, as regular expressions of Postgres: as written but for
 * case and the width of spaces, and no part of a longer word.
 */
export function toPhrases(text: string): readonly string[] {
  return [...text.matchAll(QUOTED)]
    .map(([, straight, curved, low]) => (straight ?? curved ?? low ?? '').trim())
    .filter((phrase) => /[\p{L}\p{N}]/u.test(phrase) && phrase.length <= MAX_PHRASE_LENGTH)
    .slice(0, MAX_PHRASES)
    .map(toPattern)
}

function toPattern(phrase: string): string {
  const escaped = phrase.replace(/[!-/:-@[-`{-~]/g, '\\$&').replace(/\s+/g, '\\s+')
  // The locale of the embedded database knows the bounds of ASCII words alone.
  const start = /^\w/.test(phrase) ? '\\m' : ''
  const end = /\w$/.test(phrase) ? '\\M' : ''
  return start + escaped + end
}

/** How many of the phrases stand in each chunk, under its title and headings; keyed by its id. */
export async function countPhrases(
  db: Queryable,
  chunkIds: readonly string[],
  phrases: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const { rows } = await db.query<{ id: string; phrases: number }>(
    `select chunk.id::text, count(*)::integer as phrases
     from chunk
     join article on article.id = chunk.article_id
     join unnest($2::text[]) as phrase (pattern) on concat_ws(E'\\n', article.title,
       array_to_string(chunk.heading_path, E'\\n'), chunk.text) ~* phrase.pattern
     where chunk.id = any($1::bigint[])
     group by chunk.id`,
    [chunkIds, phrases],
  )
  return new Map(rows.map(({ id, phrases }) => [id, phrases]))
}

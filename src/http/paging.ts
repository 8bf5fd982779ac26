import type { z } from 'zod'
import { AppError } from '../errors.ts'

export const DEFAULT_LIMIT = 20

interface Page<Item> {
  readonly items: readonly Item[]
  readonly next: string | null
}

/** A page of `limit` items, of which one more was looked for; `keyOf` gives where the next begins. */
export function toPage<Item>(
  found: readonly Item[],
  limit: number,
  keyOf: (last: Item) => readonly unknown[],
): Page<Item> {
  const items = found.slice(0, limit)
  const last = found.length > limit ? items.at(-1) : undefined
  return { items, next: last === undefined ? null : toCursor(keyOf(last)) }
}

function toCursor(key: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url')
}

/** Where a page begins, behind the key that its cursor holds; null for the first page. */
export function fromCursor<Schema extends z.ZodType>(
  schema: Schema,
  cursor: string | undefined,
): z.output<Schema> | null {
  if (cursor === undefined) return null
  const { success, data } = schema.safeParse(readJson(Buffer.from(cursor, 'base64url').toString()))
  if (success) return data
  throw new AppError('invalid-request', 'The cursor is not one that a list gave as "next".', {
    errors: [{ path: '/cursor', message: 'must be the "next" of the page before' }],
  })
}

/** Undefined where it is none. */
function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

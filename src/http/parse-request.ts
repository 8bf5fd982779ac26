import type { z } from 'zod'
import type { Filters } from '../domain.ts'
import { AppError, type Fault } from '../errors.ts'
import type { filters as filtersSchema } from './schemas.ts'

/** Outside data in, typed data out; otherwise `invalid-request` with every fault and its path. */
export function parseRequest<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const errors = parsed.error.issues.map(toFault)
  const list = errors.map(
    ({ path, message }) => `${path === '' ? 'the request' : path}: ${message}`,
  )
  throw new AppError('invalid-request', `${list.join('; ')}.`, { errors })
}

function toFault({ path, message }: z.core.$ZodIssue): Fault {
  return { path: path.map((part) => `/${escapePointer(String(part))}`).join(''), message }
}

/** RFC 6901. */
function escapePointer(part: string): string {
  return part.replaceAll('~', '~0').replaceAll('/', '~1')
}

export function toFilters(given: z.output<typeof filtersSchema> | undefined): Filters {
  const { feed, author, category, publishedAfter, publishedBefore, asOf } = given ?? {}
  return {
    ...(feed === undefined ? {} : { feed }),
    ...(author === undefined ? {} : { author }),
    ...(category === undefined ? {} : { category }),
    ...(publishedAfter === undefined ? {} : { publishedAfter: new Date(publishedAfter) }),
    ...(publishedBefore === undefined ? {} : { publishedBefore: new Date(publishedBefore) }),
    ...(asOf === undefined ? {} : { asOf: new Date(asOf) }),
  }
}

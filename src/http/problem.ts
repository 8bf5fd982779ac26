import type { z } from 'zod'
import { isDatabaseError, toDatabaseError } from '../db/database-errors.ts'
import { AppError, type ErrorCode } from '../errors.ts'
import type { problemSchema } from './schemas.ts'

export type Problem = z.infer<typeof problemSchema>

interface ProblemKind {
  readonly status: number
  readonly title: string
}

/** Codes that only stop the start have no answer of their own over HTTP. */
const PROBLEMS = {
  'invalid-request': { status: 400, title: 'The request is not valid' },
  'payload-too-large': { status: 413, title: 'The request is too large' },
  'unsupported-media-type': { status: 415, title: 'The body must be JSON' },
  'not-found': { status: 404, title: 'Not found' },
  'method-not-allowed': { status: 405, title: 'This address does not take that method' },
  conflict: { status: 409, title: 'In conflict with what is there' },
  unauthorized: { status: 401, title: 'An API key is needed' },
  forbidden: { status: 403, title: 'Not allowed' },
  'rate-limited': { status: 429, title: 'Too many requests' },
  'model-busy': { status: 503, title: 'Too many questions are waiting' },
  'shutting-down': { status: 503, title: 'The service is stopping' },
  'model-unavailable': { status: 503, title: 'The model is not available' },
  'model-timeout': { status: 504, title: 'The model took too long' },
  'model-file-invalid': { status: 500, title: 'The model file is not valid' },
  'database-unavailable': { status: 503, title: 'The database is not available' },
  'schema-mismatch': { status: 503, title: 'The database does not fit this version' },
  'storage-full': { status: 507, title: 'The disk is full' },
  'feed-unavailable': { status: 502, title: 'The feed could not be fetched' },
  'feed-invalid': { status: 422, title: 'This is not a feed' },
  'data-folder-in-use': { status: 500, title: 'The data folder is in use' },
  'port-in-use': { status: 500, title: 'The port is in use' },
  'config-invalid': { status: 500, title: 'A setting is not valid' },
  internal: { status: 500, title: 'Something went wrong' },
} satisfies Record<ErrorCode, ProblemKind>

const INTERNAL_DETAIL = 'The service failed; its log has the cause under this request’s id.'

/** Whatever was thrown, as an error whose message may be shown; the original stays its cause. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error
  if (isDatabaseError(error)) return toDatabaseError(error)
  return toBodyError(error) ?? new AppError('internal', INTERNAL_DETAIL, { cause: error })
}

export function toProblem(error: AppError, requestId: string): Problem {
  const { status, title } = PROBLEMS[error.code]
  return {
    type: `urn:footnote:problem:${error.code}`,
    title,
    status,
    detail: status === 500 ? INTERNAL_DETAIL : error.message,
    instance: requestId,
    code: error.code,
    errors: error.errors.map(({ path, message }) => ({ path, message })),
  }
}

/** What the body parser and the router throw, told apart by its `type` and `status`. */
function toBodyError(error: unknown): AppError | undefined {
  if (!(error instanceof Error) || !('status' in error)) return undefined
  switch (error.status) {
    case 413:
      return new AppError('payload-too-large', 'A request has at most 64 kB.', { cause: error })
    case 415:
      return new AppError('unsupported-media-type', 'Send JSON as UTF-8, not compressed.', {
        cause: error,
      })
    case 400:
      return new AppError('invalid-request', faultOf(error), { cause: error })
    default:
      return undefined
  }
}

/** The router fails where an address cannot be decoded, the body parser everywhere else. */
function faultOf(error: Error): string {
  return error instanceof URIError
    ? 'The address could not be read: a % in it must begin a character, as in %20.'
    : 'The request could not be read: its body must be JSON.'
}

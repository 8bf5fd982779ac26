import { AppError } from '../errors.ts'

/** PostgreSQL's error classes that mean "not now": connection, resources, operator, shutdown, locks. */
const UNAVAILABLE = /^(08|53|57|55P03|40001|40P01|25P0[23])/
const DISK_FULL = '53100'
/** The request holds a character that Postgres cannot keep. */
const UNTRANSLATABLE = /^(22021|22P05)/
const SOCKET_ERRORS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
])

/** Whether an error is the database's own word, by SQLSTATE, or that it cannot be reached. */
export function isDatabaseError(error: unknown): boolean {
  const code = codeOf(error)
  return /^[0-9A-Z]{5}$/.test(code) || SOCKET_ERRORS.has(code) || isClosedConnection(error)
}

export function toDatabaseError(error: unknown): AppError {
  const code = codeOf(error)
  if (code === DISK_FULL)
    return new AppError('storage-full', 'The database has no space left.', { cause: error })
  if (UNTRANSLATABLE.test(code)) {
    return new AppError('invalid-request', 'The text holds a character that cannot be kept.', {
      cause: error,
    })
  }
  if (UNAVAILABLE.test(code) || SOCKET_ERRORS.has(code) || isClosedConnection(error)) {
    return new AppError(
      'database-unavailable',
      'The database does not answer. Try again shortly.',
      {
        cause: error,
        retryAfter: 5,
      },
    )
  }
  return new AppError('internal', 'The database refused a statement.', { cause: error })
}

/** pgvector's word for vectors of two sizes that were to be compared: a data exception. */
export function isVectorSizeError(error: unknown): boolean {
  return codeOf(error) === '22000' && error instanceof Error && /dimensions/.test(error.message)
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

/** node-postgres has no code for these. */
function isClosedConnection(error: unknown): boolean {
  return (
    error instanceof Error &&
    /^(Connection terminated|timeout exceeded when trying|Client has encountered a connection)/.test(
      error.message,
    )
  )
}

export type ErrorCode =
  | 'invalid-request'
  | 'payload-too-large'
  | 'unsupported-media-type'
  | 'not-found'
  | 'method-not-allowed'
  | 'conflict'
  | 'unauthorized'
  | 'forbidden'
  | 'rate-limited'
  | 'model-busy'
  | 'shutting-down'
  | 'model-unavailable'
  | 'model-timeout'
  | 'model-file-invalid'
  | 'database-unavailable'
  | 'schema-mismatch'
  | 'storage-full'
  | 'feed-unavailable'
  | 'feed-invalid'
  | 'data-folder-in-use'
  | 'port-in-use'
  | 'config-invalid'
  | 'internal'

export interface Fault {
  /** A JSON Pointer for a request, a name for a setting. */
  readonly path: string
  readonly message: string
}

interface AppErrorOptions {
  readonly cause?: unknown
  /** Seconds. */
  readonly retryAfter?: number
  readonly errors?: readonly Fault[]
}

/** A broken promise. `message` is safe to show; `cause` is for the log alone. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly retryAfter: number | undefined
  readonly errors: readonly Fault[]

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryAfter = options.retryAfter
    this.errors = options.errors ?? []
  }
}

/** The message of whatever was thrown, for logs and for wrapping. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

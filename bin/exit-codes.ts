import type { AppError, ErrorCode } from '../src/errors.ts'

/** As in BSD's sysexits. */
const EXIT_CODES = {
  'invalid-request': 64,
  'payload-too-large': 64,
  'unsupported-media-type': 64,
  'not-found': 66,
  'method-not-allowed': 64,
  conflict: 64,
  unauthorized: 77,
  forbidden: 77,
  'rate-limited': 77,
  'model-busy': 75,
  'shutting-down': 75,
  'model-unavailable': 69,
  'model-timeout': 69,
  'model-file-invalid': 69,
  'database-unavailable': 69,
  'schema-mismatch': 69,
  'storage-full': 74,
  'feed-unavailable': 69,
  'feed-invalid': 65,
  'data-folder-in-use': 69,
  'port-in-use': 69,
  'config-invalid': 78,
  internal: 70,
} satisfies Record<ErrorCode, number>

export function exitCodeOf(error: AppError): number {
  return EXIT_CODES[error.code]
}

/** As evaluation.md has them: a night's script tells a regression, which is 1, from a fault by the code. */
export const EXIT_EVAL_USAGE = 2
export const EXIT_EVAL_INFRASTRUCTURE = 3
export const EXIT_INTERRUPTED = 130

/** What is wrong with the asking is 2, everything else 3. */
export function evalExitCodeOf({ code }: AppError): number {
  return USAGE.includes(code) ? EXIT_EVAL_USAGE : EXIT_EVAL_INFRASTRUCTURE
}

/** A run was rightly asked for, so what goes wrong with it later is no fault of usage. */
export function toRunFault(code: ErrorCode): ErrorCode {
  return USAGE.includes(code) ? 'internal' : code
}

const USAGE: readonly ErrorCode[] = [
  'invalid-request',
  'payload-too-large',
  'unsupported-media-type',
  'not-found',
  'method-not-allowed',
  'conflict',
  'forbidden',
  'config-invalid',
]

import type { z } from 'zod'
import type { completionErrorSchema } from './completion-schemas.ts'
import type { Problem } from './problem.ts'

/** As the router takes them: in any case, and with a slash at the end. */
const COMPLETION_PATHS = /^\/v1\/(chat\/completions|models)\/?$/i

/** Whether a client of OpenAI's asks there, who reads errors of OpenAI's shape alone. */
export function isCompletionPath(path: string): boolean {
  return COMPLETION_PATHS.test(path)
}

/** `code` is the problem's own: it says more than OpenAI's few. */
export function toCompletionError(problem: Problem): z.input<typeof completionErrorSchema> {
  const { status, detail, code, errors } = problem
  return {
    error: {
      message: detail,
      type: status < 500 ? 'invalid_request_error' : 'server_error',
      code,
      param: errors[0] === undefined ? null : toParam(errors[0].path),
    },
  }
}

/** `/messages/0/content` as OpenAI writes it: `messages[0].content`. */
function toParam(pointer: string): string | null {
  const param = pointer
    .slice(1)
    .replaceAll(/\/(\d+)/g, '[$1]')
    .replaceAll('/', '.')
  return param === '' ? null : param
}

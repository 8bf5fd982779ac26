import { fieldsOf, listAt, textAt } from './read-json.ts'

/** What went wrong, in words that can be shown (RFC 9457). */
export interface Problem {
  readonly title: string
  readonly detail: string
}

const notReachable: Problem = {
  title: 'The service does not answer',
  detail: 'See whether it is still running, then try again.',
}

export const brokenOff: Problem = {
  title: 'The answer broke off',
  detail: 'The connection ended before the answer was complete. Ask again.',
}

export function parseProblem(value: unknown): Problem {
  const fields = fieldsOf(value)
  const faults = listAt(fields, 'errors').map(
    (fault) => `${textAt(fault, 'path')}: ${textAt(fault, 'message')}`,
  )
  return {
    title: textAt(fields, 'title') || 'Something went wrong',
    detail: [textAt(fields, 'detail'), ...faults].filter(Boolean).join('\n'),
  }
}

/** A proxy's error is no problem document: then the status is all there is to say. */
export async function problemOfResponse(response: Response): Promise<Problem> {
  const isJson = response.headers.get('content-type')?.includes('json') ?? false
  if (isJson) return parseProblem(await response.json())
  return { title: `The service answered with status ${response.status}`, detail: '' }
}

/** What an exception says to a reader: fetch reports every network fault as a TypeError. */
export function problemOfError(error: unknown): Problem {
  if (error instanceof TypeError) return notReachable
  const detail = error instanceof Error ? error.message : String(error)
  return { title: 'The reply could not be read', detail }
}

import { AppError } from '../errors.ts'

export interface Deadlines {
  /** From the asking on: the wait in the queue counts. */
  readonly firstMs: number
  readonly betweenMs: number
  /** From the beginning of the turn on. */
  readonly totalMs: number
}

/** Reliability rows 24 and 25: a slow laptop reads a prompt in seconds; a minute is a hang. */
export const DEADLINES: Deadlines = { firstMs: 60_000, betweenMs: 20_000, totalMs: 180_000 }

/**
 * Passes on what `start` yields, and ends it by its signal, with `model-timeout`, when the first piece,
 * the next piece or the whole takes too long.
 */
export async function* withDeadlines(
  start: (signal: AbortSignal) => AsyncIterable<string>,
  options: { readonly signal: AbortSignal; readonly deadlines: Deadlines },
): AsyncGenerator<string> {
  const { firstMs, betweenMs, totalMs } = options.deadlines
  const deadline = new AbortController()
  const expire = (what: string, ms: number) =>
    setTimeout(() => {
      deadline.abort(
        new AppError('model-timeout', `The chat model took over ${ms / 1000} s for ${what}.`),
      )
    }, ms)
  const total = expire('its answer', totalMs)
  let next = expire('its first word', firstMs)
  try {
    for await (const piece of start(AbortSignal.any([options.signal, deadline.signal]))) {
      clearTimeout(next)
      yield piece
      next = expire('its next word', betweenMs)
    }
  } catch (error) {
    if (deadline.signal.aborted && !options.signal.aborted) throw deadline.signal.reason
    throw error
  } finally {
    clearTimeout(next)
    clearTimeout(total)
  }
}

import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 100

/** Rejects with the signal's reason where that fires first. */
export async function untilReady(
  readiness: { readonly isReady: boolean },
  signal: AbortSignal,
): Promise<void> {
  while (!readiness.isReady) {
    signal.throwIfAborted()
    await sleep(POLL_MS)
  }
}

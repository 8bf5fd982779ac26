import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { withDeadlines } from './deadlines.ts'

const deadlines = { firstMs: 40, betweenMs: 40, totalMs: 400 }

/** Yields a piece after each of the delays, and stops where its signal fires. */
function pieces(delaysMs: readonly number[]) {
  return async function* (signal: AbortSignal) {
    for (const delayMs of delaysMs) {
      await sleep(delayMs, undefined, { signal })
      yield 'piece'
    }
  }
}

async function collect(delaysMs: readonly number[], signal = new AbortController().signal) {
  const taken: string[] = []
  for await (const piece of withDeadlines(pieces(delaysMs), { signal, deadlines }))
    taken.push(piece)
  return taken
}

describe('deadlines', () => {
  it('let pass what comes in time', async () => {
    expect(await collect([1, 1, 1])).toHaveLength(3)
  })

  it('end a model that never begins', async () => {
    await expect(collect([10_000])).rejects.toMatchObject({ code: 'model-timeout' })
  })

  it('end a model that stalls between words', async () => {
    await expect(collect([1, 10_000])).rejects.toThrow('its next word')
  })

  it('end a model that goes on for ever', async () => {
    await expect(collect(Array.from({ length: 1_000 }, () => 5))).rejects.toThrow('its answer')
  })

  it('leave the client’s own leaving as it is', async () => {
    const gone = AbortSignal.abort(new Error('gone'))
    await expect(collect([1], gone)).rejects.toThrow(/gone|aborted/)
  })
})

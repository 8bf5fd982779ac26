import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { ChatModel } from './chat-model.ts'
import { ChatTurns, type ChatPlace, type TakeOptions } from './chat-turns.ts'
import type { Deadlines } from './deadlines.ts'

const model: ChatModel = {
  id: 'scripted',
  countTokens: (text) => text.length,
  generate: () => {
    throw new Error('Nothing is generated here.')
  },
  close: () => Promise.resolve(),
}

const ready = ({ maxWaiting = 16, firstMs = 60_000 } = {}) => {
  const deadlines: Deadlines = { firstMs, betweenMs: 20_000, totalMs: 180_000 }
  const turns = new ChatTurns({ maxWaiting, deadlines })
  turns.setModel(model)
  return turns
}

const quiet = (): TakeOptions => ({
  signal: new AbortController().signal,
  onPosition: () => undefined,
})

/** Has turns that took so long, so that the next ones can be estimated. */
async function practise(turns: ChatTurns, turnMs: number): Promise<void> {
  const place = turns.enter()
  await place.take(quiet())
  await sleep(turnMs)
  place.leave()
}

describe('turns', () => {
  it('are none while there is no model, and everyone is let in', async () => {
    const turns = new ChatTurns({ maxWaiting: 0 })
    const places = [turns.enter(), turns.enter(), turns.enter()]
    for (const place of places) expect(await place.take(quiet())).toBeNull()
  })

  it('are taken one at a time, in order, and people are told their place as it changes', async () => {
    const turns = ready()
    const told: string[] = []
    const ask = (name: string) => {
      const place = turns.enter()
      const onPosition = (position: number) => void told.push(`${name} ${position}`)
      return { place, turn: place.take({ ...quiet(), onPosition }) }
    }
    const [first, second, third] = [ask('a'), ask('b'), ask('c')]
    for (const { place, turn } of [first, second, third]) {
      expect((await turn)?.model).toBe(model)
      place.leave()
    }
    expect(told).toEqual(['b 1', 'c 2', 'c 1'])
  })

  it('pass over who still searches, who keeps the place', async () => {
    const turns = ready()
    const first = turns.enter()
    await first.take(quiet())
    const searching = turns.enter()
    const waiting = turns.enter()
    const positions: number[] = []
    const turn = waiting.take({ ...quiet(), onPosition: (position) => positions.push(position) })
    first.leave()
    expect((await turn)?.model).toBe(model)
    expect(positions).toEqual([2])
    const late = searching.take(quiet())
    waiting.leave()
    expect((await late)?.model).toBe(model)
  })

  it('pass to the next when one who waits goes away, and those behind move up at once', async () => {
    const turns = ready()
    const gone = new AbortController()
    const first = turns.enter()
    await first.take(quiet())
    const leaving = turns.enter().take({ ...quiet(), signal: gone.signal })
    const positions: number[] = []
    const onPosition = (position: number) => void positions.push(position)
    const next = turns.enter().take({ ...quiet(), onPosition })
    gone.abort(new Error('gone'))
    await expect(leaving).rejects.toThrow('gone')
    expect(positions).toEqual([2, 1])
    first.leave()
    expect(await next).not.toBeNull()
  })

  it('are given back once, however often their place is left', async () => {
    const turns = ready()
    const first = turns.enter()
    await first.take(quiet())
    const [second, third] = [turns.enter(), turns.enter()]
    const turn = second.take(quiet())
    let isThird = false
    void third.take(quiet()).then(() => (isThird = true))
    first.leave()
    first.leave()
    await turn
    await sleep(5)
    expect(isThird).toBe(false)
    second.leave()
    await sleep(5)
    expect(isThird).toBe(true)
  })

  it('are waited for by idle work only so long', async () => {
    const turns = ready()
    const searching = turns.enter()
    await turns.whenIdle(10)
    const idle = turns.whenIdle(60_000)
    searching.leave()
    await idle
  })
})

describe('a full queue', () => {
  it('is told when it is entered, before anything is searched', () => {
    const turns = ready({ maxWaiting: 1 })
    turns.enter()
    const second = turns.enter()
    expect(() => turns.enter()).toThrow(expect.objectContaining({ code: 'model-busy' }) as Error)
    second.leave()
    expect(() => turns.enter()).not.toThrow()
  })

  it('says how long it will take, by what the last turns took, within bounds', async () => {
    const fill = (turns: ChatTurns) => {
      for (;;) {
        try {
          turns.enter()
        } catch (error) {
          return (error as { readonly retryAfter: number }).retryAfter
        }
      }
    }
    // Nothing is known yet: 3 places of 7 s. 20 places of 7 s are 140 s, and no one is told to wait that long.
    expect(fill(ready({ maxWaiting: 2 }))).toBe(21)
    expect(fill(ready({ maxWaiting: 19 }))).toBe(120)
    const quick = ready({ maxWaiting: 2 })
    await practise(quick, 0)
    // Of some milliseconds each, and no one is told to come back at once.
    expect(fill(quick)).toBeGreaterThanOrEqual(1)
    expect(fill(quick)).toBeLessThan(21)
    const slow = ready({ maxWaiting: 11 })
    await practise(slow, 400)
    // 12 places of some 0.4 s.
    expect(fill(slow)).toBeGreaterThanOrEqual(5)
  })
})

describe('the deadline of the first word', () => {
  const holding = async (turns: ChatTurns) => {
    const place = turns.enter()
    await place.take(quiet())
    return place
  }

  it('ends the wait when it passes, and the place is free', async () => {
    const turns = ready({ maxWaiting: 1, firstMs: 50 })
    await holding(turns)
    expect(await turns.enter().take(quiet())).toBeNull()
    expect(() => turns.enter()).not.toThrow()
  })

  it('ends it at once where it would pass, by what the last turns took', async () => {
    const turns = ready({ firstMs: 2_000 })
    await practise(turns, 700)
    await holding(turns)
    const positions: number[] = []
    const onPosition = (position: number) => void positions.push(position)
    const ask = () => turns.enter().take({ ...quiet(), onPosition })
    const [near, further] = [ask(), ask()]
    // The third would wait some 2.1 s; the first two are told their place.
    const since = performance.now()
    expect(await ask()).toBeNull()
    expect(performance.now() - since).toBeLessThan(500)
    expect(positions).toEqual([1, 2])
    void near
    void further
  })

  it('counts what waiting has taken, and leaves the other deadlines whole', async () => {
    const turns = ready({ firstMs: 10_000 })
    const first = await holding(turns)
    const turn = turns.enter().take(quiet())
    await sleep(100)
    first.leave()
    const { deadlines, queuedMs } = (await turn) ?? {}
    expect(queuedMs).toBeGreaterThanOrEqual(90)
    expect(deadlines?.firstMs).toBeLessThanOrEqual(9_910)
    expect(deadlines).toMatchObject({ betweenMs: 20_000, totalMs: 180_000 })
  })

  it('is none for who has the night', async () => {
    const turns = ready({ firstMs: 50 })
    await practise(turns, 60)
    const first = await holding(turns)
    const place: ChatPlace = turns.enter({ isPatient: true })
    const turn = place.take(quiet())
    await sleep(100)
    first.leave()
    expect((await turn)?.deadlines.firstMs).toBe(50)
  })
})

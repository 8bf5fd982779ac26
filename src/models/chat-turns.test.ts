import { describe, expect, it } from 'vitest'
import type { ChatModel } from './chat-model.ts'
import { ChatTurns } from './chat-turns.ts'

const model: ChatModel = {
  id: 'scripted',
  countTokens: (text) => text.length,
  generate: () => {
    throw new Error('Nothing is generated here.')
  },
  close: () => Promise.resolve(),
}
const ready = (maxWaiting = 16) => {
  const turns = new ChatTurns({ maxWaiting })
  turns.setModel(model)
  return turns
}
const quiet = () => ({ signal: new AbortController().signal, onPosition: () => undefined })

describe('turns', () => {
  it('are none while there is no model', async () => {
    const turns = new ChatTurns({ maxWaiting: 1 })
    expect(await turns.take(quiet())).toBeNull()
  })

  it('are taken one at a time, in order, and people are told their place as it changes', async () => {
    const turns = ready()
    const places: string[] = []
    const ask = (name: string) =>
      turns.take({ ...quiet(), onPosition: (position) => places.push(`${name} ${position}`) })
    const first = await ask('a')
    const second = ask('b')
    const third = ask('c')
    first?.release()
    ;(await second)?.release()
    ;(await third)?.release()
    expect(places).toEqual(['b 1', 'c 2', 'c 1'])
  })

  it('are refused with a time to come back when too many wait', async () => {
    const turns = ready(1)
    await turns.take(quiet())
    void turns.take(quiet())
    await expect(turns.take(quiet())).rejects.toMatchObject({ code: 'model-busy', retryAfter: 10 })
  })

  it('pass to the next when one who waits goes away', async () => {
    const turns = ready()
    const gone = new AbortController()
    const first = await turns.take(quiet())
    const leaving = turns.take({ ...quiet(), signal: gone.signal })
    const next = turns.take(quiet())
    gone.abort(new Error('gone'))
    await expect(leaving).rejects.toThrow('gone')
    first?.release()
    expect(await next).not.toBeNull()
  })

  it('are waited for by idle work only so long', async () => {
    const turns = ready()
    const turn = await turns.take(quiet())
    await turns.whenIdle(10)
    const idle = turns.whenIdle(60_000)
    turn?.release()
    await idle
  })
})

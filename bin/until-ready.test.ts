import { expect, it } from 'vitest'
import { untilReady } from './until-ready.ts'

it('a service is waited for until it is ready', async () => {
  const readiness = { isReady: false }
  setTimeout(() => (readiness.isReady = true), 20)
  await untilReady(readiness, new AbortController().signal)
  expect(readiness.isReady).toBe(true)
})

it('whoever interrupts the waiting gets the reason', async () => {
  const stopping = new AbortController()
  const waited = untilReady({ isReady: false }, stopping.signal)
  stopping.abort(new Error('Interrupted.'))
  await expect(waited).rejects.toThrow('Interrupted.')
})

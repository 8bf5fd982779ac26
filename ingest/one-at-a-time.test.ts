import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createOneAtATime } from './one-at-a-time.ts'

it('begins the next when the one before has ended, even badly', async () => {
  const oneAtATime = createOneAtATime()
  const seen: string[] = []
  const work = (name: string) => async () => {
    seen.push(`${name} begins`)
    await sleep(5)
    seen.push(`${name} ends`)
    if (name === 'a') throw new Error('a failed')
  }
  const [first] = await Promise.allSettled([oneAtATime(work('a')), oneAtATime(work('b'))])
  expect(first.status).toBe('rejected')
  expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends'])
})

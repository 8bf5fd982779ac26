import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { AnswerSteps } from './answer-steps.ts'
import { timeSteps } from './time-steps.ts'

it('notes down the steps that were taken, those taken twice as one, and those that failed', async () => {
  const given = {
    retrieve: () => sleep(30),
    compare: (sentences: readonly string[]) => sleep(30, sentences),
    checkStated: () => Promise.reject(new Error('No model.')),
  }
  const { steps, timings } = timeSteps(given as unknown as AnswerSteps)
  const { signal } = new AbortController()
  expect(await steps.compare(['One.'], [], signal)).toEqual(['One.'])
  await steps.compare(['Two.'], [], signal)
  await expect(steps.checkStated(undefined as never, undefined as never, signal)).rejects.toThrow(
    'No model.',
  )
  expect(Object.keys(timings).sort()).toEqual(['checkStated', 'compare'])
  expect(timings.compare).toBeGreaterThanOrEqual(58)
})

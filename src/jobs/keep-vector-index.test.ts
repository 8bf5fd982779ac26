import { expect, it } from 'vitest'
import { keepVectorIndex } from './keep-vector-index.ts'

/** A build that fails, and how often it was begun and told of until the service was stopped. */
function keepFailing(engine: 'embedded' | 'server') {
  const stopping = new AbortController()
  const told: unknown[] = []
  let builds = 0
  const keeping = keepVectorIndex({
    database: { pool: undefined as never, engine },
    withOwner: () => {
      builds += 1
      return Promise.reject(new Error('The worker was ended.'))
    },
    model: 'test-model',
    logger: { info: () => undefined, warn: (...given: unknown[]) => told.push(given) } as never,
    signal: stopping.signal,
  })
  return { stopping, keeping, told, builds: () => builds }
}

it('does not begin a build again that the embedded database could not finish', async () => {
  const { keeping, told, builds } = keepFailing('embedded')
  await keeping
  expect(builds()).toBe(1)
  expect(told).toHaveLength(1)
})

it('goes on looking after a server that is away, and ends with the service', async () => {
  const { keeping, stopping, told } = keepFailing('server')
  await expect.poll(() => told.length).toBe(1)
  expect(await Promise.race([keeping, Promise.resolve('looking')])).toBe('looking')
  stopping.abort()
  await keeping
  expect(told).toHaveLength(1)
})

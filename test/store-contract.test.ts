import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { prepareQueues } from '../src/jobs/queue.ts'
import { openTestDatabase } from './open-test-database.ts'
import { describeStore } from './store-contract.ts'

describeStore('the store on the embedded database', async () => {
  const database = await openTestDatabase()
  await prepareQueues(database.pool)
  return database
})

describe('the contract', () => {
  const read = (folder: string) =>
    readdirSync(new URL(folder, import.meta.url))
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .map((name) => readFileSync(new URL(folder + name, import.meta.url), 'utf8'))
      .join('\n')

  it('calls every function that the store exports', () => {
    const exported = read('../src/store/').matchAll(/^export (?:async )?function (\w+)/gm)
    const contract = read('./store/')
    const missing = [...exported]
      .map(([, name = '']) => name)
      .filter((name) => !new RegExp(`\\b${name}\\(`).test(contract))
    expect(missing).toEqual([])
  })
})

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../src/config.ts'
import { createLogger } from '../src/logger.ts'
import { Readiness } from '../src/readiness.ts'
import { openServices, type Services } from '../src/services.ts'
import { REAL_FEED } from './start-bench-service.ts'

export interface BenchServices extends AsyncDisposable {
  readonly services: Services
}

/** The service's parts without its door, with the real feed read: on DATA_DIR, or on a folder that goes. */
export async function openBenchServices(
  env: Record<string, string | undefined>,
): Promise<BenchServices> {
  const given = process.env['DATA_DIR']
  const dataDir = given ?? mkdtempSync(join(tmpdir(), 'footnote-bench-'))
  const config = loadConfig({ ...process.env, FEEDS: REAL_FEED, ...env, DATA_DIR: dataDir })
  const closers: (() => Promise<unknown>)[] = []
  const stopping = new AbortController()
  let services: Services | undefined
  await openServices({
    config,
    logger: createLogger('error'),
    readiness: new Readiness(),
    hasSchedule: false,
    readsLibrary: true,
    signal: stopping.signal,
    onServices: (opened) => (services = opened),
    onOpened: (close) => closers.push(close),
  })
  if (services === undefined) throw new Error('The services did not open.')
  return {
    services,
    [Symbol.asyncDispose]: async () => {
      stopping.abort()
      for (const close of closers.toReversed()) await close()
      if (given === undefined) rmSync(dataDir, { recursive: true })
    },
  }
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { loadConfig } from '../src/config.ts'
import { createLogger } from '../src/logger.ts'
import { Readiness } from '../src/readiness.ts'
import { openServices, type Services } from '../src/services.ts'
import { REAL_FEED } from './start-bench-service.ts'

export interface BenchServices extends AsyncDisposable {
  readonly services: Services
}

interface BenchOptions {
  /** Told the data folder, gives the feeds to read, none for the handbook; the real feed where it is left out. */
  readonly feedsIn?: (dataDir: string) => readonly string[]
  /** Told now and then how far the library has been read. */
  readonly onProgress?: (detail: string) => void
}

const PROGRESS_MS = 10_000
const LOOK_MS = 50
const LEAVE_MS = 2_000

/**
 * The service's parts without its door, with a library read: on DATA_DIR, or on a folder that goes. Once
 * in a process, which ends soon after they are closed.
 */
export async function openBenchServices(
  env: Record<string, string | undefined>,
  { feedsIn = () => [REAL_FEED], onProgress }: BenchOptions = {},
): Promise<BenchServices> {
  const given = process.env['DATA_DIR']
  const dataDir = given ?? mkdtempSync(join(tmpdir(), 'footnote-bench-'))
  const FEEDS = feedsIn(dataDir).join(' ')
  const config = loadConfig({ ...process.env, FEEDS, ...env, DATA_DIR: dataDir })
  const closers: (() => Promise<unknown>)[] = []
  const stopping = new AbortController()
  const readiness = new Readiness()
  let services: Services | undefined
  const opening = openServices({
    config,
    logger: createLogger('error'),
    readiness,
    hasSchedule: false,
    readsLibrary: true,
    signal: stopping.signal,
    onServices: (opened) => (services = opened),
    onOpened: (close) => closers.push(close),
  })
  if (onProgress === undefined) await opening
  else await reporting(opening, () => onProgress(readiness.parts.corpus.detail))
  while (readiness.parts.chat.status === 'loading') await sleep(LOOK_MS)
  if (services === undefined) throw new Error('The services did not open.')
  return {
    services,
    [Symbol.asyncDispose]: async () => {
      stopping.abort()
      for (const close of closers.toReversed()) await close()
      if (given === undefined) rmSync(dataDir, { recursive: true })
      // A worker of pg-boss whose statement the closing caught is waited for without end, once a second.
      setTimeout(() => process.exit(), LEAVE_MS).unref()
    },
  }
}

async function reporting(work: Promise<void>, report: () => void): Promise<void> {
  const timer = setInterval(report, PROGRESS_MS)
  await work.finally(() => clearInterval(timer))
}

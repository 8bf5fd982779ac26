import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { loadConfig } from '../src/config.ts'
import { createLogger } from '../src/logger.ts'
import { startService, type RunningService } from '../src/main.ts'

export const REAL_FEED = resolve(import.meta.dirname, '../../shared/feed/glad-labs.xml')

export interface BenchService extends AsyncDisposable {
  readonly url: string
  readonly dataDir: string
  readonly service: RunningService
}

/** The whole service on a free port and an empty data folder, ready to be asked. */
export async function startBenchService(
  env: Record<string, string | undefined>,
): Promise<BenchService> {
  if (!existsSync(REAL_FEED)) throw new Error(`The benchmarks read the real feed at ${REAL_FEED}.`)
  const dataDir = mkdtempSync(join(tmpdir(), 'footnote-bench-'))
  const config = loadConfig({ ...process.env, DATA_DIR: dataDir, PORT: '0', ...env })
  const service = await startService({ config, logger: createLogger('error'), isPublic: true })
  await service.started
  while (!service.readiness.isReady) await sleep(50)
  return {
    url: service.url ?? '',
    dataDir,
    service,
    [Symbol.asyncDispose]: async () => {
      await service.stop()
      rmSync(dataDir, { recursive: true })
    },
  }
}

/** The value below which `share` of the values lie; the nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

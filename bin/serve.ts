import type { Config } from '../src/config.ts'
import { createLogger } from '../src/logger.ts'
import { startService } from '../src/main.ts'
import { showProgress } from './progress.ts'
import { untilReady } from './until-ready.ts'

/** Runs the service until `signal` fires; resolves when everything is closed. */
export async function serve(config: Config, signal: AbortSignal): Promise<void> {
  const logger = createLogger(config.logLevel ?? (process.stderr.isTTY ? 'warn' : 'info'))
  const service = await startService({ config, logger, isPublic: true })
  const stopped = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  console.log(`Footnote listens on ${service.url}; what works already is served.`)
  const progress = showProgress(service.readiness, process.stderr)
  try {
    await Promise.race([service.started, stopped])
    await Promise.race([untilReady(service.readiness, signal), stopped])
    progress.stop()
    if (!signal.aborted) console.log(describeReady(service.readiness, service.url ?? ''))
    await stopped
  } finally {
    progress.stop()
    await service.stop()
  }
}

function describeReady(
  {
    parts,
  }: {
    readonly parts: Readonly<Record<string, { readonly status: string; readonly detail: string }>>
  },
  url: string,
): string {
  const missing = Object.entries(parts)
    .filter(([, { status }]) => status === 'unavailable')
    .map(([name, { detail }]) => `\n  without ${name}: ${detail}`)
  return `Ready: ${parts['corpus']?.detail}. Open ${url} and ask.${missing.join('')}`
}

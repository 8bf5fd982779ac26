import type { ModelProgress } from './model-store.ts'

const MEGABYTE = 1_000_000

/** "fetching NAME: 430 of 1117 MB, 52 MB/s, 13 s left"; the rate is over the whole of this start. */
export function describeTransfer(progress: ModelProgress, startedAt: number): string {
  const { modelId, doneBytes, totalBytes } = progress
  const megabytes = (bytes: number) => Math.round(bytes / MEGABYTE)
  const seconds = (performance.now() - startedAt) / 1_000
  const rate = doneBytes / Math.max(seconds, 0.001)
  const left = rate === 0 ? '' : `, ${Math.ceil((totalBytes - doneBytes) / rate)} s left`
  const speed = `${(rate / MEGABYTE).toFixed(1)} MB/s`
  return `fetching ${modelId}: ${megabytes(doneBytes)} of ${megabytes(totalBytes)} MB, ${speed}${left}`
}

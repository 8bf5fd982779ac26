import type { MetricValue } from './report.ts'

// How the figures of a report are written, wherever they stand. Shares are percentages, and changes of
// shares are points.

export const NO_FIGURE = '–'
const MINUS = '\u2212'

/** Of these, less is better. */
export const HARMS: readonly string[] = [
  'false-refusals',
  'hallucinated',
  'ungrounded',
  'unsupported-numbers',
]

export function formatShare(share: number | null): string {
  return share === null || !Number.isFinite(share) ? NO_FIGURE : `${(share * 100).toFixed(1)} %`
}

/** "76.0–85.9", in per cent like the share it stands beside. */
export function formatInterval({ low, high }: Pick<MetricValue, 'low' | 'high'>): string {
  if (low === null || high === null) return NO_FIGURE
  return `${(low * 100).toFixed(1)}–${(high * 100).toFixed(1)}`
}

export interface Change {
  readonly text: string
  readonly trend: 'better' | 'worse' | 'same' | 'unknown'
  /** Chance alone would hardly do it; what was not tested is never clear. */
  readonly isClear: boolean
}

const SIGNIFICANT = 0.05

/** In points against the baseline; the sign is that of the figure, the trend says whether it is good. */
export function changeOf(name: string, { value, baseline, p }: MetricValue): Change {
  if (value === null || baseline === null) {
    return { text: NO_FIGURE, trend: 'unknown', isClear: false }
  }
  const points = Number(((value - baseline) * 100).toFixed(1))
  if (points === 0) return { text: '±0', trend: 'same', isClear: false }
  const text = `${points > 0 ? '+' : MINUS}${Math.abs(points).toFixed(1)}`
  const trend = points > 0 === HARMS.includes(name) ? 'worse' : 'better'
  return { text, trend, isClear: p !== null && p < SIGNIFICANT }
}

export function formatP(p: number | null): string {
  if (p === null) return NO_FIGURE
  return p < 0.001 ? '<.001' : p.toFixed(3).replace(/^0/, '')
}

export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`
  const minutes = Math.round(ms / 60_000)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** To the minute, in UTC; what cannot be read as a time is shown as it came. */
export function formatTime(time: string): string {
  const date = new Date(time)
  if (Number.isNaN(date.getTime())) return time
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** "1 case", "2 cases". */
export function countOf(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`
}

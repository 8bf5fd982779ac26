import { stemOf } from '../retrieval/content-words.ts'

/** What numbers are counted in, each in its spellings. */
const UNITS: ReadonlyMap<string, number> = new Map(
  [
    'ms millisecond milliseconds',
    's sec secs second seconds',
    'min mins minute minutes',
    'h hour hours',
    'day days',
    'week weeks',
    'month months',
    'year years',
    '% percent',
    'x times',
    'kb kilobyte kilobytes',
    'mb megabyte megabytes',
    'gb gigabyte gigabytes',
  ].flatMap((unit, index) => unit.split(' ').map((word) => [word, index] as const)),
)
const STEMS = new Set([...UNITS.keys()].map(stemOf))

/** A number for each unit, the same for all its spellings. */
export function toUnit(word: string): number | undefined {
  return UNITS.get(word)
}

export function isUnit(stem: string): boolean {
  return STEMS.has(stem)
}

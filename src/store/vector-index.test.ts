import { expect, it } from 'vitest'
import { EMBEDDED_INDEXED_TO, isTooLarge } from './vector-index.ts'

it.each([
  { engine: 'embedded', chunks: EMBEDDED_INDEXED_TO, dimensions: 384, expected: false },
  { engine: 'embedded', chunks: EMBEDDED_INDEXED_TO + 1, dimensions: 384, expected: true },
  { engine: 'embedded', chunks: EMBEDDED_INDEXED_TO + 1, dimensions: 8, expected: true },
  // Longer vectors take as much longer.
  { engine: 'embedded', chunks: 10_000, dimensions: 1_024, expected: true },
  { engine: 'server', chunks: 1_000_000, dimensions: 1_024, expected: false },
  { engine: 'server', chunks: 10_000, dimensions: 2_001, expected: true },
] as const)(
  'whether $chunks chunks of $dimensions dimensions are too large for an index ($engine): $expected',
  ({ expected, ...library }) => {
    expect(isTooLarge(library)).toBe(expected)
  },
)

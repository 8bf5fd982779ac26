import { describe, expect, it } from 'vitest'
import { createRandom, seededShuffle } from './seeded-random.ts'
import reference from './statistics-reference.json' with { type: 'json' }

function chiSquared(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
}

describe('a seeded sequence', () => {
  it.each(reference.random)('is the reference one for seed $seed', ({ seed, drawn }) => {
    const random = createRandom(seed)
    expect(drawn.map(() => random())).toEqual(drawn)
  })

  it('is another one for the next seed', () => {
    expect(createRandom(1)()).not.toBe(createRandom(2)())
  })

  it('fills [0, 1) evenly', () => {
    const random = createRandom(11)
    const counts = new Array<number>(10).fill(0)
    for (let i = 0; i < 100_000; i++) {
      const bin = Math.floor(random() * 10)
      counts[bin] = (counts[bin] ?? 0) + 1
    }
    // Nine degrees of freedom pass 27.9 once in a thousand seeds.
    expect(chiSquared(counts)).toBeLessThan(27.9)
  })
})

describe('a seeded shuffle', () => {
  const letters = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']

  it('keeps every value, and the list it was given', () => {
    const given = [...letters]
    const shuffled = seededShuffle(given, 3)
    expect(given).toEqual(letters)
    expect(shuffled).not.toEqual(letters)
    expect(shuffled.toSorted()).toEqual(letters)
  })

  it('is the same for the same seed', () => {
    expect(seededShuffle(letters, 3)).toEqual(seededShuffle(letters, 3))
  })

  it('gives each order as often as any other', () => {
    const counts = new Map<string, number>()
    for (let seed = 0; seed < 6_000; seed++) {
      const order = seededShuffle(['a', 'b', 'c'], seed).join('')
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    expect(counts.size).toBe(6)
    // Five degrees of freedom pass 20.5 once in a thousand.
    expect(chiSquared([...counts.values()])).toBeLessThan(20.5)
  })

  it('leaves an empty list empty', () => {
    expect(seededShuffle([], 1)).toEqual([])
  })
})

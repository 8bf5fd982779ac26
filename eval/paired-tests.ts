import { AppError } from '../src/errors.ts'
import { binomialAtMost } from './binomial.ts'
import { createRandom } from './seeded-random.ts'

// Whether the same cases, run twice, did better or worse: for outcomes that are yes or no, and for
// scores. Each p is two-sided: the chance of a difference at least this large, in either direction,
// were both runs alike.

const DEFAULT_ROUNDS = 10_000

// Sums of the same numbers in another order differ in their last bits. Over 10,000 of them that is at
// most 1.1e-12 of the sum of their sizes; nearer than this, two sums are one.
const ROUNDING = 2e-12

const BITS_PER_DRAW = 32
const TWO_TO_32 = 2 ** 32

/**
 * McNemar's test in its exact form (1947; scipy's `binomtest(k, n, 0.5)`): of the cases that flipped,
 * so many were right only before and so many only after. 1 where none did. A p below 1e-308 is 0.
 */
export function mcnemarExact(onlyBefore: number, onlyAfter: number): number {
  const fewer = Math.min(onlyBefore, onlyAfter)
  const trials = onlyBefore + onlyAfter
  return Math.min(1, 2 * binomialAtMost(fewer, { trials, probability: 0.5 }))
}

interface SignFlipOptions {
  /** How often the signs are drawn. */
  readonly rounds?: number
  readonly seed: number
}

/**
 * Fisher's randomisation test on paired differences (after less before, in the score's own unit): how
 * often their sum is as far from zero when each sign is drawn anew. Cases without a difference have
 * no say. Where all signs can be tried within `rounds`, p is exact and the seed does not matter;
 * elsewhere it is (k + 1) / (rounds + 1), which is never 0 (Phipson and Smyth 2010).
 * With 10,000 differences and 10,000 rounds it takes 0.1 s.
 */
export function signFlip(
  differences: readonly number[],
  { rounds = DEFAULT_ROUNDS, seed }: SignFlipOptions,
): number {
  const changes = Float64Array.from(differences.filter((difference) => difference !== 0))
  const isAsFar = createComparison(changes)
  if (2 ** changes.length <= rounds) return exactShare(changes, isAsFar)
  const random = createRandom(seed)
  let count = 0
  for (let round = 0; round < rounds; round++) {
    if (isAsFar(drawPositive(changes, random))) count++
  }
  return (count + 1) / (rounds + 1)
}

/** Takes the sum of the differences whose sign is kept; the others' is what is left of the total. */
function createComparison(changes: Float64Array): (kept: number) => boolean {
  const total = changes.reduce((sum, change) => sum + change, 0)
  const size = changes.reduce((sum, change) => sum + Math.abs(change), 0)
  // Nothing is as far from zero as NaN, so it would pass for the surest difference of all.
  if (!Number.isFinite(size)) {
    throw new AppError('internal', 'A difference must be a finite number.')
  }
  const bar = Math.abs(total) - ROUNDING * size
  return (kept) => Math.abs(2 * kept - total) >= bar
}

function exactShare(changes: Float64Array, isAsFar: (kept: number) => boolean): number {
  const outcomes = 2 ** changes.length
  let count = 0
  for (let signs = 0; signs < outcomes; signs++) {
    const kept = changes.reduce((sum, change, i) => sum + change * ((signs >>> i) & 1), 0)
    if (isAsFar(kept)) count++
  }
  return count / outcomes
}

/** One draw for 32 signs, and a product in place of a branch: 0.1 s where the plain way took 0.4. */
function drawPositive(changes: Float64Array, random: () => number): number {
  let kept = 0
  let signs = 0
  for (let i = 0; i < changes.length; i++) {
    if (i % BITS_PER_DRAW === 0) signs = (random() * TWO_TO_32) | 0
    kept += (changes[i] ?? 0) * (signs & 1)
    signs >>>= 1
  }
  return kept
}

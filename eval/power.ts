import { binomialAtMost, binomialTerm } from './binomial.ts'
import { mcnemarExact } from './paired-tests.ts'

// What a set of so many cases can show. Of the cases a share flips between two runs, some from wrong to
// right and some the other way; the change is the difference of the two.

const SIGNIFICANT = 0.05

// Numbers of flips less likely than this are passed over: all of them together weigh less than 1e-11.
const NEGLIGIBLE = 1e-15

// Halvings of [0, 1]: the change is found to a millionth.
const HALVINGS = 20

export interface PowerOptions {
  readonly cases: number
  /** Share of the cases whose outcome differs between the runs, 0 to 1; at least the change's size. */
  readonly flipRate: number
  /** True change of the share that is right, -1 to 1: .10 is 10 points. */
  readonly change: number
}

/**
 * The probability, 0 to 1, that the exact McNemar test finds the change in its true direction at
 * p < .05: the sum over all numbers of flips, and not a normal approximation (Connor 1987 has both).
 */
export function mcnemarPower({ cases, flipRate, change }: PowerOptions): number {
  const size = Math.abs(change)
  const flips = Math.max(flipRate, size)
  if (flips === 0) return 0
  const against = (flips - size) / (2 * flips)
  let power = 0
  let most = -1
  for (let flipped = 1; flipped <= cases; flipped++) {
    const weight = binomialTerm(flipped, { trials: cases, probability: flips })
    if (weight < NEGLIGIBLE) continue
    most = mostAgainst(flipped, most)
    power += weight * binomialAtMost(most, { trials: flipped, probability: against })
  }
  return Math.min(1, power)
}

/**
 * The smallest change, 0 to 1, that is found with this power, or null where even a change of all
 * cases is not (five cases or fewer: p is at least .0625).
 */
export function detectableChange({
  cases,
  flipRate,
  power = 0.8,
}: Omit<PowerOptions, 'change'> & { readonly power?: number }): number | null {
  const isFound = (change: number) => mcnemarPower({ cases, flipRate, change }) >= power
  if (!isFound(1)) return null
  let low = 0
  let high = 1
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (low + high) / 2
    if (isFound(middle)) high = middle
    else low = middle
  }
  return high
}

/** How many of the flips may go the other way for p < .05; it never falls as the flips grow. */
function mostAgainst(flipped: number, from: number): number {
  let most = from
  while (mcnemarExact(most + 1, flipped - most - 1) < SIGNIFICANT) most++
  return most
}

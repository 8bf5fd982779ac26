import { AppError } from '../src/errors.ts'
import { createRandom } from './seeded-random.ts'

// Each interval is a 95 % one, in the unit of the figure it belongs to.

export interface Interval {
  readonly low: number
  readonly high: number
}

/** What one case adds to a mean: 3 of 4 marks, 1 of 1 answers; a denominator of 0 has no say. */
export interface Ratio {
  readonly numerator: number
  readonly denominator: number
}

interface BootstrapOptions {
  /** How often the cases are drawn. */
  readonly rounds?: number
  readonly seed: number
}

const DEFAULT_ROUNDS = 2_000

// Of the normal distribution, two-sided 95 %.
const Z_95 = 1.96

const TAIL = 0.025

/**
 * Wilson's score interval of a share (1927), which stays within 0 and 1 and has a width even where
 * none or all succeeded. Null where nothing was tried.
 */
export function wilson(successes: number, n: number, z = Z_95): Interval | null {
  if (n === 0) return null
  const share = successes / n
  const weight = z ** 2 / n
  const middle = (share + weight / 2) / (1 + weight)
  const reach = (z * Math.sqrt((share * (1 - share)) / n + weight / (4 * n))) / (1 + weight)
  // At the ends the bound is 0 or 1 by algebra, and only nearly so by arithmetic.
  return {
    low: successes === 0 ? 0 : middle - reach,
    high: successes === n ? 1 : middle + reach,
  }
}

/**
 * Percentile bootstrap (Efron 1979) of Σ numerator / Σ denominator, drawing whole cases with
 * replacement: the marks of one answer are not independent, the answers are. Null where the
 * denominators are all 0. With few cases it is too narrow; a plain share is served better by `wilson`.
 */
export function bootstrapMean(
  values: readonly Ratio[],
  options: BootstrapOptions,
): Interval | null {
  const mean = createMean(values)
  return bootstrap(values.length, { statistic: mean, ...options })
}

/**
 * Of the mean after less the mean before, both over the same drawn cases: `before[i]` and `after[i]`
 * are one case. Null where either has no mean.
 */
export function bootstrapDifference(
  before: readonly Ratio[],
  after: readonly Ratio[],
  options: BootstrapOptions,
): Interval | null {
  if (before.length !== after.length) {
    const counts = `${String(before.length)} before and ${String(after.length)} after`
    throw new AppError('internal', `A paired interval needs the same cases twice, not ${counts}.`)
  }
  const meanBefore = createMean(before)
  const meanAfter = createMean(after)
  const statistic: Statistic = (drawn) => meanAfter(drawn) - meanBefore(drawn)
  return bootstrap(before.length, { statistic, ...options })
}

/** Of the cases at these places; NaN where it is not defined for them. */
type Statistic = (drawn: Uint32Array) => number

function createMean(values: readonly Ratio[]): Statistic {
  const numerators = Float64Array.from(values, ({ numerator }) => numerator)
  const denominators = Float64Array.from(values, ({ denominator }) => denominator)
  return (drawn) => {
    let above = 0
    let below = 0
    for (const place of drawn) {
      above += numerators[place] ?? 0
      below += denominators[place] ?? 0
    }
    return below === 0 ? NaN : above / below
  }
}

function bootstrap(
  size: number,
  {
    statistic,
    rounds = DEFAULT_ROUNDS,
    seed,
  }: BootstrapOptions & { readonly statistic: Statistic },
): Interval | null {
  if (Number.isNaN(statistic(Uint32Array.from({ length: size }, (_, place) => place)))) return null
  const random = createRandom(seed)
  const drawn = new Uint32Array(size)
  const outcomes = Float64Array.from({ length: rounds }, () => {
    for (let i = 0; i < size; i++) drawn[i] = random() * size
    return statistic(drawn)
  })
  // A draw without a denominator has no mean, so it is left out.
  const sorted = outcomes.filter((outcome) => !Number.isNaN(outcome)).sort()
  return { low: quantile(sorted, TAIL), high: quantile(sorted, 1 - TAIL) }
}

/** Between neighbours on a straight line, as numpy's default. */
function quantile(sorted: Float64Array, share: number): number {
  const position = share * (sorted.length - 1)
  const below = sorted[Math.floor(position)] ?? NaN
  const above = sorted[Math.ceil(position)] ?? NaN
  return below + (above - below) * (position % 1)
}

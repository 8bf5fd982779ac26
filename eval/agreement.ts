import { AppError } from '../src/errors.ts'

// How well a score agrees with people: with their ratings, and with their yes or no.

/**
 * Spearman's rank correlation, -1 to 1; equal values share the mean of their ranks. Null where it is
 * not defined: one side all alike, or fewer than two.
 */
export function spearman(a: readonly number[], b: readonly number[]): number | null {
  if (a.length !== b.length) {
    const counts = `${String(a.length)} and ${String(b.length)}`
    throw new AppError('internal', `A correlation needs as many values twice, not ${counts}.`)
  }
  const ranksOfA = centre(rank(a))
  const ranksOfB = centre(rank(b))
  const size = Math.sqrt(dot(ranksOfA, ranksOfA) * dot(ranksOfB, ranksOfB))
  return size === 0 ? null : dot(ranksOfA, ranksOfB) / size
}

/**
 * Area under the ROC curve, 0 to 1: the chance that a positive scores above a negative, a tie being a
 * half (Mann and Whitney's U by the number of pairs). Null where either side is empty.
 */
export function auc(positives: readonly number[], negatives: readonly number[]): number | null {
  if (positives.length === 0 || negatives.length === 0) return null
  const ranks = rank([...positives, ...negatives]).slice(0, positives.length)
  const lowest = (positives.length * (positives.length + 1)) / 2
  const sum = ranks.reduce((total, value) => total + value, 0)
  return (sum - lowest) / (positives.length * negatives.length)
}

/** From 1 for the smallest. */
function rank(values: readonly number[]): number[] {
  if (values.some(Number.isNaN)) {
    throw new AppError('internal', 'A value that is ranked must be a number.')
  }
  const order = values
    .map((value, place) => ({ value, place }))
    .sort((left, right) => left.value - right.value)
  const ranks = new Array<number>(values.length).fill(0)
  for (let start = 0, end = 0; start < order.length; start = end) {
    while (end < order.length && order[end]?.value === order[start]?.value) end++
    for (const { place } of order.slice(start, end)) ranks[place] = (start + 1 + end) / 2
  }
  return ranks
}

function centre(values: readonly number[]): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return values.map((value) => value - mean)
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, place) => sum + value * (b[place] ?? 0), 0)
}

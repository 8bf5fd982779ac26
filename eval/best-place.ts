// Sums of the same values in another order differ in their last bits.
const ROUNDING = 1e-9

/**
 * The place around which the values are best, with so many neighbours to each side: the very best alone
 * is so by luck, where few cases decide. Of several that are equally good, the middle one.
 */
export function bestPlace(values: readonly number[], neighbours: number): number {
  const around = values.map((_, at) =>
    meanOf(values.slice(Math.max(0, at - neighbours), at + neighbours + 1)),
  )
  const best = Math.max(...around)
  const isBest = (value: number) => value >= best - ROUNDING
  return Math.floor((around.findIndex(isBest) + around.findLastIndex(isBest)) / 2)
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

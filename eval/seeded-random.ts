/** The next number of a sequence, in [0, 1) and with 32 bits. */
export type Random = () => number

const TWO_TO_32 = 2 ** 32

// As many as PractRand's own seeding throws away, until every bit of the seed has reached the state.
const WARM_UP_ROUNDS = 12

/**
 * The same sequence for the same seed on every machine, which `Math.random` cannot promise: sfc32 of
 * Chris Doty-Humphrey's PractRand. A seed is any integer; its low 53 bits count.
 */
export function createRandom(seed: number): Random {
  let a = 0
  let b = seed | 0
  let c = Math.floor(seed / TWO_TO_32) | 0
  let counter = 1
  const next = () => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return (sum >>> 0) / TWO_TO_32
  }
  for (let round = 0; round < WARM_UP_ROUNDS; round++) next()
  return next
}

/** A shuffled copy, the same for the same seed (Fisher and Yates, in Durstenfeld's form). */
export function seededShuffle<Value>(values: readonly Value[], seed: number): Value[] {
  const random = createRandom(seed)
  const shuffled = [...values]
  for (let last = shuffled.length - 1; last > 0; last--) {
    const chosen = Math.floor(random() * (last + 1))
    const value = shuffled[last] as Value
    shuffled[last] = shuffled[chosen] as Value
    shuffled[chosen] = value
  }
  return shuffled
}

// Stirling's series is good to 2e-14 from here on, and the product below is good to the last bit.
const STIRLING_FROM = 32

interface Trials {
  readonly trials: number
  /** Of one success, 0 to 1. */
  readonly probability: number
}

/** P(X = successes). Taken by logarithms, so that 2^10,000 does not overflow. */
export function binomialTerm(successes: number, { trials, probability }: Trials): number {
  if (successes < 0 || successes > trials) return 0
  if (probability <= 0) return successes === 0 ? 1 : 0
  if (probability >= 1) return successes === trials ? 1 : 0
  const failures = trials - successes
  const ways = logFactorial(trials) - logFactorial(successes) - logFactorial(failures)
  const chance = successes * Math.log(probability) + failures * Math.log1p(-probability)
  return Math.exp(ways + chance)
}

/** P(X ≤ successes), relative error below 1e-9 up to 10,000 trials. */
export function binomialAtMost(successes: number, { trials, probability }: Trials): number {
  if (successes < 0) return 0
  if (successes >= trials || probability <= 0) return 1
  if (probability >= 1) return 0
  const odds = probability / (1 - probability)
  // From the largest term outwards: from the outermost, which may be too small for a number, every
  // other would come out as zero.
  const largest = Math.min(successes, Math.floor((trials + 1) * probability))
  const start = binomialTerm(largest, { trials, probability })
  let sum = start
  for (let i = largest, term = start; i > 0 && term > 0; i--) {
    term *= i / (trials - i + 1) / odds
    sum += term
  }
  for (let i = largest, term = start; i < successes && term > 0; i++) {
    term *= ((trials - i) / (i + 1)) * odds
    sum += term
  }
  return Math.min(1, sum)
}

function logFactorial(n: number): number {
  if (n < STIRLING_FROM) {
    let product = 1
    for (let factor = 2; factor <= n; factor++) product *= factor
    return Math.log(product)
  }
  const correction = 1 / (12 * n) - 1 / (360 * n ** 3) + 1 / (1260 * n ** 5)
  return (n + 0.5) * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI) + correction
}

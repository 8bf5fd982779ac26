import type { Baseline } from '../eval/baseline.ts'
import { toBaseline, type BlessInput } from '../eval/bless.ts'
import type { EvaluatedCase } from '../eval/report.ts'

/** Case id → a hash of the shape that a set's check makes: eight digits for the case, eight for its evidence. */
export function hashesOf(ids: readonly string[]): Map<string, string> {
  return new Map(ids.map((id) => [id, `${id.padEnd(8, '0').slice(0, 8)}evidence`]))
}

export const ARTICLES: ReadonlyMap<string, string> = new Map([
  ['gold', 'gold-hash'],
  ['other', 'other-hash'],
])

export function blessInput(
  rows: readonly EvaluatedCase[],
  changes: Partial<BlessInput> = {},
): BlessInput {
  const arms = [...new Set(rows.map(({ arm }) => arm))]
  return {
    set: 'made',
    why: 'First figures.',
    commit: 'c0ffee',
    at: '2026-01-02T03:04:05Z',
    run: 'run_1',
    previous: null,
    rowsByArm: new Map(arms.map((arm) => [arm, rows.filter((row) => row.arm === arm)])),
    hashes: hashesOf(rows.map(({ golden }) => golden.id)),
    articles: ARTICLES,
    fingerprints: { prompt: 'p1', chat: 'm1' },
    noise: new Map(),
    ...changes,
  }
}

export function madeBaseline(
  rows: readonly EvaluatedCase[],
  changes: Partial<BlessInput> = {},
): Baseline {
  return toBaseline(blessInput(rows, changes))
}

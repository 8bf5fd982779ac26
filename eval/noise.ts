import type { BaselineArm } from './baseline.ts'
import type { EvaluatedCase } from './report.ts'

export type Noise = NonNullable<BaselineArm['noise']>

/**
 * What differs between two runs of the same code, over the cases that both have: the share whose search
 * gave something else, and the share whose outcome is another. A case repeated counts each time.
 */
export function measureNoise(
  first: readonly EvaluatedCase[],
  second: readonly EvaluatedCase[],
): Noise {
  const again = new Map(second.map((row) => [keyOf(row), row]))
  const pairs = first.flatMap((row) => {
    const other = again.get(keyOf(row))
    return other === undefined ? [] : [{ row, other }]
  })
  const share = (of: (row: EvaluatedCase) => string) =>
    pairs.length === 0
      ? 0
      : pairs.filter(({ row, other }) => of(row) !== of(other)).length / pairs.length
  return { retrieval: share(searchOf), answers: share(outcomeOf), cases: pairs.length }
}

function keyOf({ arm, golden, repetition }: EvaluatedCase): string {
  return JSON.stringify([arm, golden.id, repetition])
}

function searchOf({ stages }: EvaluatedCase): string {
  return stages === null ? 'error' : `${stages.candidates} ${stages.passages}`
}

function outcomeOf({ scores }: EvaluatedCase): string {
  return scores === null ? 'error' : `${scores.correct} ${scores.refused}`
}

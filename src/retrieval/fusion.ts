import type { Candidate } from '../domain.ts'
import type { ArmHit } from '../store/search-keywords.ts'

interface FusionInput {
  readonly keyword: readonly ArmHit[]
  readonly vector: readonly ArmHit[]
  /** The vector arm's share of the sum; the keyword arm has the rest. */
  readonly vectorWeight: number
}

/**
 * A weighted sum of min–max scores (design.md, decision 4). A chunk that an arm did not find counts
 * there as its lowest, and its score in that arm stays null.
 */
export function fuse({ keyword, vector, vectorWeight }: FusionInput): readonly Candidate[] {
  const keywordScores = minMax(keyword)
  const vectorScores = minMax(vector)
  const articles = new Map([...keyword, ...vector].map((hit) => [hit.chunkId, hit.articleId]))
  return [...articles]
    .map(([chunkId, articleId]) => {
      const inKeyword = keywordScores.get(chunkId) ?? null
      const inVector = vectorScores.get(chunkId) ?? null
      const fused = (1 - vectorWeight) * (inKeyword ?? 0) + vectorWeight * (inVector ?? 0)
      return { chunkId, articleId, scores: { keyword: inKeyword, vector: inVector, fused } }
    })
    .sort(byFusedScore)
}

/** What stands first for a part of a question is behind what stands first for the whole. */
const PART_WEIGHT = 0.9

/** The rankings of a question and of its parts as one: each candidate as it stands where it stands best. */
export function joinCandidates([
  whole = [],
  ...parts
]: readonly (readonly Candidate[])[]): readonly Candidate[] {
  const best = new Map<string, Candidate>()
  for (const candidate of [...whole, ...parts.flat().map(weakened)]) {
    const other = best.get(candidate.chunkId)
    if (other === undefined || candidate.scores.fused > other.scores.fused) {
      best.set(candidate.chunkId, candidate)
    }
  }
  return [...best.values()].sort(byFusedScore)
}

function weakened({ scores, ...candidate }: Candidate): Candidate {
  return { ...candidate, scores: { ...scores, fused: PART_WEIGHT * scores.fused } }
}

/** Scores on 0 to 1 over the arm's hits; hits that all score alike all have 1. */
function minMax(hits: readonly ArmHit[]): ReadonlyMap<string, number> {
  const scores = hits.map(({ score }) => score)
  const low = Math.min(...scores)
  const range = Math.max(...scores) - low
  return new Map(
    hits.map(({ chunkId, score }) => [chunkId, range === 0 ? 1 : (score - low) / range]),
  )
}

/**
 * Of the first of each arm, which tie where both weigh alike, the one with the question's words: ids would
 * settle it as well, and differently in two libraries with the same articles.
 */
function byFusedScore({ scores: a, chunkId }: Candidate, other: Candidate): number {
  const { scores: b } = other
  return (
    b.fused - a.fused || (b.keyword ?? 0) - (a.keyword ?? 0) || compareIds(chunkId, other.chunkId)
  )
}

/** Ties are settled the same way every time. */
function compareIds(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : 1)
}

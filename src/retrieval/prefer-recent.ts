import type { Candidate } from '../domain.ts'

/** Articles with a chunk that scores this share of the best are about what is asked. */
const NEAR_SHARE = 0.5
/** What the oldest of these loses of its score. */
const AGE_COST = 0.5

/**
 * Puts newer articles first among those that are about what is asked: the newest of them keeps its
 * score, the oldest half of it, the others by their place between. Farther ones and those without a
 * date keep half, so that new and beside the point never wins.
 */
export function preferRecent(
  candidates: readonly Candidate[],
  dates: ReadonlyMap<string, Date>,
): readonly Candidate[] {
  const best = Math.max(0, ...candidates.map(({ scores }) => scores.fused))
  const near = candidates.filter(({ scores }) => scores.fused >= NEAR_SHARE * best)
  const recency = toRecency(near.flatMap(({ articleId }) => dates.get(articleId) ?? []))
  const isNear = new Set(near.map(({ articleId }) => articleId))
  const recencyOf = ({ articleId }: Candidate) =>
    isNear.has(articleId) ? (recency.get(dates.get(articleId)?.getTime()) ?? 0) : 0
  return candidates
    .map((candidate) => withRecency(candidate, recencyOf(candidate)))
    .sort((a, b) => b.scores.fused - a.scores.fused)
}

/** From 1 for the newest to 0 for the oldest: by place, since by days one old article makes all others new. */
function toRecency(dates: readonly Date[]): ReadonlyMap<number | undefined, number> {
  const times = [...new Set(dates.map((date) => date.getTime()))].sort((a, b) => a - b)
  return new Map(times.map((time, at) => [time, times.length === 1 ? 1 : at / (times.length - 1)]))
}

function withRecency(candidate: Candidate, recency: number): Candidate {
  const { scores } = candidate
  const fused = scores.fused * (1 - AGE_COST * (1 - recency))
  return { ...candidate, scores: { ...scores, fused } }
}

import { createHash } from 'node:crypto'
import type { CandidateRank, CaseAnswer } from './case-answer.ts'
import { isAnswerable, type GoldenCase } from './golden-case.ts'
import { rankArticles, scoreContext, type SearchArm } from './retrieval-metrics.ts'
import type { ArmRanks, Stages } from './stages.ts'

const HASH_LENGTH = 12

/** More than a model is ever given; behind them a new article moves ranks that nobody reads. */
const COMPARED_CANDIDATES = 20

/** What each stage of an answer gave, by hashes that are the same in every library. */
export function toStages(golden: GoldenCase, answer: CaseAnswer): Stages {
  const { candidates, promptHash, generated } = answer
  return {
    ...findGold(golden, answer),
    candidates: candidates === null ? null : hashCandidates(candidates),
    passages: isOpaque(answer) ? null : hash(answer.passages.map(toSpan)),
    prompt: promptHash === null ? null : promptHash.slice(0, HASH_LENGTH),
    generated: generated === null ? null : hash(generated),
    dropped: generated === null ? null : hash(answer.dropped.map(({ text }) => text)),
    grounded: hashGrounded(answer),
    reason: answer.reason,
    statesAnswer: answer.statesAnswer === null ? null : round(answer.statesAnswer),
  }
}

/** A target that gives neither candidates nor passages tells nothing of its search. */
function isOpaque({ candidates, passages }: CaseAnswer): boolean {
  return candidates === null && passages.length === 0
}

type GoldStages = Pick<Stages, 'goldRanks' | 'isGoldFound' | 'isGoldInContext' | 'isQuoteInContext'>

function findGold(golden: GoldenCase, answer: CaseAnswer): GoldStages {
  if (!isAnswerable(golden) || isOpaque(answer)) {
    return { goldRanks: null, isGoldFound: null, isGoldInContext: null, isQuoteInContext: null }
  }
  const { candidates, passages } = answer
  const found = scoreContext({ candidates, passages, golden })
  return {
    goldRanks: candidates === null ? null : rankGold(candidates, golden.articles),
    isGoldFound: found.candidateRecall === null ? null : found.candidateRecall === 1,
    isGoldInContext: found.allAtContext === 1,
    isQuoteInContext: golden.evidence.length === 0 ? null : found.evidenceAtContext === 1,
  }
}

/** Of the first gold article in each arm of the search, over articles. */
function rankGold(candidates: readonly CandidateRank[], gold: readonly string[]): ArmRanks {
  const rank = (arm: SearchArm) => {
    const at = rankArticles(candidates, arm).findIndex((guid) => gold.includes(guid))
    return at === -1 ? null : at + 1
  }
  return { keyword: rank('keyword'), vector: rank('vector'), fused: rank('fused') }
}

/** Chunks have other ids in other databases, so each is known by its article and its place. */
function hashCandidates(candidates: readonly CandidateRank[]): string {
  return hash(candidates.slice(0, COMPARED_CANDIDATES).map(({ guid }) => guid))
}

interface Span {
  readonly guid: string
  readonly start: number
  readonly end: number
}

function toSpan({ guid, start, end }: Span): readonly [string, number, number] {
  return [guid, start, end]
}

/** By what is cited and not by its number: those only count the footnotes. */
function hashGrounded({ sentences, citations }: CaseAnswer): string {
  return hash(
    sentences.map(({ text, citations: numbers }) => [
      text,
      numbers.flatMap((number) => citations.filter((each) => each.number === number).map(toSpan)),
    ]),
  )
}

/** It is only told to people, and a baseline is read as a difference of lines. */
function round(probability: number): number {
  return Math.round(probability * 10_000) / 10_000
}

function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, HASH_LENGTH)
}

import type { CandidateRank, CaseAnswer } from '../eval/case-answer.ts'
import { isAnswerable, isNearMiss, type GoldenCase } from '../eval/golden-case.ts'
import type { EvaluatedCase } from '../eval/report.ts'
import { scoreContext, scoreRetrieval } from '../eval/retrieval-metrics.ts'
import type { AnswerScores, CaseScores } from '../eval/scores.ts'
import type { Stages } from '../eval/stages.ts'
import { toStages } from '../eval/to-stages.ts'

// Evaluated cases made by hand: right, found first and cited, but for what a test says.

const GOLDEN: Omit<GoldenCase, 'id'> = {
  question: 'How many bytes fit into a payload?',
  kind: 'fact',
  split: 'test',
  articles: ['gold'],
  facts: [['8000']],
  must_not: [],
  reference: '8000 bytes fit.',
  evidence: [{ article: 'gold', quote: 'capped at 8000' }],
}

const NO_ANSWER: Partial<GoldenCase> = {
  kind: 'unanswerable',
  articles: [],
  facts: [],
  evidence: [],
  reference: '',
}

const QUOTE = 'Payloads are capped at 8000 bytes.'

const ANSWER: CaseAnswer = {
  answerId: 'ans_1',
  status: 'answered',
  reason: null,
  answer: `${QUOTE} [1]`,
  sentences: [{ text: QUOTE, citations: [1] }],
  citations: [{ number: 1, guid: 'gold', start: 10, end: 44, text: QUOTE }],
  passages: [{ guid: 'gold', start: 0, end: 100, text: `Before. ${QUOTE} After.` }],
  candidates: [candidate('gold', 0.9), candidate('other', 0.5)],
  promptHash: 'a'.repeat(64),
  generated: QUOTE,
  dropped: [],
  statesAnswer: 0.9,
  threshold: 0.5,
  chatModel: 'some-model',
  timings: { searchMs: 30, firstTokenMs: 1_000, totalMs: 3_000 },
  tokens: { prompt: 500, completion: 40 },
}

const ANSWER_SCORES: AnswerScores = {
  factRecall: 1,
  hasForbidden: false,
  tokenF1: 1,
  contentRecall: 1,
  groundedness: 1,
  isUngrounded: false,
  hasUnsupportedNumber: false,
  citationMarks: 1,
  validMarks: 1,
  evidenceMarks: 1,
  sentences: 1,
  citedSentences: 1,
  supportedSentences: 1,
  citesGold: true,
}

/** With the same score in both arms of the search and in their sum. */
export function candidate(guid: string, score: number): CandidateRank {
  return { guid, chunkId: `chunk of ${guid}`, keyword: score, vector: score, fused: score }
}

interface CaseRowOptions {
  readonly golden?: Partial<GoldenCase>
  readonly answer?: Partial<CaseAnswer>
  readonly scores?: Partial<CaseScores>
  readonly arm?: string
  readonly repetition?: number
}

export function caseRow(id: string, options: CaseRowOptions = {}): EvaluatedCase {
  const golden = { id, ...GOLDEN, ...options.golden }
  const answer = { ...ANSWER, ...options.answer }
  return {
    arm: options.arm ?? 'system',
    repetition: options.repetition ?? 1,
    golden,
    answer,
    scores: { ...scoresOf(golden, answer), ...options.scores },
    stages: toStages(golden, answer),
    judge: null,
    error: null,
  }
}

function scoresOf(golden: GoldenCase, answer: CaseAnswer): CaseScores {
  const { candidates, passages } = answer
  const answerable = isAnswerable(golden)
  const refused = answer.status === 'refused'
  return {
    answerable,
    nearMiss: isNearMiss(golden),
    refused,
    correct: answerable !== refused,
    failure: null,
    retrieval:
      answerable && candidates !== null ? scoreRetrieval(candidates, golden.articles) : null,
    context: answerable ? scoreContext({ candidates, passages, golden }) : null,
    answer: refused ? null : ANSWER_SCORES,
  }
}

/** Answered, with a fact that is wrong. */
export function wrongRow(id: string, options: CaseRowOptions = {}): EvaluatedCase {
  const scores = { correct: false, answer: { ...ANSWER_SCORES, factRecall: 0 }, ...options.scores }
  return caseRow(id, { ...options, scores })
}

export function refusedRow(id: string, options: CaseRowOptions = {}): EvaluatedCase {
  const answer = {
    status: 'refused',
    reason: 'not-answered',
    answer: 'The articles do not say this.',
    sentences: [],
    citations: [],
    statesAnswer: 0.1,
    ...options.answer,
  } as const
  return caseRow(id, { ...options, answer })
}

/** Unanswerable and rightly refused. */
export function unanswerableRow(id: string, options: CaseRowOptions = {}): EvaluatedCase {
  return refusedRow(id, { ...options, golden: { ...NO_ANSWER, ...options.golden } })
}

/** Unanswerable and answered. */
export function hallucinatedRow(id: string, options: CaseRowOptions = {}): EvaluatedCase {
  return caseRow(id, { ...options, golden: { ...NO_ANSWER, ...options.golden } })
}

export function failedRow(id: string, options: CaseRowOptions = {}): EvaluatedCase {
  const nothing = { answer: null, scores: null, stages: null }
  return { ...caseRow(id, options), ...nothing, error: 'The model took too long.' }
}

export function answerScores(scores: Partial<AnswerScores>): AnswerScores {
  return { ...ANSWER_SCORES, ...scores }
}

/** Of a written answer whose gold was found first. */
export function madeStages(stages: Partial<Stages> = {}): Stages {
  return {
    goldRanks: { keyword: 1, vector: 2, fused: 1 },
    isGoldFound: true,
    isGoldInContext: true,
    isQuoteInContext: true,
    candidates: 'candidates',
    passages: 'passages',
    prompt: 'prompt',
    generated: 'generated',
    dropped: 'dropped',
    grounded: 'grounded',
    reason: null,
    statesAnswer: 0.9,
    ...stages,
  }
}

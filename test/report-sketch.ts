import type { CaseAnswer } from '../eval/case-answer.ts'
import type { GoldenCase } from '../eval/golden-case.ts'
import type { ReportedRun, ReportInput } from '../eval/report-view.ts'
import type { EvaluatedCase, MetricValue, Report } from '../eval/report.ts'
import type { AnswerScores, CaseScores, RetrievalScores } from '../eval/scores.ts'

// A small run to report on: each part whole, and each to be overwritten where a test speaks of it.

const ARTICLE = 'https://blog.example/listening'
const SENTENCE = 'A payload is limited to 8000 bytes.'

export function sketchGolden(changes: Partial<GoldenCase> = {}): GoldenCase {
  return {
    id: 'c-1',
    question: 'How large may a payload be?',
    kind: 'fact',
    split: 'test',
    articles: [ARTICLE],
    facts: [['8000 bytes', '8 kB']],
    must_not: ['64 kB'],
    reference: 'At most 8000 bytes.',
    evidence: [{ article: ARTICLE, quote: 'limited to 8000 bytes' }],
    ...changes,
  }
}

function sketchUnanswerable(changes: Partial<GoldenCase> = {}): GoldenCase {
  return sketchGolden({
    id: 'u-1',
    question: 'Who found the limit?',
    kind: 'unanswerable',
    articles: [],
    facts: [],
    must_not: [],
    reference: '',
    evidence: [],
    tags: ['near-miss'],
    ...changes,
  })
}

export function sketchAnswer(changes: Partial<CaseAnswer> = {}): CaseAnswer {
  const span = { guid: ARTICLE, start: 0, end: SENTENCE.length, text: SENTENCE }
  return {
    answerId: 'ans_1',
    status: 'answered',
    reason: null,
    answer: 'At most 8000 bytes. [1]',
    sentences: [{ text: 'At most 8000 bytes.', citations: [1] }],
    citations: [{ ...span, number: 1 }],
    passages: [{ ...span, text: `${SENTENCE} Larger ones are refused.` }],
    candidates: [{ guid: ARTICLE, chunkId: 'chunk_1', keyword: 1, vector: null, fused: 0.75 }],
    promptHash: 'prompt_1',
    generated: 'At most 8000 bytes. I think.',
    dropped: [{ text: 'I think.', why: 'nothing supports it' }],
    statesAnswer: 0.9,
    threshold: 0.5,
    chatModel: 'llama:scripted',
    timings: { searchMs: 30, firstTokenMs: 1_000, totalMs: 3_000 },
    tokens: { prompt: 400, completion: 20 },
    ...changes,
  }
}

function sketchRetrieval(): RetrievalScores {
  const all = { 1: 1, 3: 1, 5: 1, 10: 1 }
  return { recallAt: all, hitAt: all, allAt: all, mrrAt10: 1, ndcgAt10: 1 }
}

const ANSWER_SCORES: AnswerScores = {
  factRecall: 1,
  hasForbidden: false,
  tokenF1: 0.8,
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

export function sketchScores(changes: Partial<CaseScores> = {}): CaseScores {
  const retrieval = sketchRetrieval()
  return {
    answerable: true,
    nearMiss: false,
    refused: false,
    correct: true,
    failure: null,
    retrieval: { keyword: retrieval, vector: retrieval, fused: retrieval },
    context: {
      recallAtContext: 1,
      hitAtContext: 1,
      allAtContext: 1,
      evidenceAtContext: 1,
      candidateRecall: 1,
    },
    answer: ANSWER_SCORES,
    ...changes,
  }
}

export function sketchRow(changes: Partial<EvaluatedCase> = {}): EvaluatedCase {
  return {
    arm: 'system',
    repetition: 1,
    golden: sketchGolden(),
    answer: sketchAnswer(),
    scores: sketchScores(),
    stages: null,
    judge: null,
    error: null,
    ...changes,
  }
}

/** A case that ended in an error. */
export function sketchFault(changes: Partial<EvaluatedCase> = {}): EvaluatedCase {
  return sketchRow({ answer: null, scores: null, error: 'The model did not answer.', ...changes })
}

export function sketchRefusal(changes: Partial<EvaluatedCase> = {}): EvaluatedCase {
  return sketchRow({
    golden: sketchUnanswerable(),
    answer: sketchAnswer({
      status: 'refused',
      reason: 'not-answered',
      answer: 'The articles do not say this.',
      sentences: [],
      citations: [],
      statesAnswer: 0.1,
    }),
    scores: sketchScores({
      answerable: false,
      nearMiss: true,
      refused: true,
      retrieval: null,
      context: null,
      answer: null,
    }),
    ...changes,
  })
}

export function sketchMetric(changes: Partial<MetricValue> = {}): MetricValue {
  return {
    value: 0.8,
    low: 0.7,
    high: 0.88,
    scored: 100,
    total: 100,
    baseline: 0.75,
    p: 0.21,
    ...changes,
  }
}

const COMPARED_WITH = { why: 'First figures.', at: '2026-02-01T10:00:00Z', commit: '0e3d96d' }

export function sketchReport(changes: Partial<Report> = {}): Report {
  const metric = sketchMetric()
  return {
    verdict: 'passed',
    reasons: ['Nothing is worse.'],
    baseline: COMPARED_WITH,
    metrics: {
      system: { 'hit@1': metric, correct: metric, 'refusal-recall': metric, balanced: metric },
    },
    flips: [],
    heldOut: [],
    notes: ['A change of 10 points would be seen in 9 of 10 runs.'],
    judge: null,
    ...changes,
  }
}

export function sketchRun(changes: Partial<ReportedRun> = {}): ReportedRun {
  return {
    id: 'eval_1',
    set: 'handbook',
    arms: ['system'],
    split: null,
    state: 'done',
    origin: 'nightly',
    startedAt: '2026-03-02T03:00:00Z',
    endedAt: '2026-03-02T03:12:30Z',
    target: null,
    fingerprints: { prompt: 'abc123', chatModel: null },
    corpusRevision: 12,
    error: null,
    ...changes,
  }
}

export function sketchInput(changes: Partial<ReportInput> = {}): ReportInput {
  return {
    run: sketchRun(),
    report: sketchReport(),
    rows: [sketchRow(), sketchRefusal()],
    history: [],
    regressionOf: COMPARED_WITH,
    ...changes,
  }
}

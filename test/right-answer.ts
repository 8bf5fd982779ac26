import type { ArticleSpan, CaseAnswer } from '../eval/case-answer.ts'
import type { GoldenCase } from '../eval/golden-case.ts'

// A small article, a question about it, and an answer to which nothing is wrong.

/** Sentences of a passage, with their offsets. */
export function toSpans(guid: string, sentences: readonly string[]): readonly ArticleSpan[] {
  let start = 0
  return sentences.map((text) => {
    const span = { guid, text, start, end: start + text.length }
    start = span.end + 1
    return span
  })
}

const HEAT = 'The kiln holds 640 degrees for nine hours.'
const WOOD = 'Ash wood is dried for two winters before it is burnt.'
const spans = toSpans('kiln', [HEAT, WOOD])
const elsewhere = toSpans('boats', ['The ferry takes 640 people at most.'])

export const kilnSpans = { heat: spans[0]!, wood: spans[1]!, ferry: elsewhere[0]! }

export function kilnCase(changed: Partial<GoldenCase> = {}): GoldenCase {
  return {
    id: 'kiln-heat',
    question: 'How hot does the kiln get?',
    kind: 'fact',
    split: 'test',
    articles: ['kiln'],
    facts: [['640 degrees', '640 °C']],
    must_not: ['460'],
    reference: 'The kiln holds 640 degrees.',
    evidence: [{ article: 'kiln', quote: 'holds 640 degrees' }],
    ...changed,
  }
}

export function kilnAnswer(changed: Partial<CaseAnswer> = {}): CaseAnswer {
  return {
    answerId: 'ans_1',
    status: 'answered',
    reason: null,
    answer: 'The kiln holds 640 degrees. [1]',
    sentences: [{ text: 'The kiln holds 640 degrees.', citations: [1] }],
    citations: [{ number: 1, ...kilnSpans.heat }],
    passages: [{ guid: 'kiln', text: `${HEAT} ${WOOD}`, start: 0, end: kilnSpans.wood.end }],
    candidates: [{ guid: 'kiln', chunkId: 'chunk-1', keyword: 2, vector: 0.8, fused: 1 }],
    promptHash: null,
    generated: null,
    dropped: [],
    statesAnswer: null,
    threshold: null,
    chatModel: null,
    timings: { searchMs: 1, firstTokenMs: null, totalMs: 2 },
    tokens: { prompt: 0, completion: 0 },
    ...changed,
  }
}

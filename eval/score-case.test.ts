import { describe, expect, it } from 'vitest'
import { kilnAnswer, kilnCase, kilnSpans } from '../test/right-answer.ts'
import { citationKey } from './answer-metrics.ts'
import type { CaseAnswer } from './case-answer.ts'
import type { GoldenCase } from './golden-case.ts'
import { scoreCase } from './score-case.ts'

const score = (answer: Partial<CaseAnswer>, golden: Partial<GoldenCase> = {}) =>
  scoreCase({ golden: kilnCase(golden), answer: kilnAnswer(answer) })

const wrong = { answer: 'The kiln holds 900 degrees. [1]' }
const refusal = {
  status: 'refused',
  reason: 'not-answered',
  answer: 'The articles do not say this.',
  sentences: [],
  citations: [],
} as const
const elsewhere = [{ guid: 'boats', chunkId: 'chunk-9', keyword: 1, vector: 1, fused: 1 }]

describe('an answerable case', () => {
  it('is right with every fact, nothing forbidden and a citation of its article', () => {
    const scores = score({})
    expect(scores).toMatchObject({ answerable: true, nearMiss: false, refused: false })
    expect(scores).toMatchObject({ correct: true, failure: null })
    expect(scores.retrieval?.fused.hitAt[1]).toBe(1)
    expect(scores.context?.evidenceAtContext).toBe(1)
    expect(scores.answer?.factRecall).toBe(1)
  })

  it('is right where quotes are the answer', () => {
    expect(score({ status: 'extracted', reason: 'model-unavailable' }).correct).toBe(true)
  })

  it.each<[string, Partial<CaseAnswer>]>([
    ['a forbidden value', { answer: 'The kiln holds 640 degrees, or 460. [1]' }],
    ['another value', wrong],
    ['a denial beside it', { answer: 'The articles do not say this. It is 640 degrees. [1]' }],
  ])('is wrong with %s', (_, answer) => {
    expect(score(answer)).toMatchObject({ refused: false, correct: false, failure: 'wrong-fact' })
  })

  it('is wrong without any fact to look for', () => {
    expect(score({}, { facts: [] }).correct).toBe(false)
  })

  it('is refused wrongly, and then has no answer to score', () => {
    const scores = score(refusal)
    expect(scores).toMatchObject({ refused: true, correct: false, failure: 'refused-wrongly' })
    expect(scores.answer).toBeNull()
  })

  it('is refused by words alone', () => {
    const answer = 'I don’t know. The context does not mention the kiln.'
    expect(score({ answer })).toMatchObject({ refused: true, failure: 'refused-wrongly' })
  })

  it.each<[string, Partial<CaseAnswer>]>([
    ['no mark', { answer: 'The kiln holds 640 degrees.' }],
    ['a mark that leads nowhere', { answer: 'The kiln holds 640 degrees. [7]' }],
    ['a mark on another article', { citations: [{ number: 1, ...kilnSpans.ferry }] }],
  ])('is right but uncited with %s', (_, answer) => {
    expect(score(answer)).toMatchObject({ correct: true, failure: 'uncited' })
  })

  it('takes what people labelled', () => {
    const answer = kilnAnswer({ citations: [{ number: 1, ...kilnSpans.wood }] })
    const labelled = new Set([citationKey('kiln-heat', kilnSpans.wood)])
    const scores = scoreCase({ golden: kilnCase(), answer, labelled })
    expect(scores.answer?.evidenceMarks).toBe(1)
  })
})

describe('the class of a failure', () => {
  const passage = { guid: 'kiln', start: 0, end: 10 }

  it.each<[string, Partial<CaseAnswer>]>([
    ['gold-not-in-candidates', { ...wrong, candidates: elsewhere, passages: [] }],
    ['gold-not-in-context', { ...wrong, passages: [] }],
    ['gold-not-in-context', { ...refusal, passages: [kilnSpans.ferry] }],
    ['quote-not-in-context', { ...wrong, passages: [{ ...passage, text: 'Ash wood.' }] }],
    ['quote-not-in-context', { ...refusal, passages: [{ ...passage, text: 'Ash wood.' }] }],
    ['refused-wrongly', refusal],
    ['wrong-fact', wrong],
  ])('is the first loss on the way: %s', (failure, answer) => {
    expect(score(answer).failure).toBe(failure)
  })

  it('is no loss of the search where the answer is right all the same', () => {
    expect(score({ candidates: elsewhere }).failure).toBeNull()
  })

  it('asks for all gold articles', () => {
    const golden = { articles: ['kiln', 'boats'] }
    expect(score(wrong, golden).failure).toBe('gold-not-in-candidates')
  })

  it('says nothing about a search that a target does not tell of', () => {
    const scores = score({ ...wrong, candidates: null, passages: [] })
    expect(scores).toMatchObject({ retrieval: null, context: null, failure: 'wrong-fact' })
  })

  it('still knows the context of a target that tells only that', () => {
    const scores = score({ ...wrong, candidates: null, passages: [kilnSpans.ferry] })
    expect(scores).toMatchObject({ retrieval: null, failure: 'gold-not-in-context' })
    expect(scores.context?.candidateRecall).toBeNull()
  })
})

describe('an unanswerable case', () => {
  const golden: Partial<GoldenCase> = {
    articles: [],
    facts: [],
    evidence: [],
    kind: 'unanswerable',
  }

  it('is right where it is refused', () => {
    const scores = score(refusal, { ...golden, tags: ['near-miss'] })
    expect(scores).toMatchObject({ answerable: false, nearMiss: true, correct: true })
    expect(scores).toMatchObject({ failure: null, retrieval: null, context: null, answer: null })
  })

  it.each<[string, Partial<CaseAnswer>]>([
    ['an answer', {}],
    ['quotes', { status: 'extracted' }],
    ['a denial and then an answer', { answer: 'The articles do not say this. It is 640.' }],
  ])('is hallucinated by %s', (_, answer) => {
    const scores = score(answer, golden)
    expect(scores).toMatchObject({ refused: false, correct: false, failure: 'hallucinated' })
    expect(scores.answer).not.toBeNull()
  })

  it('is refused by words alone', () => {
    const answer = "I'm sorry, but I cannot answer this. Thanks for asking!"
    expect(score({ answer }, golden)).toMatchObject({ refused: true, correct: true })
  })
})

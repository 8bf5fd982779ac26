import { describe, expect, it } from 'vitest'
import { formatAnswer, formatSource, type SentAnswer, type SentSource } from './print-answer.ts'

const place = {
  articleId: 'art_1',
  revision: 1,
  url: 'https://blog.example/listening',
  title: 'Listening to a database',
  heading: 'Limits',
  publishedAt: null,
  start: 0,
  end: 42,
}

const answered: SentAnswer = {
  id: 'ans_1',
  status: 'answered',
  reason: null,
  question: 'How large may it be?',
  answer: 'At most 8000 bytes. [1] It is refused. [2]',
  sentences: [],
  citations: [
    { ...place, number: 1, quote: 'A payload is limited\n  to 8000 bytes.' },
    { ...place, number: 2, quote: 'Larger ones are refused.', heading: '', url: null },
  ],
  sources: [],
  models: { chat: 'llama:scripted', embedding: 'onnx:fake' },
  tokens: { prompt: 1, completion: 1 },
  timings: { queuedMs: 0, searchMs: 1, firstTokenMs: 1, totalMs: 1 },
  cached: false,
  corpusRevision: 1,
  degraded: null,
}

describe('an answer', () => {
  it('has its footnotes under it: where from, the words on one line, and the address', () => {
    expect(formatAnswer(answered)).toBe(
      `At most 8000 bytes. [1] It is refused. [2]

[1] Listening to a database › Limits
    “A payload is limited to 8000 bytes.”
    https://blog.example/listening

[2] Listening to a database
    “Larger ones are refused.”`,
    )
  })

  it('that is an extract says so', () => {
    const extracted: SentAnswer = { ...answered, status: 'extracted', citations: [] }
    expect(formatAnswer(extracted)).toBe(
      'Straight from the articles, since no chat model is available:\n' + answered.answer,
    )
  })

  it('that is a refusal is what it says, and no more', () => {
    const answer = 'The articles do not say this.'
    const refused: SentAnswer = { ...answered, status: 'refused', answer, citations: [] }
    expect(formatAnswer(refused)).toBe(answer)
  })
})

describe('a source', () => {
  const source: SentSource = {
    ...place,
    text: 'A payload is limited.\nLarger ones are refused.',
    scores: { keyword: null, vector: 0.456, fused: 1 },
  }

  it('has its place, its scores and its text, set in', () => {
    expect(formatSource(source, 0)).toBe(
      `1. Listening to a database › Limits  (fused 1.00, keyword –, vector 0.46)
   A payload is limited.
   Larger ones are refused.
   https://blog.example/listening`,
    )
  })

  it('without an address or a heading lacks these alone', () => {
    const text = formatSource({ ...source, url: null, heading: '' }, 9)
    expect(text.split('\n')[0]).toBe(
      '10. Listening to a database  (fused 1.00, keyword –, vector 0.46)',
    )
    expect(text).not.toContain('https')
  })
})

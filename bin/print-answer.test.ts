import { describe, expect, it } from 'vitest'
import { formatAnswer, type SentAnswer } from './print-answer.ts'

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

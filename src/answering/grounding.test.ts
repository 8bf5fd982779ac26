import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { foundChunk } from '../../test/found-chunk.ts'
import { toPassage } from '../retrieval/passages.ts'
import { ground } from './grounding.ts'

const chunk = foundChunk(
  [
    'NOTIFY payloads are capped at 8000 bytes.',
    'A worker fetches the row by its id.',
    'Retries are not part of it.',
  ],
  { start: 100 },
)
const passages = [toPassage(chunk, chunk.sentences)]

const groundText = (sentences: readonly string[], question = 'How large may a payload be?') =>
  ground({ question, sentences, passages, similarities: [] })

describe('grounding', () => {
  it('gives a statement the sentence that supports it, word for word, with its offsets', () => {
    const { citations, answer } = groundText(['Payloads are capped at 8000 bytes.'])
    expect(answer).toBe('Payloads are capped at 8000 bytes. [1]')
    expect(citations[0]).toMatchObject({
      number: 1,
      quote: 'NOTIFY payloads are capped at 8000 bytes.',
      start: 100,
      end: 141,
    })
  })

  it('gives sentences offsets into the answer without their marks', () => {
    const { answer, sentences } = groundText([
      'Payloads are capped at 8000 bytes.',
      'A worker fetches the row by id.',
    ])
    expect(sentences.map(({ start, end }) => answer.slice(start, end))).toEqual([
      'Payloads are capped at 8000 bytes.',
      'A worker fetches the row by id.',
    ])
  })

  it('drops a statement whose number is not in its evidence', () => {
    const { sentences, dropped } = groundText(['Payloads are capped at 9000 bytes.'])
    expect(sentences).toEqual([])
    expect(dropped[0]?.why).toContain('9000')
  })

  it('drops a statement that no sentence supports', () => {
    expect(groundText(['Kafka streams scale across regions.']).sentences).toEqual([])
  })

  it('keeps the rest of an answer when one sentence falls', () => {
    const { sentences, dropped } = groundText([
      'Payloads are capped at 8000 bytes.',
      'Kafka streams scale across regions.',
    ])
    expect([sentences.length, dropped.length]).toEqual([1, 1])
  })

  it('numbers a sentence once, however often it is cited', () => {
    const { sentences, citations } = groundText([
      'Payloads are capped at 8000 bytes.',
      'NOTIFY payloads have a cap of 8000 bytes.',
    ])
    expect(sentences.map(({ citations: marks }) => marks)).toEqual([[1], [1]])
    expect(citations).toHaveLength(1)
  })

  it('makes marks and addresses of its own, whatever the model writes', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 4 }), (texts) => {
        const written = texts.map(
          (text) => `${text} payloads capped at 8000 bytes [7] https://bank.example`,
        )
        const { citations } = groundText(written)
        expect(citations.every(({ url }) => url === 'https://example.org/article')).toBe(true)
      }),
    )
  })
})

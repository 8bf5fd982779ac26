import { describe, expect, it } from 'vitest'
import { foundChunk } from '../../test/found-chunk.ts'
import { extractAnswer } from './extracted.ts'

const chunk = foundChunk(['Queues are fast.', 'A payload has 8000 bytes.'], {
  similarities: [0.5, 0.8],
})
const question = 'How large is a payload?'

describe('extracts', () => {
  it('are the best sentences, word for word, each its own footnote', () => {
    const extracted = extractAnswer([chunk], { question, threshold: 0.6 })
    expect(extracted?.answer).toBe('A payload has 8000 bytes. [1]')
    expect(extracted?.citations[0]?.quote).toBe('A payload has 8000 bytes.')
  })

  it('are none where not even the best sentence is near enough', () => {
    expect(extractAnswer([chunk], { question, threshold: 0.9 })).toBeNull()
    expect(extractAnswer([], { question, threshold: 0.1 })).toBeNull()
  })
})

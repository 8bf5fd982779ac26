import { describe, expect, it } from 'vitest'
import { foundChunk } from '../../test/found-chunk.ts'
import { rankSentences } from './rank-sentences.ts'

const options = { question: 'How large is a payload?' }

describe('ranking sentences', () => {
  it('puts the sentence with the rare words of the question first', () => {
    const chunk = foundChunk([
      'Queues are simple.',
      'A payload has 8000 bytes.',
      'Queues are fast.',
    ])
    expect(rankSentences([chunk], options.question)[0]?.sentence.text).toBe(
      'A payload has 8000 bytes.',
    )
  })

  it('puts the nearer sentence first where words do not tell', () => {
    const chunk = foundChunk(['One thing.', 'Another matter.'], { similarities: [0.5, 0.8] })
    const [first] = rankSentences([chunk], options.question)
    expect(first?.sentence.text).toBe('Another matter.')
    expect(first?.relevance).toBe(0.8)
  })

  it('lifts the neighbour of a sentence that has the question’s words', () => {
    const chunk = foundChunk(['Far off.', 'So it is.', 'How large is a payload?', 'It has 8 kB.'])
    const ranked = rankSentences([chunk], options.question).map(({ sentence }) => sentence.text)
    expect(ranked).toEqual(['How large is a payload?', 'So it is.', 'It has 8 kB.', 'Far off.'])
  })

  it('does not take the first sentence of the next chunk for a neighbour', () => {
    const first = foundChunk(['How large is a payload?'], { id: '1' })
    const second = foundChunk(['Far off.'], { id: '2' })
    const [, far] = rankSentences([first, second], options.question)
    // Its chunk's score alone: 0.4 of 1.
    expect(far?.score).toBeCloseTo(0.4)
  })

  it('counts words that stand in the headings, less than those of the sentence', () => {
    const plain = foundChunk(['It is 8000 bytes.'], { id: '1', title: 'Queues' })
    const headed = foundChunk(['It is 8000 bytes.'], { id: '2', title: 'The payload' })
    const own = foundChunk(['The payload is 8000 bytes.'], { id: '3', title: 'Queues' })
    const ranked = rankSentences([plain, headed, own], options.question)
    expect(ranked.map(({ chunk }) => chunk.chunkId)).toEqual(['3', '2', '1'])
  })

  it('gives the parts of a question the next place in turn', () => {
    const payloads = foundChunk(['A payload has 8000 bytes.', 'A payload is text.'], {
      id: '1',
      partSimilarities: [
        [0.9, 0.1],
        [0.8, 0.1],
      ],
    })
    const queues = foundChunk(['A queue is drained by workers.'], {
      id: '2',
      fused: 0.2,
      partSimilarities: [[0.1, 0.9]],
    })
    const question = 'How large may a payload be, and what drains a full queue?'
    expect(
      rankSentences([payloads, queues], question).map(({ sentence }) => sentence.text),
    ).toEqual(['A payload has 8000 bytes.', 'A queue is drained by workers.', 'A payload is text.'])
  })

  it('scores the best of each part alike, whatever its scale', () => {
    const payloads = foundChunk(['A payload has 8000 bytes.'], { id: '1' })
    const queues = foundChunk(['A queue is drained by workers.'], { id: '2', fused: 0.9 })
    const question = 'How large may a payload be, and what drains a full queue?'
    expect(rankSentences([payloads, queues], question).map(({ score }) => score)).toEqual([1, 1])
  })
})

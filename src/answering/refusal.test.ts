import { describe, expect, it } from 'vitest'
import { foundChunk } from '../../test/found-chunk.ts'
import { toPassage } from '../retrieval/passages.ts'
import { decide, describeNothing, describeRefusal } from './refusal.ts'

const chunk = foundChunk(['A payload has 8000 bytes.'], { title: 'Queues' })
const passages = [toPassage(chunk, chunk.sentences)]
const sentence = { text: 'It has 8000 bytes.', start: 0, end: 18, citations: [1], support: 1 }
const input = {
  sentences: [sentence],
  passages,
  generated: sentence.text,
  statesAnswer: 0.9,
  threshold: 0.7,
}

describe('deciding', () => {
  it('lets an answer stand that its evidence states', () => {
    expect(decide(input)).toBeNull()
  })

  it('lets an answer stand where the model gives no probability', () => {
    expect(decide({ ...input, statesAnswer: null })).toBeNull()
  })

  it('refuses where nothing was found', () => {
    expect(decide({ ...input, passages: [] })).toBe('no-evidence')
  })

  it('refuses where no sentence is supported', () => {
    expect(decide({ ...input, sentences: [], statesAnswer: null })).toBe('unsupported')
    expect(decide({ ...input, sentences: [], statesAnswer: 0.3 })).toBe('unsupported')
  })

  it('stands where the article’s own sentence states the answer', () => {
    expect(decide({ ...input, sentences: [] })).toBeNull()
  })

  it('refuses where the evidence hardly states the answer', () => {
    expect(decide({ ...input, statesAnswer: 0.3 })).toBe('not-answered')
  })

  it('takes the model at its word when it says that the passages lack the answer', () => {
    const generated = 'The passages do not mention a price.'
    expect(decide({ ...input, sentences: [], generated })).toBe('not-answered')
    expect(decide({ ...input, sentences: [{ ...sentence, text: generated }], generated })).toBe(
      'not-answered',
    )
  })
})

it('does not take an honest "not" for a denial', () => {
  const generated = 'An article that leaves the feed is not deleted.'
  expect(decide({ ...input, sentences: [{ ...sentence, text: generated }], generated })).toBeNull()
})

it('blames the time only where the question asks for one', () => {
  const publishedAfter = new Date('2026-03-01T00:00:00Z')
  expect(describeNothing('filtered', { publishedAfter, isLatest: false })).toContain('of the time')
  expect(describeNothing('filtered', { isLatest: true })).toContain('the filters leave none')
  expect(describeNothing('filtered', null)).toContain('the filters leave none')
})

it('names the nearest articles in a refusal', () => {
  expect(describeRefusal('not-answered', passages)).toBe(
    'The articles do not say this. The nearest articles: “Queues”.',
  )
})

import { describe, expect, it } from 'vitest'
import { createFakeEmbedding } from '../test/fake-embedding.ts'
import { packPassages } from '../src/retrieval/passages.ts'
import { compareInMemory, openPool, toFoundChunk, toSearchResult } from './given-passages.ts'

const { signal } = new AbortController()
const embedding = createFakeEmbedding().model
const nearness = { embedding, signal }

const KILN = {
  _id: 'kiln',
  title: 'Kilns',
  text: 'The kiln holds 640 degrees. It burns ash wood.\n\nWood is dried first.\nFor two winters.',
}
const FERRY = { _id: 'ferry', title: '', text: 'The ferry takes 640 people.' }

describe('a given passage', () => {
  it('is a chunk of sentences, each with its place and its nearness', async () => {
    const question = await embedding.embedQuestion('How many degrees has the kiln?', { signal })
    const chunk = await toFoundChunk(KILN, question, nearness)
    const texts = chunk.sentences.map(({ text }) => text)
    expect(texts.slice(0, 2)).toEqual(['The kiln holds 640 degrees.', 'It burns ash wood.'])
    for (const { text, start, end } of chunk.sentences) {
      expect(KILN.text.slice(start, end)).toBe(text)
    }
    const [first, second] = chunk.sentences.map(({ similarity }) => similarity ?? 0)
    expect(first).toBeGreaterThan(second ?? 1)
  })

  it('is packed as what a search found, the nearest first', async () => {
    const question = await embedding.embedQuestion('How many people does the ferry take?', {
      signal,
    })
    const chunks = [
      await toFoundChunk(KILN, question, nearness),
      await toFoundChunk(FERRY, question, nearness),
    ]
    const found = toSearchResult(chunks, 7)
    expect(found.candidates.map(({ articleId }) => articleId)).toEqual(['ferry', 'kiln'])
    expect(found).toMatchObject({ reason: null, corpusRevision: 7 })
    const [passage] = packPassages(found.chunks, {
      question: 'How many people does the ferry take?',
      maxTokens: 12,
      maxPassages: 8,
      countTokens: (text) => text.split(' ').length,
    })
    expect(passage).toMatchObject({ articleId: 'ferry', title: 'Untitled', text: FERRY.text })
    const compared = await compareInMemory([FERRY.text], [passage!], nearness)
    expect(compared[0]?.get('ferry.0')).toBeCloseTo(1, 5)
  })
})

describe('a pool', () => {
  it('gives the passages that are nearest to a question', async () => {
    const findNearest = await openPool({ ...nearness, passages: [KILN, FERRY] })
    const question = await embedding.embedQuestion('How many people does the ferry take?', {
      signal,
    })
    expect(findNearest(question, 1)).toEqual([FERRY])
  })
})

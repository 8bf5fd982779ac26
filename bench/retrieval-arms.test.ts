import { describe, expect, it } from 'vitest'
import { fromBeir, onlyHitsOf, withoutSentenceVectors, wordsOf } from './retrieval-arms.ts'
import { findStock, packWhole, splitStock, type StockChunk } from './stock-chunks.ts'

describe('an arm', () => {
  it('has its own hits alone', () => {
    const candidates = [
      { guid: 'a', chunkId: '1', keyword: 1, vector: null, fused: 0.5 },
      { guid: 'b', chunkId: '2', keyword: null, vector: 1, fused: 0.4 },
      { guid: 'c', chunkId: '3', keyword: 0, vector: 0.2, fused: 0.1 },
    ]
    const guidsOf = (arm: 'keyword' | 'vector' | 'fused') =>
      onlyHitsOf(candidates, arm).map(({ guid }) => guid)
    expect(guidsOf('keyword')).toEqual(['a', 'c'])
    expect(guidsOf('vector')).toEqual(['b', 'c'])
    expect(guidsOf('fused')).toEqual(['a', 'b', 'c'])
  })

  it('is asked a query of a corpus as a question that stands alone', () => {
    const { signal } = new AbortController()
    const question = fromBeir({ id: 'q1', text: 'Why?', gold: ['d1'] }, signal)
    expect(wordsOf(question)).toBe('Why?')
    expect(question).toMatchObject({ gold: ['d1'], golden: null, request: { filters: {} } })
  })
})

it('packs without sentence vectors where no sentence has a similarity', () => {
  const sentence = {
    id: '1',
    text: 'It is.',
    start: 0,
    end: 6,
    similarity: 0.8,
    partSimilarities: [0.7],
  }
  const chunk = {
    ...{ chunkId: '1', articleId: 'a', revision: 1, url: null, title: 'T', headingPath: [] },
    ...{ publishedAt: null, start: 0, text: 'It is.', sentences: [sentence] },
    scores: { keyword: 1, vector: 1, fused: 1 },
  }
  expect(withoutSentenceVectors([chunk])).toEqual([
    { ...chunk, sentences: [{ ...sentence, similarity: null, partSimilarities: [] }] },
  ])
})

function stockChunk(text: string, publishedMs = 0): StockChunk {
  return { guid: text, start: 0, end: text.length, text, publishedMs }
}

describe('the stock pipeline', () => {
  const chunks = ['east', 'north', 'north-east'].map((text, at) => stockChunk(text, at))
  const index = { chunks, vectors: Float32Array.from([1, 0, 0, 1, 0.6, 0.8]) }

  it('finds the nearest chunks first', () => {
    const hits = findStock(index, [0, 1], { limit: 2 })
    expect(hits.map(({ chunk }) => chunk.text)).toEqual(['north', 'north-east'])
    expect(hits[1]?.score).toBeCloseTo(0.8)
  })

  it('does not find what came later than now', () => {
    const hits = findStock(index, [0, 1], { limit: 3, asOf: new Date(1) })
    expect(hits.map(({ chunk }) => chunk.text)).toEqual(['north', 'east'])
  })

  it('is packed chunk by chunk, leaving out those that no longer fit', () => {
    const hits = ['aaaa', 'bbbbbb', 'cc'].map((text) => ({ chunk: stockChunk(text), score: 1 }))
    const packed = packWhole(hits, { maxTokens: 7, countTokens: (text) => text.length })
    expect(packed.map(({ text }) => text)).toEqual(['aaaa', 'cc'])
  })

  it('splits an article into overlapping chunks with their places in its text', async () => {
    const text = Array.from({ length: 300 }, (_, at) => `word${at}`).join(' ')
    const article = { id: '1', guid: 'g', title: 'T', revision: 1, publishedAt: null, text }
    const chunks = await splitStock([article])
    expect(chunks.length).toBeGreaterThan(2)
    for (const { guid, start, end, text: chunk } of chunks) {
      expect(guid).toBe('g')
      expect(text.slice(start, end)).toBe(chunk)
      expect(chunk.length).toBeLessThanOrEqual(1000)
    }
    expect(chunks[1]?.start).toBeLessThan(chunks[0]?.end ?? 0)
  })
})

import { describe, expect, it } from 'vitest'
import { foundChunk } from '../../test/found-chunk.ts'
import { toPassage } from '../retrieval/passages.ts'
import type { Grounded } from './grounding.ts'
import { quoteFrom } from './quote-evidence.ts'

const LIMIT = 'NOTIFY payloads are capped at 8000 bytes.'
const WORKER = 'A worker fetches the row by its id.'
const chunk = foundChunk([WORKER, LIMIT], { start: 100, similarities: [0.4, 0.9] })
const passages = [toPassage(chunk, chunk.sentences)]

const NOTHING: Grounded = { answer: '', sentences: [], citations: [], dropped: [] }

function toGrounded(text: string): Grounded {
  const citation = { ...quote().citations[0], number: 1 } as Grounded['citations'][number]
  return {
    answer: `${text} [1]`,
    sentences: [{ text, start: 0, end: text.length, citations: [1], support: 0.9 }],
    citations: [citation],
    dropped: [],
  }
}

function quoteOf(grounded: Grounded, question: string, generated = '') {
  return quoteFrom(grounded, {
    question,
    generated,
    passages,
    search: { chunks: [chunk] },
    similarities: [],
  })
}

function quote(question = 'How large may a NOTIFY payload be?') {
  return quoteOf(NOTHING, question).grounded
}

describe('the article’s own sentence', () => {
  it('stands alone where nothing of the model’s words was kept, with its place in the revision', () => {
    const { answer, sentences, citations } = quote()
    expect(answer).toBe(`${LIMIT} [1]`)
    expect(sentences).toEqual([
      { text: LIMIT, start: 0, end: LIMIT.length, citations: [1], support: 1 },
    ])
    // Behind the 35 characters of the first sentence and a space.
    expect(citations[0]).toMatchObject({ quote: LIMIT, start: 136, end: 136 + LIMIT.length })
  })

  it('follows the model’s words under the number that it has already', () => {
    const { answer, sentences, citations } = quoteOf(
      toGrounded('There is a cap.'),
      'How large may a NOTIFY payload be?',
    ).grounded
    expect(answer).toBe(`There is a cap. [1] ${LIMIT} [1]`)
    expect(citations).toHaveLength(1)
    const [, added] = sentences
    expect(answer.slice(added?.start, added?.end)).toBe(LIMIT)
  })

  it('is left out where the model’s words say it already', () => {
    const said = toGrounded('The payloads of NOTIFY are capped at 8000 bytes.')
    expect(quoteOf(said, 'How large may a NOTIFY payload be?').grounded).toBe(said)
  })

  it('is given for each part of a question in parts', () => {
    const parts = 'How large may a NOTIFY payload be? And who fetches the row by its id?'
    expect(quoteOf(NOTHING, parts).grounded.sentences).toHaveLength(2)
  })

  it('is chosen by the model’s new words where the question finds two alike', () => {
    const alike = foundChunk(['The cap is fixed.', 'The cap is elastic.'])
    const { evidence } = quoteFrom(NOTHING, {
      question: 'What is the cap?',
      generated: 'Elastic.',
      passages: [toPassage(alike, alike.sentences)],
      search: { chunks: [alike] },
      similarities: [],
    })
    expect(evidence[0]).toBe('The cap is elastic.')
  })

  it('is not a whole listing', () => {
    const listing = foundChunk([`${'payload '.repeat(60)}NOTIFY`, LIMIT])
    const { grounded } = quoteFrom(NOTHING, {
      question: 'NOTIFY payload',
      generated: '',
      passages: [toPassage(listing, listing.sentences)],
      search: { chunks: [listing] },
      similarities: [],
    })
    expect(grounded.sentences.map(({ text }) => text)).toEqual([LIMIT])
  })
})

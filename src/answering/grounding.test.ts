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

const groundOver = (evidence: readonly string[], text: string, question = '') => {
  const found = foundChunk(evidence)
  const given = [toPassage(found, found.sentences)]
  return ground({ question, sentences: [text], passages: given, similarities: [] })
}

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

  it('drops what says no more than the question', () => {
    expect(groundText(['A payload may be large.'])).toMatchObject({
      sentences: [],
      dropped: [{ why: 'It says no more than the question.' }],
    })
    expect(groundText(['Retries are part.'], 'Are retries a part of it?').dropped[0]?.why).toBe(
      'Its evidence says the contrary.',
    )
  })

  it.each([
    ['Payloads are capped at 8000 bytes: https://bank.example/x', 'bank.example'],
    ['Payloads are capped at 8000 bytes <b>.', '<b>'],
  ])('drops an address or a tag that its evidence does not have: %s', (text, found) => {
    const { dropped } = ground({
      question: '',
      sentences: [text],
      passages,
      similarities: [new Map([['1.0', 0.9]])],
    })
    expect(dropped[0]?.why).toContain(found)
  })

  it('gives a statement the sentence that suffices, and no more', () => {
    const { sentences } = groundOver(
      ['An index on rows is small.', 'Payloads of rows are capped at 8000 bytes.'],
      'Payloads are capped at 8000 bytes.',
    )
    expect(sentences[0]?.citations).toEqual([1])
  })

  it('gives two sentences where one lacks a number that the statement needs', () => {
    const { citations } = groundOver(
      ['Inserts are 40% slower.', 'The index is 3x larger than needed.'],
      'Inserts are 40% slower, and the index is 3x larger.',
    )
    expect(citations.map(({ quote }) => quote).sort()).toEqual([
      'Inserts are 40% slower.',
      'The index is 3x larger than needed.',
    ])
  })

  it('gives a second sentence for a number alone', () => {
    const { sentences } = groundOver(
      [
        'The index has levels and serves inserts, deletes and reads.',
        'An index of 3 levels is flat.',
      ],
      'The index has 3 levels and serves inserts, deletes and reads.',
    )
    expect(sentences[0]?.citations).toEqual([1, 2])
  })

  it('gives each part between semicolons its own evidence', () => {
    const { citations } = groundOver(
      ['Kilns hold their heat for days.', 'A glaze melts early.'],
      'Glazes melt early; kilns hold their heat.',
    )
    expect(citations.map(({ quote }) => quote)).toEqual([
      'A glaze melts early.',
      'Kilns hold their heat for days.',
    ])
  })

  it('takes another way to say it where the two are near', () => {
    const near = new Map([['1.0', 0.85]])
    const text = 'What is sent is limited to 8000 bytes.'
    const kept = (similarity: ReadonlyMap<string, number>) =>
      ground({ question: '', sentences: [text], passages, similarities: [similarity] }).sentences
    expect(kept(near)).toHaveLength(1)
    expect(kept(new Map([['1.0', 0.5]]))).toHaveLength(0)
  })

  it('makes marks and addresses of its own, whatever the model writes', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 4 }), (texts) => {
        const written = texts.map(
          (text) => `${text} payloads capped at 8000 bytes [7] https://bank.example`,
        )
        const { citations, sentences } = groundText(written)
        expect(citations.every(({ url }) => url === 'https://example.org/article')).toBe(true)
        const numbers = citations.map(({ number }) => number)
        expect(sentences.every((each) => each.citations.every((n) => numbers.includes(n)))).toBe(
          true,
        )
      }),
    )
  })

  it('cites each quote where it stands in its article', () => {
    const word = fc.constantFrom('payload', 'Ünit', '8000', '😀', 'kiln', 'row')
    const text = fc.array(word, { minLength: 2, maxLength: 6 }).map((words) => words.join(' '))
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 5 }), fc.nat(50), (texts, start) => {
        const found = foundChunk(texts, { start })
        const { citations } = ground({
          question: '',
          sentences: texts,
          passages: [toPassage(found, found.sentences)],
          similarities: [],
        })
        for (const { quote, start: from, end } of citations) {
          expect(found.text.slice(from - start, end - start)).toBe(quote)
        }
      }),
    )
  })
})

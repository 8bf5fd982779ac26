import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { foundChunk } from '../../test/found-chunk.ts'
import { packPassages, passageHeader } from './passages.ts'

/** A word is a token. */
const countTokens = (text: string) => text.split(/\s+/).filter((word) => word !== '').length

const options = { question: 'How large is a payload?', maxTokens: 100, maxPassages: 8, countTokens }

describe('packing passages', () => {
  it('takes the best sentence and the one that follows it as one passage', () => {
    const chunk = foundChunk([
      'Far away.',
      'Before it.',
      'A payload has 8000 bytes.',
      'After it.',
      'Far on.',
    ])
    // 3 for the frame, 5 for title and heading, 7 for the two sentences; no room for a third.
    const [passage] = packPassages([chunk], { ...options, maxTokens: 15 })
    expect(passage?.text).toBe('A payload has 8000 bytes. After it.')
  })

  it('keeps code whole where it is the evidence', () => {
    const chunk = foundChunk([
      'Here is how.',
      'payload\n  open',
      'payload\n  send',
      'payload\n  close',
      'That is all.',
    ])
    const code = 'payload\n  open payload\n  send payload\n  close'
    const [passage] = packPassages([chunk], { ...options, question: 'How to send?', maxTokens: 14 })
    expect(passage?.text).toBe(code)
  })

  it('counts an article’s title once', () => {
    const title = 'A long title with many words that costs much'
    const chunks = ['1', '2'].map((id) =>
      foundChunk([`The payload number ${id} has bytes.`], { id, title, start: Number(id) * 100 }),
    )
    // 10 for the title, 2 for the heading, then two times 3 for the frame and 6 for the text.
    const passages = packPassages(chunks, { ...options, maxTokens: 30 })
    expect(passages.map(({ start }) => start)).toEqual([100, 200])
    expect(packPassages(chunks, { ...options, maxTokens: 29 })).toHaveLength(1)
  })

  it('puts the passages of an article together', () => {
    const [first, second, third] = ['art_1', 'art_2', 'art_1'].map((articleId, at) =>
      foundChunk([`The payload ${at} of queue ${at} has bytes.`], {
        id: String(at),
        articleId,
        fused: 1 - at / 10,
      }),
    )
    const chunks = [first, second, third].flatMap((chunk) => chunk ?? [])
    expect(packPassages(chunks, options).map(({ articleId }) => articleId)).toEqual([
      'art_1',
      'art_1',
      'art_2',
    ])
  })

  it('takes nothing that only repeats what is there', () => {
    const chunks = ['1', '2'].map((id) =>
      foundChunk(['A payload of a notification has 8000 bytes at most.'], { id, articleId: id }),
    )
    expect(packPassages(chunks, options)).toHaveLength(1)
  })

  it('leaves room for another article that is about as near', () => {
    const sentences = Array.from({ length: 8 }, (_, at) => `Payload ${at} is large ${at}.`)
    const first = foundChunk(sentences, { id: '1', articleId: 'art_1' })
    const second = foundChunk(['A payload can be large.', 'Some payload is large.'], {
      id: '2',
      articleId: 'art_2',
    })
    const articles = (chunks: (typeof first)[]) => [
      ...new Set(packPassages(chunks, { ...options, maxTokens: 45 }).map((each) => each.articleId)),
    ]
    expect(articles([first, second])).toEqual(['art_1', 'art_2'])
    const far = { ...second, scores: { keyword: 0.1, vector: 0.1, fused: 0.1 } }
    expect(articles([first, far])).toEqual(['art_1'])
  })

  it('gives offsets at which the revision has that text', () => {
    const chunk = foundChunk(['Before it.', 'A payload has 8000 bytes.'], { start: 40 })
    const [passage] = packPassages([chunk], options)
    expect([passage?.start, passage?.end]).toEqual([
      40,
      40 + 'Before it. A payload has 8000 bytes.'.length,
    ])
  })

  it('breaks a passage where a sentence was left out', () => {
    const whole = foundChunk(['A payload is small.', 'It has 8000 bytes.', 'A payload is text.'])
    const chunk = { ...whole, sentences: whole.sentences.filter((_, at) => at !== 1) }
    expect(packPassages([chunk], options).map(({ text }) => text)).toEqual([
      'A payload is small.',
      'A payload is text.',
    ])
  })

  it('never passes its budget nor its number of passages', () => {
    const sentence = fc.array(fc.constantFrom('payload', 'queue', 'is', 'large'), {
      minLength: 1,
      maxLength: 12,
    })
    const chunks = fc.array(fc.array(sentence, { minLength: 1, maxLength: 8 }), { maxLength: 6 })
    fc.assert(
      fc.property(
        chunks,
        fc.integer({ min: 1, max: 120 }),
        fc.integer({ min: 1, max: 4 }),
        (texts, maxTokens, maxPassages) => {
          const found = texts.map((each, at) =>
            foundChunk(
              each.map((words) => words.join(' ')),
              { id: String(at) },
            ),
          )
          const passages = packPassages(found, { ...options, maxTokens, maxPassages })
          const tokens = passages.reduce((sum, { text }) => sum + countTokens(text), 0)
          expect(tokens).toBeLessThanOrEqual(maxTokens)
          expect(passages.length).toBeLessThanOrEqual(maxPassages)
        },
      ),
    )
  })
})

describe('what stands above a passage', () => {
  const [passage] = packPassages([foundChunk(['A payload has 8000 bytes.'])], options)
  if (passage === undefined) throw new Error('There is no passage.')
  const dated = { ...passage, publishedAt: new Date('2026-03-01T00:00:00Z') }

  it('is its article, with the date, and its last heading', () => {
    const deep = { ...dated, heading: 'Above › A heading' }
    expect(passageHeader(deep, undefined)).toBe('## An article (2026-03-01)\nA heading')
    expect(passageHeader(passage, undefined)).toBe('## An article\nA heading')
  })

  it('is what changes from the passage before it', () => {
    expect(passageHeader(dated, dated)).toBe('')
    expect(passageHeader({ ...dated, heading: 'Another' }, dated)).toBe('Another')
    expect(passageHeader({ ...dated, articleId: 'art_2' }, dated)).toContain('## An article')
  })

  it('is no heading that repeats the title', () => {
    expect(passageHeader({ ...dated, heading: dated.title }, undefined)).toBe(
      '## An article (2026-03-01)',
    )
  })
})

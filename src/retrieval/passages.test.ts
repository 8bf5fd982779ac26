import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { foundChunk } from '../../test/found-chunk.ts'
import { packPassages, rankSentences } from './passages.ts'

/** A word is a token. */
const countTokens = (text: string) => text.split(/\s+/).filter((word) => word !== '').length

const options = { question: 'How large is a payload?', maxTokens: 100, maxPassages: 8, countTokens }

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
})

describe('packing passages', () => {
  it('takes the best sentence with its neighbours as one passage', () => {
    const chunk = foundChunk([
      'Far away.',
      'Before it.',
      'A payload has 8000 bytes.',
      'After it.',
      'Far on.',
    ])
    // 14 for the frame, 4 for title and heading, 9 for the three sentences; no room for a fourth.
    const [passage] = packPassages([chunk], { ...options, maxTokens: 28 })
    expect(passage?.text).toBe('Before it. A payload has 8000 bytes. After it.')
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

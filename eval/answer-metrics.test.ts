import { describe, expect, it } from 'vitest'
import { kilnAnswer, kilnCase, kilnSpans } from '../test/right-answer.ts'
import { citationKey, scoreAnswer } from './answer-metrics.ts'
import type { CaseAnswer } from './case-answer.ts'
import type { GoldenCase } from './golden-case.ts'

interface Changed {
  readonly golden?: Partial<GoldenCase>
  readonly answer?: Partial<CaseAnswer>
  readonly labelled?: ReadonlySet<string>
}

const score = ({ golden, answer, labelled = new Set() }: Changed = {}) =>
  scoreAnswer({ golden: kilnCase(golden), answer: kilnAnswer(answer), labelled })

it('finds nothing wrong with a right answer', () => {
  expect(score()).toEqual({
    factRecall: 1,
    hasForbidden: false,
    tokenF1: 1,
    contentRecall: 1,
    groundedness: 1,
    isUngrounded: false,
    hasUnsupportedNumber: false,
    citationMarks: 1,
    validMarks: 1,
    evidenceMarks: 1,
    sentences: 1,
    citedSentences: 1,
    supportedSentences: 1,
    citesGold: true,
  })
})

describe('facts', () => {
  it('are counted one by one', () => {
    expect(score({ golden: { facts: [['640'], ['nine hours']] } }).factRecall).toBe(1 / 2)
  })

  it('are none where the case has none', () => {
    expect(score({ golden: { facts: [] } }).factRecall).toBe(0)
  })

  it('are not found in a mark', () => {
    expect(score({ golden: { facts: [['1']] } }).factRecall).toBe(0)
  })

  it('may stand beside what is forbidden', () => {
    expect(score({ golden: { must_not: ['640'] } }).hasForbidden).toBe(true)
  })
})

describe('the words of an answer', () => {
  it('are grounded where the passages have them', () => {
    // kiln, hold, 640, degre: kiln alone is there.
    const passages = [{ guid: 'kiln', text: 'A kiln.', start: 0, end: 7 }]
    const scores = score({ answer: { passages } })
    expect(scores).toMatchObject({ groundedness: 1 / 4, isUngrounded: true })
    expect(scores.hasUnsupportedNumber).toBe(true)
  })

  it('are no longer supported by a passage with another number', () => {
    const sentences = [{ text: 'The kiln holds 641 degrees.', citations: [1] }]
    // kiln, hold, degre of 4.
    expect(score({ answer: { sentences } })).toMatchObject({
      groundedness: 3 / 4,
      isUngrounded: false,
      hasUnsupportedNumber: true,
      supportedSentences: 0,
    })
  })

  it('are taken from the text where a target gives no sentences', () => {
    const scores = score({ answer: { sentences: [], citations: [], answer: 'A kiln. Wet wood.' } })
    expect(scores).toMatchObject({ sentences: 2, citedSentences: 0, supportedSentences: 0 })
    // kiln: 1 of 1. wet, wood: 1 of 2.
    expect(scores.groundedness).toBe(3 / 4)
  })
})

describe('marks', () => {
  it('that lead nowhere stay in the count', () => {
    expect(score({ answer: { answer: 'It holds 640 degrees. [1][7]' } })).toMatchObject({
      citationMarks: 2,
      validMarks: 1,
      evidenceMarks: 1,
    })
  })

  it('on another sentence of the article are no evidence', () => {
    const citations = [{ number: 1, ...kilnSpans.wood }]
    expect(score({ answer: { citations } })).toMatchObject({
      validMarks: 1,
      evidenceMarks: 0,
      supportedSentences: 0,
      citesGold: true,
    })
  })

  it('on the right words of the wrong article are no evidence', () => {
    const citations = [{ number: 1, ...kilnSpans.heat, guid: 'boats' }]
    expect(score({ answer: { citations } })).toMatchObject({ evidenceMarks: 0, citesGold: false })
  })

  it('are evidence where people labelled them so', () => {
    const citations = [{ number: 1, ...kilnSpans.wood }]
    const key = citationKey('kiln-heat', kilnSpans.wood)
    expect(key).toBe('kiln-heat kiln 43-96')
    expect(score({ answer: { citations }, labelled: new Set([key]) }).evidenceMarks).toBe(1)
  })
})

describe('sentences', () => {
  it('are supported by what they cite together', () => {
    const text = 'The kiln holds 640 degrees, and ash wood is dried for two winters.'
    const sentences = [{ text, citations: [1, 2] }]
    const citations = [
      { number: 1, ...kilnSpans.heat },
      { number: 2, ...kilnSpans.wood },
    ]
    expect(score({ answer: { sentences, citations } }).supportedSentences).toBe(1)
    const alone = citations.slice(0, 1)
    expect(score({ answer: { sentences, citations: alone } }).supportedSentences).toBe(0)
  })

  it('are cited only by a mark that leads somewhere', () => {
    const sentences = [{ text: 'The kiln holds 640 degrees.', citations: [7] }]
    expect(score({ answer: { sentences } })).toMatchObject({
      citedSentences: 0,
      supportedSentences: 0,
    })
  })
})

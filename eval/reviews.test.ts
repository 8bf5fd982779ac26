import { describe, expect, it } from 'vitest'
import { openTestDatabase } from '../test/open-test-database.ts'
import { insertAnswer } from '../src/store/answers.ts'
import { listKeptCases } from '../src/store/kept-cases.ts'
import { askForReview, settle, toOwnReasons, toQuestionKey } from './reviews.ts'

const keyOf = (question: string, earlier: string | null = null) =>
  toQuestionKey({ question, earlier })

describe('the key of a question', () => {
  it.each([
    ['how large may a notify payload be'],
    ['  How large may a  NOTIFY payload be?!  '],
    ['“How large” may a NOTIFY-payload be…'],
    ['Ｈow large may a NOTIFY payload be?'],
    ['How large may a\u00a0NOTIFY payload\nbe?'],
  ])('is the same for %j', (question) => {
    expect(keyOf(question)).toBe(keyOf('How large may a NOTIFY payload be?'))
  })

  it.each([
    ['What is C#?', 'What is C?'],
    ['What is C++?', 'What is C?'],
    ['Is it 1.5?', 'Is it 15?'],
    ['???', '!!!'],
    ['Wie groß?', 'Wie gross?'],
  ])('tells %j from %j', (one, other) => {
    expect(keyOf(one)).not.toBe(keyOf(other))
  })

  it('tells a follow-up from the same words in another conversation', () => {
    const keys = [
      keyOf('And why?'),
      keyOf('And why?', 'Why NOTIFY?'),
      keyOf('And why?', 'Why rye?'),
    ]
    expect(new Set(keys).size).toBe(3)
    expect(keyOf('and why', 'Why rye?')).toBe(keys[2])
  })

  it('is short, however long the question is', () => {
    expect(keyOf('𝒳y '.repeat(600))).toHaveLength(64)
  })
})

describe('an answer is reviewed unasked', () => {
  const dropped = [{ text: 'Elephants.', why: 'No sentence of the articles supports it.' }]

  it.each([
    ['answered', [], []],
    ['extracted', [], []],
    ['refused', [], ['refused']],
    ['answered', dropped, ['dropped-sentence']],
    ['refused', dropped, ['dropped-sentence', 'refused']],
  ] as const)('when it is %s with %j dropped: %j', (status, lost, reasons) => {
    expect(toOwnReasons({ answer: { status }, trace: { dropped: lost } })).toEqual(reasons)
  })
})

it('an answer of another system, which has no trace, is reviewed and kept as any other', async () => {
  await using database = await openTestDatabase()
  const question = 'How do whales vote?'
  const body = { status: 'refused', question, sentences: [], citations: [] }
  await insertAnswer(database.pool, {
    ...{ id: 'ans_other', status: 'refused', reason: 'not-answered', question },
    ...{ promptHash: null, corpusRevision: 0, body, trace: {}, articleIds: [] },
  })
  const asked = await askForReview(database, 'ans_other')
  expect(asked).toMatchObject({ isNew: true, review: { question, answerIds: ['ans_other'] } })
  const id = asked?.review.id ?? ''
  await settle(database, id, { action: 'golden', correction: null, given: {} })
  const [kept] = await listKeptCases(database.pool, { after: null, limit: null })
  expect(kept?.body).toMatchObject({ question, kind: 'unanswerable' })
  expect(kept?.body).not.toHaveProperty('turns')
})

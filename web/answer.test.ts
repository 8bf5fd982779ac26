import { expect, it } from 'vitest'
import { parseAnswer } from './answer.ts'

it('takes fields of another kind than promised as absent', () => {
  const answer = parseAnswer({
    status: 'answered',
    answer: 5,
    citations: 'none',
    sources: [null, { title: 3, url: 7, start: '1' }],
    timings: [],
    models: null,
  })
  expect(answer).toMatchObject({ answer: '', citations: [], totalMs: 0, chatModel: null })
  expect(answer.sources).toMatchObject([{ title: 'Untitled article', url: null, start: 0 }])
})

it.each([undefined, null, 'answered', {}, { status: 'guessed' }])(
  'refuses an answer without a status it knows: %j',
  (value) => {
    expect(() => parseAnswer(value)).toThrow('which this page does not know')
  },
)

import { describe, expect, it } from 'vitest'
import { splitQuestion } from './question-parts.ts'

describe('the parts of a question', () => {
  it.each([
    [
      'How large may a payload be, and which setting raises the limit?',
      ['How large may a payload be', 'which setting raises the limit?'],
    ],
    [
      'What does VACUUM remove and in which order are tables visited?',
      ['What does VACUUM remove', 'in which order are tables visited?'],
    ],
    [
      'My writes are slow with many indexes. What should replace twelve partial ones?',
      ['My writes are slow with many indexes.', 'What should replace twelve partial ones?'],
    ],
  ])('%s', (question, parts) => {
    expect(splitQuestion(question)).toEqual(parts)
  })

  it.each([
    'How large may a payload be?',
    'What are tables and indexes good for?',
    'Is it so, and why?',
    // One part has too little to be found by.
    'My writes are slow with many indexes. What is that about?',
    '',
    '? ? ? . . .',
    'One thing is asked. Another thing is asked. A third thing is asked. A fourth thing is asked.',
  ])('are none in: %s', (question) => {
    expect(splitQuestion(question)).toEqual([])
  })
})

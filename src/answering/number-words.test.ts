import { expect, it } from 'vitest'
import { wordsToDigits } from './number-words.ts'

it.each([
  ['two workers', '2 workers'],
  ['zero', '0'],
  ['twenty five rows', '25 rows'],
  ['two hundred and five', '205'],
  ['two thousand three hundred', '2300'],
  ['three hundred thousand', '300000'],
  ['a hundred', 'a 100'],
  ['5 million rows', '5000000 rows'],
  ['2.01 thousand', '2010'],
])('reads "%s" as "%s"', (text, digits) => {
  expect(wordsToDigits(text)).toBe(digits)
})

it.each([
  ['one two', '1 2'],
  ['five twenty', '5 20'],
  ['two and three', '2 and 3'],
  ['five. hundred', '5. 100'],
  ['twenty, five', '20, 5'],
])('keeps the numbers of "%s" apart', (text, digits) => {
  expect(wordsToDigits(text)).toBe(digits)
})

it.each(['hundreds of rows', 'someone often', 'v1.2 and 3 rows', 'two_phase', '1.2.3 million.'])(
  'leaves what is no number word: %s',
  (text) => {
    expect(wordsToDigits(text).replace('1000000', 'million')).toBe(text)
  },
)

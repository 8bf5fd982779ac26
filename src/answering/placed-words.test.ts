import { describe, expect, it } from 'vitest'
import { likeness, toPlacedWords } from './placed-words.ts'

const textsOf = (text: string) => toPlacedWords(text).map((word) => word.text)

describe('the words of a text', () => {
  it('have numbers in one form, and their units apart', () => {
    expect(textsOf('Ten rows, 1,200ms and 80%')).toEqual([
      '10',
      'rows',
      ',',
      '1200',
      'ms',
      'and',
      '80',
      '%',
    ])
  })

  it.each([
    ["doesn't", ['does', 'not']],
    ["won't", ['will', 'not']],
    ['cannot', ['can', 'not']],
    ["GitHub's", ['github']],
    ['Next.js', ['next.js']],
  ])('are read from %s', (text, words) => {
    expect(textsOf(text)).toEqual(words)
  })

  it('tell what a call does', () => {
    expect(toPlacedWords('time.sleep').map(({ stem }) => stem)).toEqual(['sleep'])
  })
})

describe('likeness', () => {
  const place = (text: string, word: string) => {
    const words = toPlacedWords(text)
    return { words, at: words.findIndex((each) => each.text === word) }
  }

  it('is the more, the nearer the shared words stand', () => {
    // 5 rows: "rows" at 1 and 1, so 1/2. "big rows": at 1 and 2, so 1/3.
    const claim = place('5 rows', '5')
    expect(likeness(claim, place('7 rows', '7'))).toBeCloseTo(1 / 2)
    expect(likeness(claim, place('7 big rows', '7'))).toBeCloseTo(1 / 3)
    expect(likeness(claim, place('7 columns', '7'))).toBe(0)
  })

  it('does not ask on which side', () => {
    expect(likeness(place('rows 5', '5'), place('7 rows', '7'))).toBeCloseTo(1 / 2)
  })
})

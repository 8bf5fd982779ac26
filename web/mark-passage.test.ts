import { describe, expect, it } from 'vitest'
import type { Citation, Source } from './answer.ts'
import { markPassage, markRange } from './mark-passage.ts'

const place = {
  articleId: 'art_1',
  revision: 2,
  title: 'On NOTIFY',
  url: null,
  heading: '',
  publishedAt: null,
}

// The passage begins at 100 of its revision; "Two." stands at 5 in it, so at 105 of the revision.
const passage: Source = { ...place, start: 100, end: 116, text: 'One. Two. Three.' }
const citation: Citation = { ...place, number: 1, start: 105, end: 109, quote: 'Two.' }

describe('markPassage', () => {
  it('marks the cited sentence in its passage', () => {
    expect(markPassage(citation, [passage])).toEqual({
      before: 'One. ',
      marked: 'Two.',
      after: ' Three.',
    })
  })

  it('marks the place that is cited and not the first place with the same words', () => {
    const repeated = { ...passage, text: 'Two. Two. Three.' }
    expect(markPassage(citation, [repeated]).before).toBe('Two. ')
  })

  it('finds the sentence by its words where the passage leaves something out', () => {
    const shortened = { ...passage, text: '… Two. …' }
    expect(markPassage(citation, [shortened])).toEqual({
      before: '… ',
      marked: 'Two.',
      after: ' …',
    })
  })

  it.each([
    ['another article', { ...passage, articleId: 'art_2' }],
    ['another revision', { ...passage, revision: 1 }],
    ['a passage that ends before the sentence does', { ...passage, end: 108 }],
    ['a passage that begins inside the sentence', { ...passage, start: 106 }],
    ['a passage without the words', { ...passage, text: 'Something else.' }],
  ])('shows the sentence alone for %s', (_name, source) => {
    expect(markPassage(citation, [source])).toEqual({ before: '', marked: 'Two.', after: '' })
  })

  it('goes on to a later passage that has the sentence', () => {
    const earlier = { ...passage, text: 'Something else.' }
    expect(markPassage(citation, [earlier, passage]).before).toBe('One. ')
  })
})

describe('markRange', () => {
  it('cuts by UTF-16 code units, as the offsets count', () => {
    // The clef takes two code units, so "b" stands at 3.
    expect(markRange('a𝄞bc', { start: 3, end: 4 })).toEqual({
      before: 'a𝄞',
      marked: 'b',
      after: 'c',
    })
  })

  it.each([
    { start: 2, end: 5 },
    { start: -1, end: 1 },
    { start: 2, end: 2 },
  ])('marks nothing for a range that does not lie in the text: %o', (range) => {
    expect(markRange('abcd', range)).toBeNull()
  })
})

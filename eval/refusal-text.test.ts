import { describe, expect, it } from 'vitest'
import { isRefusalText, readStance } from './refusal-text.ts'

const stanceOf = (text: string, ...passages: string[]) =>
  readStance(text, { passages: passages.map((each) => ({ text: each })) })

describe('a sentence refuses', () => {
  it.each([
    'The articles do not say this.',
    'I don’t know.',
    "I'm sorry, but I cannot answer this question.",
    'There is not enough information to tell.',
    'Nothing in the articles is about this question.',
    'The context does not provide a price.',
    "The provided context doesn't mention it.",
    'There is no mention of a price in the text.',
  ])('%s', (sentence) => {
    expect(isRefusalText(sentence)).toBe(true)
  })

  it.each([
    'An article that leaves the feed is not deleted.',
    'The planner cannot determine the number of rows.',
    'Readers do not know the address.',
    'It holds 8000 bytes.',
  ])('and this does not: %s', (sentence) => {
    expect(isRefusalText(sentence)).toBe(false)
  })
})

describe('a text', () => {
  it.each([
    'I do not know.',
    'The context does not mention a price. Therefore, I cannot answer the question.',
    'I don’t know. Thanks for asking!',
    'The articles do not say this. The nearest articles: “Why? A story”, “Kilns”.',
    'While the articles describe kilns, they do not mention a price.',
    'The articles do not mention a price, but they describe kilns.',
  ])('that only denies is a refusal: %s', (text) => {
    expect(stanceOf(text)).toBe('denies')
  })

  it.each([
    'The articles do not say this. It is 8000 bytes [1].',
    'The articles do not say this, but it is 8000 bytes.',
    'While the articles do not mention it, the cap is 8000 bytes.',
    'It is 8000 bytes [1]. I do not know more.',
  ])('that denies and states is neither: %s', (text) => {
    expect(stanceOf(text)).toBe('both')
  })

  it('that has nothing of the kind states', () => {
    expect(stanceOf('It is 8000 bytes [1].')).toBe('states')
    expect(stanceOf('')).toBe('states')
  })

  it('that quotes a denial of an article states', () => {
    const quote = 'The text does not mention a kiln.'
    expect(stanceOf(`${quote} [1]`, `A critic wrote this. ${quote}`)).toBe('states')
    expect(stanceOf(`${quote} [1]`, 'A critic wrote this.')).toBe('denies')
  })
})

import { expect, it } from 'vitest'
import { contentStems } from './content-words.ts'

it('reduces words to their stems and drops those that carry no content', () => {
  expect(contentStems('What are the indexes of a table used for?')).toEqual(['index', 'tabl'])
})

it('reads a possessive and a contraction as the word itself', () => {
  expect(contentStems("Postgres's queue doesn’t lock")).toEqual(contentStems('Postgres queue lock'))
})

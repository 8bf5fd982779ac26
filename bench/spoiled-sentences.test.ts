import { expect, it } from 'vitest'
import { readTopic, spoilSentence } from './spoiled-sentences.ts'

const OPTIONS = {
  passageText: 'Redis took 87 ms, and Postgres 12 ms. Call pg_notify() or job_id().',
  others: ['Kilns hold heat.'],
  topic: 'the index',
  seed: 1,
}

it('spoils a sentence in every way that it allows, the same for the same seed', () => {
  const text = 'It is true that Redis took 87 ms with pg_notify().'
  const spoiled = spoilSentence(text, OPTIONS)
  expect(spoilSentence(text, OPTIONS)).toEqual(spoiled)
  const textsOf = (kind: string) =>
    spoiled.flatMap((each) => (each.kind === kind ? [each.text] : []))
  expect(textsOf('number')).toEqual(['It is true that Redis took 262 ms with pg_notify().'])
  expect(textsOf('number of the passage')).toEqual([
    'It is true that Redis took 12 ms with pg_notify().',
  ])
  expect(textsOf('name of the passage')).toEqual([
    'It is true that Postgres took 87 ms with pg_notify().',
  ])
  expect(textsOf('identifier')).toEqual(['It is true that Redis took 87 ms with job_id().'])
  expect(textsOf('negation')).toContain('It is not true that Redis took 87 ms with pg_notify().')
  expect(textsOf('of another article')).toEqual(['Kilns hold heat.'])
  expect(textsOf('invented')[0]).toContain('the index')
})

it('takes what the question and the evidence have for the topic', () => {
  expect(readTopic('How large is a partial index?', 'An index is small.')).toBe('the index')
  expect(readTopic('How large is it?', 'An index is small.')).toBe('it')
})

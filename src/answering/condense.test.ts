import { expect, it } from 'vitest'
import { condense } from './condense.ts'

const ask = (content: string) => ({ role: 'user' as const, content })
const say = (content: string) => ({ role: 'assistant' as const, content })

it('resolves a follow-up with what the question before it is about, and keeps what was said', () => {
  expect(
    condense([
      ask('What are unlogged tables in Postgres?'),
      say('Tables that write no log. [1][2]'),
      ask('so are they gone after a restart?'),
    ]),
  ).toEqual({
    question: 'so are they gone after a restart? (about: unlogged tables in Postgres)',
    asked: 'so are they gone after a restart?',
    earlier: 'What are unlogged tables in Postgres?',
    earlierAnswer: 'Tables that write no log.',
  })
})

it('leaves a question that stands alone as it is, whatever was said before', () => {
  const question = 'What is the payload limit of NOTIFY?'
  expect(condense([ask('How long does rye rest?'), say('12 hours.'), ask(question)])).toEqual({
    question,
    asked: question,
    earlier: null,
    earlierAnswer: null,
  })
})

it('leans on nothing at the first question', () => {
  const question = 'How large may it be?'
  expect(condense([ask(question)])).toMatchObject({ question, earlier: null })
})

it('keeps the subject through follow-ups of follow-ups', () => {
  const understood = condense([
    ask('What are unlogged tables in Postgres?'),
    say('Tables that write no log.'),
    ask('how do they compare to temporary ones?'),
    say('They are seen by all sessions.'),
    ask('which is faster?'),
  ])
  expect(understood).toEqual({
    question:
      'which is faster? (about: unlogged tables in Postgres; how do they compare to temporary ones)',
    asked: 'which is faster?',
    earlier: 'how do they compare to temporary ones? (about: unlogged tables in Postgres)',
    earlierAnswer: 'They are seen by all sessions.',
  })
})

it('forgets a subject that another question has left', () => {
  const { question } = condense([
    ask('What are unlogged tables in Postgres?'),
    ask('How long does rye dough rest?'),
    ask('why?'),
  ])
  expect(question).toBe('why? (about: rye dough rest)')
})

it('takes nothing from an answer that was a refusal', () => {
  const refusal = 'The articles do not say this. The nearest articles: “Baking”.'
  const { earlier, earlierAnswer } = condense([ask('What is rye?'), say(refusal), ask('why?')])
  expect(earlier).toBe('What is rye?')
  expect(earlierAnswer).toBeNull()
})

it('takes nothing from an answer to another question', () => {
  const messages = [ask('What is rye?'), say('A grain.'), ask('What is NOTIFY?'), ask('why?')]
  expect(condense(messages)).toMatchObject({ earlier: 'What is NOTIFY?', earlierAnswer: null })
})

it('leans on the beginning of what was long', () => {
  const { question, earlier, earlierAnswer } = condense([
    ask(`What is ${'rye '.repeat(2_000)}?`),
    say('x'.repeat(20_000)),
    ask('Why?'),
  ])
  expect(question.length).toBeLessThan(230)
  expect(earlier?.length).toBeLessThanOrEqual(300)
  expect(earlierAnswer).toHaveLength(300)
})

it('cuts no character in two', () => {
  const { earlier } = condense([ask('😀'.repeat(400)), ask('Why?')])
  expect(earlier?.isWellFormed()).toBe(true)
})

it('leans on no message without a word, and keeps what was spoken of before it', () => {
  const followUp = 'and its default?'
  expect(condense([ask(' '), say('Yes?'), ask(followUp)])).toMatchObject({ question: followUp })
  expect(condense([say('Hello!'), ask(followUp)])).toMatchObject({ question: followUp })
  expect(
    condense([ask('What is fillfactor?'), say('A share.'), ask('?'), say('…'), ask(followUp)]),
  ).toMatchObject({ question: 'and its default? (about: fillfactor)', earlierAnswer: 'A share.' })
})

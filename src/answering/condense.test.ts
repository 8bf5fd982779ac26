import { expect, it } from 'vitest'
import { condense } from './condense.ts'

it('takes the last message as the question and the user’s one before it as what it leans on', () => {
  expect(
    condense([
      { role: 'user', content: 'What is NOTIFY?' },
      { role: 'assistant', content: 'A command.' },
      { role: 'user', content: 'How large may it be?' },
    ]),
  ).toEqual({ question: 'How large may it be?', earlier: 'What is NOTIFY?' })
})

it('leans on the beginning of what was a long message', () => {
  const messages = ['x'.repeat(20_000), 'Why?'].map((content) => ({
    role: 'user' as const,
    content,
  }))
  expect(condense(messages).earlier).toHaveLength(300)
})

it('leans on nothing at the first question', () => {
  expect(condense([{ role: 'user', content: 'What is NOTIFY?' }]).earlier).toBeNull()
})

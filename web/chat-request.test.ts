import { expect, it } from 'vitest'
import { chatRequest } from './chat-request.ts'

it('asks the first question alone', () => {
  expect(chatRequest('What is it?', [])).toEqual({ question: 'What is it?', stream: true })
})

it('asks for a fresh answer only where one is wanted', () => {
  const fresh = { fresh: true }
  expect(chatRequest('What is it?', [], fresh)).toEqual({
    question: 'What is it?',
    stream: true,
    fresh: true,
  })
  expect(chatRequest('And then?', [{ question: 'a', answer: 'b' }], fresh).fresh).toBe(true)
})

it('sends a follow-up with what was said before it, in order', () => {
  expect(chatRequest('And then?', [{ question: 'What is it?', answer: 'A queue. [1]' }])).toEqual({
    messages: [
      { role: 'user', content: 'What is it?' },
      { role: 'assistant', content: 'A queue. [1]' },
      { role: 'user', content: 'And then?' },
    ],
    stream: true,
  })
})

it('leaves the oldest turns out of a long conversation', () => {
  const earlier = Array.from({ length: 9 }, (_, index) => ({ question: `q${index}`, answer: 'a' }))
  const request = chatRequest('last', earlier)
  // 6 earlier turns of two messages, and the question.
  expect(request).toHaveProperty('messages.length', 13)
  expect(request).toHaveProperty('messages.0.content', 'q3')
})

import { describe, expect, it } from 'vitest'
import { answerPieces } from './answer-pieces.ts'
import { parseAnswer } from './answer.ts'
import type { Answer } from './answer.ts'

function answerOf(text: string, sentences: readonly string[]): Answer {
  return parseAnswer({
    status: 'answered',
    answer: text,
    sentences: sentences.map((sentence) => {
      const start = text.indexOf(sentence)
      return { text: sentence, start, end: start + sentence.length, citations: [1] }
    }),
  })
}

describe('answerPieces', () => {
  it('leaves the marks out between the sentences', () => {
    const answer = answerOf('One. [1] Two. [2][3]', ['One.', 'Two.'])
    expect(answerPieces(answer).map(({ gap, text }) => gap + text)).toEqual(['One.', ' Two.'])
  })

  it('keeps line breaks and list dashes', () => {
    const answer = answerOf('Both: [1]\n\n- one. [1]\n- two. [1]', ['Both:', 'one.', 'two.'])
    expect(
      answerPieces(answer)
        .map(({ gap, text }) => gap + text)
        .join(''),
    ).toBe('Both:\n\n- one.\n- two.')
  })

  it('keeps marks that are words of a sentence', () => {
    const answer = answerOf('Read a[0] first. [1]', ['Read a[0] first.'])
    expect(answerPieces(answer)[0]?.text).toBe('Read a[0] first.')
  })
})

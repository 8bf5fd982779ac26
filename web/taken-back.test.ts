import { describe, expect, it } from 'vitest'
import { findTakenBack } from './taken-back.ts'

const answered = (answer: string) => ({ status: 'answered', reason: null, answer })
const refused = (reason: string) => ({ status: 'refused', reason, answer: 'It is not said.' })

describe('words that were shown', () => {
  it('stand where marks and white space alone are other ones', () => {
    expect(findTakenBack('One.  Two.\n', answered('One. [1] Two. [1]'))).toBeNull()
  })

  it('are none where nothing was shown', () => {
    expect(findTakenBack('', refused('unsupported'))).toBeNull()
  })

  it.each([
    ['at the end', 'One. Two.', 'One. [1]'],
    ['at the start', 'Two. One.', 'One. [1]'],
    ['in the middle', 'One. Two. Three.', 'One. [1] Three. [2]'],
    ['in quotes', 'One. “Two.” Three?', 'Two. One. [1] Three? [2]'],
  ])('are told where a sentence was dropped %s', (_where, streamed, final) => {
    expect(findTakenBack(streamed, answered(final))).toEqual({
      notice: 'Some words were taken back: nothing in the articles supports them.',
      words: streamed.includes('“') ? '“Two.”' : 'Two.',
    })
  })

  it('are all taken back where the order is another', () => {
    const taken = findTakenBack('Not one. But two.', answered('But two. [1] Not one. [1]'))
    expect(taken?.words).toBe('Not one. But two.')
  })

  it.each([
    ['not-answered', 'The words were taken back: the articles do not state them as an answer.'],
    ['unsupported', 'The words were taken back: nothing in the articles supports them.'],
  ])('are all taken back by a refusal as %s', (reason, notice) => {
    expect(findTakenBack('It weighs 5 t. Yes.', refused(reason))).toEqual({
      notice,
      words: 'It weighs 5 t. Yes.',
    })
  })
})

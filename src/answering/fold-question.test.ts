import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ABOUT } from '../retrieval/question-parts.ts'
import { foldQuestion } from './fold-question.ts'

describe('questions that are one', () => {
  it.each([
    ['What is NOTIFY?', 'what is notify'],
    ['What is NOTIFY?', 'WHAT IS NOTIFY'],
    ['What is NOTIFY?', '  What   is\n\tNOTIFY ?  '],
    ['What is NOTIFY?', 'What is NOTIFY!'],
    ['What is NOTIFY?', 'What is NOTIFY...'],
    ['What is NOTIFY?', 'What is NOTIFY?!'],
    ['What is NOTIFY?', 'What is “NOTIFY”?'],
    ['What is NOTIFY?', 'What is "NOTIFY?"'],
    ['What is NOTIFY?', '¿What is NOTIFY?'],
    ['In Postgres, what is NOTIFY?', 'in postgres what is notify'],
    ['NOTIFY: what is it?', 'NOTIFY what is it'],
    ['I use NOTIFY. How large may it be?', 'I use NOTIFY, how large may it be?'],
    ['What’s the limit?', "what's the limit"],
    ['What is C++?', 'what is c++'],
    ['Was ist Größe?', 'was ist gro\u0308ße'],
  ])('%j and %j', (one, other) => {
    expect(foldQuestion(other)).toBe(foldQuestion(one))
  })
})

describe('questions that are two', () => {
  it.each([
    ['What is C?', 'What is C++?'],
    ['What is C?', 'What is C#?'],
    ['What is C?', 'What is C:?'],
    ['What is .NET?', 'What is NET?'],
    ['What is Node.js?', 'What is Node js?'],
    ['What does .. mean?', 'What does . mean?'],
    ['What is ??', 'What is ?'],
    ['What is std::?', 'What is std:?'],
    ['What does save! do?', 'What does save do?'],
    ['How long is 5"?', "How long is 5'?"],
    ['How long is 5"?', 'How long is 5?'],
    ['What is foo_bar?', 'What is foo bar?'],
    ['What is foo-bar?', 'What is foo bar?'],
    ['What is -x?', 'What is x?'],
    ['Is 1,200 the limit?', 'Is 1 200 the limit?'],
    ['Is 1.5 the limit?', 'Is 15 the limit?'],
    ['What is @user?', 'What is user?'],
    ['What is f()?', 'What is f?'],
    ['What is 10 m²?', 'What is 10 m2?'],
    ['Why is it so?', 'Why is it?'],
  ])('%j and %j', (one, other) => {
    expect(foldQuestion(other)).not.toBe(foldQuestion(one))
  })

  it('that are asked of different things, and are one where they are asked of the same', () => {
    const ask = (question: string, about: string) => foldQuestion(`${question}${ABOUT}${about})`)
    expect(ask('How large may it be?', 'NOTIFY')).toBe(ask('how large may it be', 'notify'))
    expect(ask('How large may it be?', 'NOTIFY')).not.toBe(ask('How large may it be?', 'LISTEN'))
  })
})

const word = fc.stringMatching(/^[a-z0-9]{2,8}(?:[-+#._/][a-z0-9]{1,4})?[+#]{0,2}$/)
const words = fc.array(word, { minLength: 1, maxLength: 8 })
const space = fc.stringMatching(/^[ \t\n]{1,3}$/)

describe('any words', () => {
  it('are the same however they are spaced, capitalised, quoted, separated and ended', () => {
    const writing = fc.record({
      space,
      isUpper: fc.boolean(),
      isQuoted: fc.boolean(),
      comma: fc.constantFrom('', ',', ';'),
    })
    fc.assert(
      fc.property(
        words,
        fc.array(writing, { minLength: 8, maxLength: 8 }),
        fc.constantFrom('', '?', '!', '.', '…', '?!', ' ?'),
        (given, writings, end) => {
          const written = given.map((each, at) => {
            const { space = ' ', isUpper, isQuoted, comma } = writings[at] ?? {}
            const cased = isUpper === true ? each.toUpperCase() : each
            const isDigit = /\d$/.test(each)
            return `${space}${isQuoted === true && !isDigit ? `“${cased}”` : cased}${comma}`
          })
          expect(foldQuestion(written.join('') + end)).toBe(given.join(' '))
        },
      ),
    )
  })

  it('are told apart from any other words', () => {
    fc.assert(
      fc.property(words, words, (one, other) => {
        const isSame = one.join(' ') === other.join(' ')
        expect(foldQuestion(`${one.join(' ')}?`) === foldQuestion(other.join(' '))).toBe(isSame)
      }),
    )
  })

  it('keep every letter, digit and sign that is no punctuation', () => {
    const signs = (text: string) =>
      text
        .toLowerCase()
        .normalize('NFC')
        .match(/[\p{L}\p{N}\p{S}]/gu)
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(signs(foldQuestion(text))).toEqual(signs(text))
      }),
    )
  })

  it('become no longer, in a time that grows with them', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...`aC1 "'“,;:.?!+#\n`) }), (text) => {
        const folded = foldQuestion(text)
        expect(folded.length).toBeLessThanOrEqual(text.length)
      }),
    )
    const startedAt = performance.now()
    for (const mark of ['"', ',', '?', '.', ' ', ':', '"?']) foldQuestion(mark.repeat(100_000))
    expect(performance.now() - startedAt).toBeLessThan(2_000)
  })
})

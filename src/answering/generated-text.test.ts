import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createGeneratedText } from './generated-text.ts'

function collect(pieces: readonly string[]): { shown: string; text: string } {
  const generated = createGeneratedText()
  const shown = pieces.map((piece) => generated.push(piece)).join('') + generated.end()
  return { shown, text: generated.text }
}

it('leaves out the marks that the model writes, however they are cut', () => {
  const text = 'Payloads have 8000 bytes [7]. An array[i] and [10] stay apart.'
  fc.assert(
    fc.property(fc.array(fc.nat(text.length), { maxLength: 6 }), (cuts) => {
      const ends = [...cuts, text.length].toSorted((a, b) => a - b)
      const pieces = ends.map((end, at) => text.slice(ends[at - 1] ?? 0, end))
      expect(collect(pieces).shown).toBe('Payloads have 8000 bytes. An array[i] and stay apart.')
    }),
  )
})

it('leaves the indexes of code alone', () => {
  const code = 'Read process.argv[2] and rows[0] first.'
  expect(collect([code]).text).toBe(code)
})

it('shows in pieces what it gives as a whole', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), (pieces) => {
      const { shown, text } = collect(pieces)
      expect(shown).toBe(text)
    }),
  )
})

it('drops what cannot be kept', () => {
  expect(collect(['a\0b \ud800']).text).toBe('ab \ufffd')
})

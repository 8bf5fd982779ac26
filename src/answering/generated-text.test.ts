import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createGeneratedText } from './generated-text.ts'

function collect(pieces: readonly string[]): { shown: string; text: string } {
  const generated = createGeneratedText()
  const shown = pieces.map((piece) => generated.push(piece)).join('') + generated.end()
  return { shown, text: generated.text }
}

it('leaves out the marks that the model writes, however they are cut', () => {
  const text = 'Payloads have 8000 bytes [7]. An array[i] and [10] stay apart.'
  fc.assert(
    fc.property(cuts(text), (pieces) => {
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
  expect(collect(['Tab\tand\r\nline', '\u202e\u001b[2J\u0085']).text).toBe('Tab\tand\nline[2J')
})

/** The same text, cut anywhere into pieces. */
function cuts(text: string): fc.Arbitrary<readonly string[]> {
  return fc.array(fc.nat(text.length), { maxLength: 8 }).map((places) => {
    const ends = [...places, text.length].toSorted((a, b) => a - b)
    return ends.map((end, at) => text.slice(ends[at - 1] ?? 0, end))
  })
}

it('never shows half of a character that comes in two pieces', () => {
  fc.assert(
    fc.property(cuts('The \u{1f5fc} is \u{1f4a1}.'), (pieces) => {
      expect(collect(pieces).shown).toBe('The \u{1f5fc} is \u{1f4a1}.')
    }),
  )
})

it('leaves out what the model thinks, however it is cut', () => {
  const thought = '<think>\nPerhaps 30? <b>No</b> [1].\n</think>\n\nIt is 40 < 50. <Thinking>Sure?'
  fc.assert(
    fc.property(cuts(thought), (pieces) => {
      expect(collect(pieces)).toEqual({ shown: 'It is 40 < 50. ', text: 'It is 40 < 50. ' })
    }),
  )
})

it('has in the end no thought whose beginning was not marked', () => {
  expect(collect(['Perhaps 30? ', 'No.</thi', 'nk>\n', 'It is', ' 40.']).text).toBe('It is 40.')
})

describe('a model that does not end', () => {
  const push = (pieces: readonly string[]) => {
    const generated = createGeneratedText()
    const taken = pieces.findIndex((piece) => {
      generated.push(piece)
      return generated.isOver
    })
    generated.end()
    return { taken, text: generated.text }
  }

  it.each([
    ['a sentence', 'It is 40 metres high. ', 4],
    ['a word', 'very ', 10],
    ['a sign', '-', 48],
  ])('is over when it repeats %s, which stays once', (_, unit, times) => {
    const pieces = ['So: ', ...Array.from({ length: 100 }, () => unit)]
    const { taken, text } = push(pieces)
    // The space behind the last one is held back until the next one comes.
    expect([times, times + 1]).toContain(taken)
    expect(text).toBe(`So: ${unit}`.trimEnd())
  })

  it('is over when it has written far more than an answer', () => {
    const { text } = push(Array.from({ length: 10_000 }, (_, at) => `word${at} `))
    expect(text.length).toBeLessThanOrEqual(4_000)
  })

  it('is not one that lists things alike', () => {
    const list = '1. one row\n2. one row\n3. one row\n4. one row\n5. one row\n6. one row\n'
    expect(push([...list]).taken).toBe(-1)
  })
})

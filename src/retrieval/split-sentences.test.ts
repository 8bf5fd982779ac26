import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BlockKind } from '../domain.ts'
import { splitAnswer, splitSentences } from './split-sentences.ts'

/** The sentences, written with a bar between them as the input is in the tables below. */
function split(text: string, kind: BlockKind = 'paragraph'): string {
  return splitSentences(text, kind)
    .map(({ start, end }) => text.slice(start, end))
    .join(' | ')
}

describe('prose', () => {
  // A bar stands where a sentence ends.
  it.each([
    'One ends. | Another ends! | Does it? | Yes.',
    'Use a database, e.g. Postgres, i.e. a server vs. Another thing.',
    'Dr. Lee and Mr. J. R. Brown met Edgar F. Codd. | They talked.',
    'See Fig. 3, No. 5, pp. 7 and Smith et al. 2020. | No. | It has approx. 10 parts etc. | The end.',
    'The U.S. Navy sails. | It began in the U.S. | However, it moved at 5 p.m. on Monday.',
    'It is written in C. | Rust came later. | Acme Inc. Chairman Lee left Acme Inc. | The firm grew.',
    'Upgrade to v1.2. | Use Node.js. | Next.js 15.0.1 is 3.5 times faster. | Edit app.yaml. | Done.',
    'Open https://example.org/?q=a!b.C#d. | Then read it.',
    'It floats (mostly. Not always.) on water. | It is done.',
    'Ask "does it float?" and "why?" to learn. | He said "Stop." | Then he left. | (So did I.) | Yes.',
    'Write ALTER TABLE ... ADD COLUMN here. | Wait... | What?! :)',
    'A job survives a crash. | psycopg2 polls. | await tells the loop. | 40% of jobs wait.',
    'Call it (see below). | time.sleep() blocks.',
    'Yahoo! announced it.',
    '1. Cast off. | Step 2. Set the sail. | It was 1999. | The end.',
    'The culprit? A full index. | Is it fast? | It is.',
    'Label: the explanation of it. | Run REFRESH VIEW x;. | Then go.',
    'Wait for it… | Then go.',
    '潮が満ちる。 | 船が出る。',
    'no end',
  ])('is split where its sentences end: %s', (marked) => {
    const text = marked.replaceAll(' | ', ' ')
    expect(split(text)).toBe(marked)
    expect(split(text, 'quote')).toBe(marked)
  })

  it('is split in CJK without spaces between', () => {
    expect(split('潮が満ちる。船が出る。')).toBe('潮が満ちる。 | 船が出る。')
  })

  it('has no sentence in whitespace, and none with whitespace around it', () => {
    expect(split('  \n ')).toBe('')
    expect(split('  One.\n  Two.  ')).toBe('One. | Two.')
  })

  it('is cut between words where it never ends', () => {
    const spans = splitSentences('word '.repeat(500), 'paragraph')
    expect(spans.map(({ start, end }) => [start, end])).toEqual([
      [0, 999],
      [1000, 1999],
      [2000, 2499],
    ])
  })

  it('is cut without breaking a character where it has no words', () => {
    for (const { start, end } of splitSentences('x' + '😀'.repeat(900), 'paragraph')) {
      expect([start % 2, end % 2]).toEqual([start === 0 ? 0 : 1, 1])
    }
  })

  // The segmenter alone takes minutes for this.
  it('is split in time however long it is', () => {
    expect(splitSentences('Hello world. '.repeat(100_000), 'paragraph')).toHaveLength(100_000)
    for (const run of ['(a. ', 'A. ', 'e.g. ', '. ', 'a', '( ']) {
      expect(splitSentences(run.repeat(100_000), 'paragraph')).not.toHaveLength(0)
    }
  })
})

describe('other blocks', () => {
  it('have no sentences where they are headings', () => {
    expect(split('A heading. And more.', 'heading')).toBe('')
  })

  it('have at least one for each item of a list, without its mark', () => {
    expect(split('- One. Two here.\n  12. Three: x\n  tail\n- *4*', 'list')).toBe(
      'One. | Two here. | Three: x | tail | *4*',
    )
  })

  it('have one for each row of a table', () => {
    expect(split('Name | Size\nA. B | C. D', 'table')).toBe('Name | Size | A. B | C. D')
    expect(splitSentences('Name | Size\nA. B | C. D', 'table')).toHaveLength(2)
  })

  it('have one for a short piece of code', () => {
    const code = Array.from({ length: 12 }, (_, at) => (at === 5 ? '' : `  line ${at}`)).join('\n')
    expect(split(code, 'code')).toBe(code.trim())
  })

  it('have the parts between blank lines for longer code, as many together as 12 lines hold', () => {
    // Parts of 6, 5 and 4 lines: 6 + 1 + 5 = 12 fit together, the third does not.
    const part = (size: number) => Array.from({ length: size }, () => 'x').join('\n')
    const first = `${part(6)}\n\n${part(5)}`
    expect(split(`${first}\n\n${part(4)}`, 'code')).toBe(`${first} | ${part(4)}`)
  })

  it('have even pieces of longer code without blank lines', () => {
    // 25 lines: three pieces of at most ceil(25 / 3) = 9.
    const lines = Array.from({ length: 25 }, (_, at) => `line ${at}`)
    const pieces = [lines.slice(0, 9), lines.slice(9, 18), lines.slice(18)]
    expect(split(lines.join('\n'), 'code')).toBe(pieces.map((each) => each.join('\n')).join(' | '))
  })
})

describe('an answer', () => {
  it('is split by lines, list marks and fenced code', () => {
    const answer =
      'It works. Do this:\n\n1. First.\n- Two\n```sql\nSELECT 1;\n\nSELECT 2;\n```\nDone.'
    expect(splitAnswer(answer).map(({ start, end }) => answer.slice(start, end))).toEqual([
      'It works.',
      'Do this:',
      'First.',
      'Two',
      'SELECT 1;\n\nSELECT 2;',
      'Done.',
    ])
  })

  it('is split while its code is still open', () => {
    const answer = 'Run:\n```\nls'
    expect(splitAnswer(answer)).toEqual([
      { start: 0, end: 4 },
      { start: 9, end: 11 },
    ])
  })
})

describe('any text', () => {
  const kinds: readonly BlockKind[] = ['paragraph', 'list', 'code', 'quote', 'table']
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.constantFrom(
      '. ',
      '? ',
      '."',
      '(',
      ')',
      '\n',
      '\n- ',
      '\n\n',
      'e.g. ',
      'U.S. ',
      '1. ',
      '...',
    ),
    fc.string({ minLength: 900, maxLength: 1200 }),
  )
  const text = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''))

  it('has sentences in order, apart, trimmed, not empty, and with every letter in one', () => {
    fc.assert(
      fc.property(text, fc.constantFrom(...kinds), (text, kind) => {
        let from = 0
        for (const { start, end } of splitSentences(text, kind)) {
          expect(start).toBeGreaterThanOrEqual(from)
          expect(end).toBeGreaterThan(start)
          expect(text.slice(start, end)).toBe(text.slice(start, end).trim())
          // A number in front of an item is its mark.
          expect(text.slice(from, start)).not.toMatch(kind === 'list' ? /\p{L}/u : /[\p{L}\p{N}]/u)
          from = end
        }
        expect(text.slice(from)).not.toMatch(kind === 'list' ? /\p{L}/u : /[\p{L}\p{N}]/u)
      }),
      { numRuns: 300 },
    )
  })
})

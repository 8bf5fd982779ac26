import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Block, BlockKind, ChunkedArticle } from '../src/domain.ts'
import { chunkArticle, chunkContext } from './chunk-article.ts'
import { cleanHtml } from './clean-html.ts'
import { parseFeed } from './parse-feed.ts'
import { createTokenCounter } from './token-count.ts'

/** One token a word, so that the numbers below can be counted by hand. */
const countWords = (text: string) => text.split(/\s+/).filter((word) => word !== '').length

function block(kind: BlockKind, text: string): Block {
  return { kind, text }
}

function heading(level: number, text: string): Block {
  return { kind: 'heading', text, level }
}

/** A sentence of so many words. */
function sentence(words: number, name = 'Word'): string {
  return `${[name, ...Array.from({ length: words - 1 }, () => 'word')].join(' ')}.`
}

function chunk(blocks: readonly Block[], maxTokens = 20): ChunkedArticle {
  return chunkArticle(blocks, { countTokens: countWords, maxTokens })
}

function textsOf({ text, chunks }: ChunkedArticle): readonly string[] {
  return chunks.map(({ start, end }) => text.slice(start, end))
}

describe('the text of an article', () => {
  it('is its blocks with a blank line between, headings too', () => {
    const article = chunk([heading(2, 'Bow'), block('paragraph', 'In front.'), heading(2, 'Stern')])
    expect(article.text).toBe('Bow\n\nIn front.\n\nStern')
  })

  it('is empty where there are no blocks', () => {
    expect(chunk([])).toEqual({ text: '', chunks: [] })
  })
})

describe('chunks', () => {
  it('are neighbouring blocks up to the limit', () => {
    const blocks = [8, 8, 8, 8].map((words) => block('paragraph', sentence(words)))
    expect(textsOf(chunk(blocks)).map(countWords)).toEqual([16, 16])
  })

  it('never cross a heading, and carry the headings above them', () => {
    const article = chunk([
      block('paragraph', 'Before.'),
      heading(2, 'Ropes'),
      heading(4, 'Knots'),
      block('paragraph', 'Tie.'),
      heading(3, 'Care'),
      block('paragraph', 'Dry.'),
      heading(2, 'Sails'),
    ])
    expect(textsOf(article)).toEqual(['Before.', 'Tie.', 'Dry.'])
    const paths = article.chunks.map(({ headingPath }) => headingPath)
    expect(paths).toEqual([[], ['Ropes', 'Knots'], ['Ropes', 'Care']])
  })

  it('hold a line that leads on together with what it leads to', () => {
    const list = `- ${sentence(5)}\n- ${sentence(5)}`
    const blocks = [
      block('paragraph', sentence(10)),
      block('paragraph', 'This follows:'),
      block('list', list),
    ]
    // 10 + 2 + 12 = 24 words do not fit, and the second goes with the third.
    expect(textsOf(chunk(blocks))).toEqual([blocks[0]?.text, `This follows:\n\n${list}`])
  })

  it('hold a list that leads on together with the code behind it', () => {
    const blocks = [
      block('paragraph', sentence(15)),
      block('list', '1. Run this now:'),
      block('code', 'a b c'),
    ]
    expect(textsOf(chunk(blocks))).toEqual([blocks[0]?.text, '1. Run this now:\n\na b c'])
  })

  it('leave a line that leads on where both are too long together', () => {
    const blocks = [block('paragraph', `${sentence(15)} So:`), block('list', `- ${sentence(18)}`)]
    expect(textsOf(chunk(blocks))).toHaveLength(2)
  })

  it('keep code of up to twice their size whole, with the few words in front', () => {
    const code = Array.from({ length: 18 }, () => 'a b').join('\n')
    const blocks = [block('paragraph', 'It runs here.'), block('code', code)]
    expect(textsOf(chunk(blocks))).toEqual([`It runs here.\n\n${code}`])
  })

  it('split longer code between its parts, with their indents', () => {
    const part = Array.from({ length: 10 }, () => '    a b').join('\n')
    const article = chunk([block('code', [part, part, part].join('\n\n'))])
    expect(textsOf(article)).toEqual([part, part, part])
  })

  it('split a long paragraph between its sentences', () => {
    const text = [sentence(9), sentence(9), sentence(9), sentence(9)].join(' ')
    const article = chunk([block('paragraph', text)])
    expect(textsOf(article).map(countWords)).toEqual([18, 18])
    expect(article.chunks.map(({ sentences }) => sentences.length)).toEqual([2, 2])
  })

  it('split a long list between its items, marks and indents kept', () => {
    const items = [`1. ${sentence(9)}`, `  - ${sentence(4)} ${sentence(5)}`, `2. ${sentence(9)}`]
    const article = chunk([block('list', items.join('\n'))])
    // 10 + 10 words fit, the third item starts the next chunk.
    expect(textsOf(article)).toEqual([items.slice(0, 2).join('\n'), items[2]])
  })

  it('join what is left at the end of a section to the chunk before', () => {
    const blocks = [block('paragraph', sentence(18)), block('paragraph', sentence(4))]
    expect(textsOf(chunk(blocks))).toHaveLength(1)
    expect(textsOf(chunk([...blocks, heading(2, 'Next')]))).toHaveLength(1)
  })

  it('cut a run without any boundary', () => {
    const article = chunk([block('paragraph', 'x'.repeat(2500))])
    expect(textsOf(article).map((text) => text.length)).toEqual([2500])
    const characters = chunkArticle([block('paragraph', 'x'.repeat(2500))], {
      countTokens: (text) => text.length,
      maxTokens: 20,
    })
    expect(textsOf(characters).map((text) => text.length)).toEqual([1000, 1000, 500])
  })

  it('are at most 200, and the text ends with them', () => {
    const blocks = Array.from({ length: 300 }, () => [
      heading(2, 'Part'),
      block('paragraph', 'Text.'),
    ]).flat()
    const article = chunk(blocks)
    expect(article.chunks).toHaveLength(200)
    expect(article.text).toHaveLength(article.chunks.at(-1)?.end ?? 0)
    expect(article.text.endsWith('Text.')).toBe(true)
  })

  it('come of no more than half a million characters', () => {
    const article = chunk([block('paragraph', `x${'😀'.repeat(400_000)}.`)], 1_000_000)
    expect(article.text.length).toBeLessThanOrEqual(500_000)
    expect(article.text).not.toMatch(/\p{Cs}/u)
  })
})

describe('the context of a chunk', () => {
  it('is the title and the headings above it, the title not twice', () => {
    expect(chunkContext('Boats', ['Ropes', 'Knots'])).toBe('Boats › Ropes › Knots')
    expect(chunkContext('Boats', ['boats ', 'Knots'])).toBe('boats › Knots')
    expect(chunkContext('Boats', [])).toBe('Boats')
    expect(chunkContext('', ['Ropes'])).toBe('Ropes')
  })
})

function expectSound({ text, chunks }: ChunkedArticle, blocks: readonly Block[]): void {
  let chunkEnd = 0
  const covered = new Uint8Array(text.length)
  for (const { start, end, sentences } of chunks) {
    expect(start).toBeGreaterThanOrEqual(chunkEnd)
    expect(sentences.length).toBeGreaterThan(0)
    let sentenceEnd = start
    for (const each of sentences) {
      expect(each.start).toBeGreaterThanOrEqual(sentenceEnd)
      expect(each.end).toBeGreaterThan(each.start)
      sentenceEnd = each.end
    }
    expect(end).toBeGreaterThanOrEqual(sentenceEnd)
    covered.fill(1, start, end)
    chunkEnd = end
  }
  let start = 0
  for (const { kind, text: part } of blocks) {
    expect(text.slice(start, start + part.length)).toBe(part)
    for (const { index } of part.matchAll(/\S/gu)) {
      expect(covered[start + index]).toBe(kind === 'heading' ? 0 : 1)
    }
    start += part.length + 2
  }
}

describe('any article', () => {
  const word = fc.constantFrom(
    'boat',
    'rope',
    'e.g.',
    '(a',
    'b)',
    'knot.',
    'sail?',
    'x:',
    'v1.2',
    '“',
  )
  const words = fc.array(word, { minLength: 1, maxLength: 40 }).map((all) => all.join(' '))
  const line = fc
    .tuple(fc.constantFrom('', '- ', '  - ', '3. '), words)
    .map((parts) => parts.join(''))
  const lines = fc.array(line, { minLength: 1, maxLength: 30 }).map((all) => all.join('\n'))
  const anyBlock: fc.Arbitrary<Block> = fc.oneof(
    fc.record({
      kind: fc.constant('heading' as const),
      text: words,
      level: fc.integer({ min: 1, max: 6 }),
    }),
    fc.record({ kind: fc.constantFrom('paragraph' as const, 'quote' as const), text: words }),
    fc.record({ kind: fc.constantFrom('list' as const, 'table' as const), text: lines }),
    fc.record({ kind: fc.constant('code' as const), text: lines }),
  )
  const sizes = fc.constantFrom(1, 5, 20, 180)

  it('has chunks in order and apart, sentences inside them, and every block covered', () => {
    fc.assert(
      fc.property(fc.array(anyBlock, { maxLength: 12 }), sizes, (blocks, maxTokens) => {
        const article = chunk(blocks, maxTokens)
        // What lies behind the last chunk there may be is cut off.
        if (article.chunks.length < 200) expectSound(article, blocks)
      }),
      { numRuns: 200 },
    )
  })

  it('is sound whatever HTML it came from', () => {
    const html = fc.array(
      fc.oneof(
        fc.constantFrom('<p>', '</p>', '<ul>', '<li>', '</ul>', '<pre>', '</pre>', '<h2>', '</h2>'),
        fc.constantFrom(
          '<ol>',
          '</ol>',
          '<table>',
          '<tr>',
          '<td>',
          '</table>',
          '<blockquote>',
          '\n',
        ),
        fc.string({ unit: 'binary' }),
        words,
      ),
      { maxLength: 40 },
    )
    fc.assert(
      fc.property(html, sizes, (pieces, maxTokens) => {
        const blocks = cleanHtml(pieces.join(''))
        expectSound(chunk(blocks, maxTokens), blocks)
      }),
      { numRuns: 200 },
    )
  })
})

describe('the real feed', () => {
  it('has sound chunks of a sane number and size, and its code whole', ({ skip }) => {
    const path = join(import.meta.dirname, '..', '..', 'shared', 'feed', 'glad-labs.xml')
    if (!existsSync(path)) {
      if (process.env['CI'] !== undefined) throw new Error(`${path} is missing`)
      skip(`${path} is not there`)
    }
    const countTokens = createTokenCounter()
    const feed = parseFeed(readFileSync(path, 'utf8'), { fetchedAt: new Date(), baseUrl: null })
    for (const { html } of feed.items) {
      const blocks = cleanHtml(html)
      const article = chunkArticle(blocks, { countTokens })
      expectSound(article, blocks)
      const texts = textsOf(article)
      expect(texts.length).toBeGreaterThanOrEqual(8)
      expect(texts.length).toBeLessThanOrEqual(40)
      expect(Math.max(...texts.map(countTokens))).toBeLessThanOrEqual(360)
      expect(texts.join()).not.toContain('Photo by')
      for (const { text } of blocks.filter(({ kind }) => kind === 'code')) {
        expect(texts.some((each) => each.includes(text))).toBe(true)
      }
    }
  })
})

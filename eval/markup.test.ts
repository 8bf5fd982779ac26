import { describe, expect, it } from 'vitest'
import { markup, toPrintable, trusted } from './markup.ts'

describe('markup', () => {
  it('escapes what is put into it, wherever it stands', () => {
    expect(markup`<p title="${'"\''}">${'<script>&'}</p>`.html).toBe(
      '<p title="&quot;&#39;">&lt;script&gt;&amp;</p>',
    )
  })

  it('leaves markup in markup as it is, and joins lists', () => {
    const items = ['a<', 'b'].map((text) => markup`<li>${text}</li>`)
    expect(markup`<ul>${items}</ul>`.html).toBe('<ul><li>a&lt;</li><li>b</li></ul>')
  })

  it('has nothing for null, undefined and false, and something for 0', () => {
    expect(markup`${null}${undefined}${false}${0}`.html).toBe('0')
  })

  it('takes what is trusted as it came', () => {
    expect(markup`${trusted('<svg/>')}`.html).toBe('<svg/>')
  })
})

describe('printable text', () => {
  it.each([
    ['a lone surrogate', 'a\ud83d b', 'a\ufffd b'],
    ['a pair of surrogates', '😀', '😀'],
    ['a sign that steers a terminal', '\u001b[31m', '\ufffd[31m'],
    ['a zero', 'a\u0000b', 'a\ufffdb'],
    ['line ends and tabs', 'a\n\tb', 'a\n\tb'],
  ])('of %s', (_, text, expected) => {
    expect(toPrintable(text)).toBe(expected)
  })
})

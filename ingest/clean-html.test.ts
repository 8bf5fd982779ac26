import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cleanHtml } from './clean-html.ts'
import { parseFeed } from './parse-feed.ts'

/** Blocks as "kind: text", headings with their level. */
function blocksOf(html: string): readonly string[] {
  return cleanHtml(html).map(({ kind, text, level }) => `${kind}${level ?? ''}: ${text}`)
}

describe('the blocks of an article', () => {
  it('are its headings with their levels, paragraphs and quotes, whitespace collapsed', () => {
    const html = `<h2>\n  \n  Setting   up\n</h2>
      <p>One <em>two</em>\n three.</p>
      <h4>Details</h4><section><p>Four<br>five.</p></section>
      <blockquote><p>Six.</p><p>Seven.</p></blockquote><blockquote>Eight.</blockquote>`
    expect(blocksOf(html)).toEqual([
      'heading2: Setting up',
      'paragraph: One two three.',
      'heading4: Details',
      'paragraph: Four five.',
      'quote: Six.',
      'quote: Seven.',
      'quote: Eight.',
    ])
  })

  it('leave out headings without text and paragraphs without a word', () => {
    expect(blocksOf('<h2> </h2><h3><img src=x></h3><p>&nbsp;</p><p>***</p><p>Kept.</p>')).toEqual([
      'paragraph: Kept.',
    ])
  })

  it('take what marks a heading for linking out of it, and leave its name', () => {
    const html = '<h2>Ports <a href="#ports">¶</a></h2><h3>C#</h3><h3># Ropes</h3><p>x</p>'
    expect(blocksOf(html).slice(0, 3)).toEqual([
      'heading2: Ports',
      'heading3: C#',
      'heading3: Ropes',
    ])
  })

  it('do not take an article for a heading that was never closed', () => {
    expect(cleanHtml(`<h2>${'word '.repeat(200)}`)[0]?.kind).toBe('paragraph')
  })

  it('are paragraphs split at blank lines where there are no tags', () => {
    expect(blocksOf('First line\nruns &amp; on.\n\nSecond.\r\n \r\nThird.')).toEqual([
      'paragraph: First line runs & on.',
      'paragraph: Second.',
      'paragraph: Third.',
    ])
  })

  it('have bare text between blocks as a paragraph', () => {
    expect(blocksOf('<p>One.</p>\nBare <b>text</b>.\n<p>Two.</p>')).toEqual([
      'paragraph: One.',
      'paragraph: Bare text.',
      'paragraph: Two.',
    ])
  })

  it('are split at double line breaks outside a paragraph, and joined inside', () => {
    expect(blocksOf('<div>One<br>two<br><br>three</div>')).toEqual([
      'paragraph: One two',
      'paragraph: three',
    ])
    expect(blocksOf('<p>One<br><br>two</p>')).toEqual(['paragraph: One two'])
  })

  it('have a table as a row a line, its caption in front', () => {
    const html = `<table><caption>Sizes</caption>
      <thead><tr><th></th><th>Small</th><th>Very <br>large</th></tr></thead>
      <tbody><tr><td>Boat</td><td>4 m</td><td></td></tr><tr><td></td><td></td></tr></tbody></table>`
    expect(blocksOf(html)).toEqual([
      'paragraph: Sizes',
      'table: | Small | Very large\nBoat | 4 m |',
    ])
  })

  it('are read out of a table that only places them on the page', () => {
    const html = '<table><tr><td><h2>News</h2><p>One.</p></td><td><p>Two.</p></td></tr></table>'
    expect(blocksOf(html)).toEqual(['heading2: News', 'paragraph: One.', 'paragraph: Two.'])
    expect(blocksOf('<table><tr><td>One.</td></tr><tr><td>Two.</td></tr></table>')).toEqual([
      'paragraph: One.',
      'paragraph: Two.',
    ])
  })
})

describe('a list', () => {
  it('keeps its items one a line, nested ones indented, marks and numbers as they are shown', () => {
    const html = `<ul><li>A<ol start="3"><li>B</li><li value="7"><p>C1</p><p><b>C2</b>
      <code>x</code></p></li></ol></li><li>D<blockquote>said</blockquote></li></ul>`
    expect(blocksOf(html)).toEqual(['list: - A\n  3. B\n  7. C1 C2 x\n- D\n  said'])
  })

  it('is split around the code in it and goes on counting', () => {
    const html = `<ol><li>Do:<pre>a\n b</pre>then this</li><li>Next<ul><li>sub:<pre>c</pre></li>
      <li>last</li></ul></li></ol>`
    expect(blocksOf(html)).toEqual([
      'list: 1. Do:',
      'code: a\n b',
      'paragraph: then this',
      'list: 2. Next\n  - sub:',
      'code: c',
      'list: - last',
    ])
  })

  it('has terms with their descriptions', () => {
    expect(blocksOf('<dl><dt>Bow</dt><dd>Front.</dd><dt>Stern:</dt><dd>Back.</dd></dl>')).toEqual([
      'list: - Bow: Front.\n- Stern: Back.',
    ])
  })

  it('is understood without end tags', () => {
    expect(blocksOf('<ul><li><p>A<li><p>B</ul><p>C')).toEqual(['list: - A\n- B', 'paragraph: C'])
  })
})

describe('code', () => {
  it('keeps its lines and indents, flat, without blank lines around it', () => {
    const html = `<div class="highlight"><pre class="highlight"><code>\n<span class="k">if</span> a:\r
    b  # &lt;c&gt;\n\n<span>d</span>\n\n</code></pre></div>`
    expect(blocksOf(html)).toEqual(['code: if a:\n    b  # <c>\n\nd'])
  })

  it('has a line for each line break and each element that stands on its own', () => {
    const html = '<pre><div>a</div><div>b<br>c</div>d</pre>'
    expect(blocksOf(html)).toEqual(['code: a\nb\nc\nd'])
  })

  it('is read without the line numbers beside it', () => {
    const twoColumns = '<table><tr><td><pre>1\n2</pre></td><td><pre>a\nb</pre></td></tr></table>'
    const inside = `<pre><table><tr><td class="rouge-gutter"><pre class="lineno">1\n2\n</pre></td>
      <td><pre>a\nb\n</pre></td></tr></table></pre>`
    const inline = '<pre><span style="user-select:none">1</span>a\n<i class="lnt">2</i>b</pre>'
    for (const html of [twoColumns, inside, inline])
      expect(blocksOf(html)[0]).toMatch(/^code: *\s*a\s*b$/)
  })
})

describe('what is no text of the article', () => {
  it('is dropped: scripts, forms, frames, drawings, navigation, comments', () => {
    const dropped = ['script', 'style', 'noscript', 'template', 'iframe', 'form', 'nav', 'svg']
    const html = dropped.map((name) => `<${name}>no</${name}>`).join('')
    expect(blocksOf(`<p>Yes.</p>${html}<!-- no --><p>&lt;!--EOF--&gt;</p>`)).toEqual([
      'paragraph: Yes.',
    ])
  })

  it.each([
    'hidden',
    'hidden="until-found"',
    'aria-hidden="true"',
    'style="display : NONE"',
    'style="color:red;visibility:hidden !important"',
    'style="font-size:0px"',
    'style="opacity:0.0"',
  ])('is dropped where %s hides it', (attribute) => {
    expect(
      blocksOf(`<p>Seen <span ${attribute}>unseen</span>.</p><div ${attribute}>no</div>`),
    ).toEqual(['paragraph: Seen .'])
  })

  it('is not what only looks like hiding', () => {
    expect(blocksOf('<p style="font-size:0.8em" aria-hidden="false">Seen.</p>')).toHaveLength(1)
  })

  it('is dropped: pictures and their captions', () => {
    const html = `<figure><img src=x alt="no"><figcaption>no</figcaption></figure>
      <p><a href=x><img src=x></a><br><em>A caption</em></p>
      <p><img src=x><em>Mind</em> the gap.</p>`
    expect(blocksOf(html)).toEqual(['paragraph: Mind the gap.'])
  })

  it.each([
    'Photo by Ann Lee on Pexels',
    'Photo by ann :) on Pexels.',
    'Cover image by Ann Lee',
    'Image credit: NASA',
    'Photos courtesy of the Port Office',
  ])('is dropped: "%s"', (credit) => {
    expect(blocksOf(`<p>One.</p>\n${credit}\n\n\n<p>Two.<br>${credit}</p>`)).toEqual([
      'paragraph: One.',
      'paragraph: Two.',
    ])
  })

  it.each([
    'Images by Docker are layered.',
    'Image by default is the newest one',
    'Photo by photo she tells a story.',
  ])('is not "%s"', (sentence) => {
    expect(blocksOf(`<p>${sentence}</p>`)).toEqual([`paragraph: ${sentence}`])
  })

  it('is dropped: marks of footnotes', () => {
    const html = '<p>It floats.<sup><a href="#fn1">1</a></sup> It sinks.<a href="#b">[2]</a></p>'
    expect(blocksOf(html)).toEqual(['paragraph: It floats. It sinks.'])
  })
})

describe('lists of links an article closes with', () => {
  const body = '<p>Body.</p>'

  it.each([
    '<h2>References</h2><ol><li><a href=x>A study of tides</a>, 2019</li></ol>',
    '<p><strong>Related from the port:</strong></p><ul><li><a href=x>More boats</a></li></ul>',
    '<h3>Further reading</h3><p><a href=x>Ropes</a></p><p><a href=y>Knots</a></p>',
    '<ul><li><a href=x>Ropes</a></li><li><a href=y>Knots</a></li></ul>',
    '<h2>Where to go next</h2><ul><li><a href=x>Ropes</a></li></ul>',
    '<h2>Sources</h2><ul><li><a href=x>A</a></li></ul><h2>See also</h2><ul><li><a>B</a></li></ul>',
  ])('are dropped: %s', (html) => {
    expect(blocksOf(body + html)).toEqual(['paragraph: Body.'])
  })

  it.each([
    '<h2>Resources</h2><ul><li>Memory is limited by <a href=x>groups</a></li></ul>',
    '<ul><li><a href=x>Ropes</a></li></ul><p>Thank you.</p>',
  ])('are kept where they say something, or do not close it: %s', (html) => {
    expect(blocksOf(body + html).length).toBeGreaterThan(1)
  })

  it('are kept where the article is nothing else', () => {
    const html = '<h2>Links</h2><ul><li><a href=x>Ropes</a></li></ul>'
    expect(blocksOf(html)).toEqual(['heading2: Links', 'list: - Ropes'])
  })
})

describe('invisible characters', () => {
  it('are stripped: zero-width, bidirectional, tag, soft hyphen, controls, variation', () => {
    const hidden =
      'zero\u200Bwidth so\u00ADft \u202Ertl\u202C tag\u{E0041}\u{E007F} nul\u0000 v\u{E0101}'
    expect(blocksOf(`<p>${hidden}</p><pre>a\u200B\tb\u0007\nc</pre>`)).toEqual([
      'paragraph: zerowidth soft rtl tag nul v',
      'code: a\tb\nc',
    ])
  })

  it('stay where letters or pictures need them to join', () => {
    expect(blocksOf('<p>می\u200Cخو\u200Bاهم क्\u200Dष 👩\u200D💻 a\u200Db</p>')).toEqual([
      'paragraph: می\u200Cخواهم क्\u200Dष 👩\u200D💻 ab',
    ])
  })

  it('make way for composed, well-formed text', () => {
    expect(blocksOf('<p>cafe\u0301 \uD800!</p>')).toEqual(['paragraph: café \uFFFD!'])
  })
})

// Without their guards each of these takes minutes, or overflows the stack.
describe('hostile HTML', () => {
  it('keeps its text through ten thousand nested tags', () => {
    for (const tag of ['div', 'b', 'ul', 'li', 'blockquote', 'table', 'h2', 'pre']) {
      const html = `<${tag}>`.repeat(10_000) + 'Deep.' + `</${tag}>`.repeat(10_000)
      expect(blocksOf(html).join()).toMatch(/Deep\./)
    }
  })

  it('is read up to a bound of tags', () => {
    expect(cleanHtml('<b>'.repeat(1_000_000))).toEqual([])
    expect(cleanHtml('<i>'.repeat(100_000) + '</b>'.repeat(1_000_000))).toEqual([])
  })

  it('is read in time whatever its text is', () => {
    const marks = 'a' + '\u0301\u0316'.repeat(500_000)
    for (const text of [marks, ' \n'.repeat(500_000), '<'.repeat(500_000), '&'.repeat(500_000)]) {
      expect(() => cleanHtml(`<p>${text}</p>`)).not.toThrow()
    }
  })

  it('never throws, and gives no block empty, invisible or untrimmed', () => {
    const names = ['p', 'ul', 'ol', 'li', 'dl', 'dt', 'dd', 'pre', 'table', 'tr', 'td', 'h2', 'a']
    const tag = fc.constantFrom(...names, 'blockquote', 'div', 'img', 'br', 'script', 'em', 'svg')
    const piece = fc.oneof(
      tag.map((name) => `<${name}>`),
      tag.map((name) => `</${name}>`),
      fc.string({ unit: 'binary' }),
      fc.constantFrom(' ', '\n\n', '<!--', '-->', '&amp;', '&#0;', '<', '"', 'word.', '\u200B'),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        for (const { kind, text } of cleanHtml(pieces.join(''))) {
          expect(text).toBe(text.normalize('NFC'))
          expect(text.trimEnd()).not.toBe('')
          expect(text).not.toMatch(/[\u0000-\u0008\u000B-\u001F\u200B\u00AD\p{Cs}]/u)
          if (kind === 'paragraph' || kind === 'heading') expect(text).toBe(text.trim())
          if (kind !== 'code') expect(text).not.toMatch(/\n\n/)
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('the real feed', () => {
  function readArticles(skip: (note: string) => never): readonly string[] {
    const path = join(import.meta.dirname, '..', '..', 'shared', 'feed', 'glad-labs.xml')
    if (!existsSync(path)) {
      if (process.env['CI'] !== undefined) throw new Error(`${path} is missing`)
      return skip(`${path} is not there`)
    }
    const options = { fetchedAt: new Date(), baseUrl: null }
    return parseFeed(readFileSync(path, 'utf8'), options).items.map(({ html }) => html)
  }

  it('has no credits, captions, prompts of pictures or closing links in its blocks', ({ skip }) => {
    const texts = readArticles(skip).flatMap((html) => cleanHtml(html).map(({ text }) => text))
    expect(texts.length).toBeGreaterThan(300)
    for (const text of texts) {
      expect(text).not.toMatch(/Photo by|\|\||<!--|^Related/)
    }
  })

  it('has its headings on one line and all its code with its lines', ({ skip }) => {
    const articles = readArticles(skip)
    const blocks = articles.map(cleanHtml)
    const count = (kind: string) => blocks.flat().filter((block) => block.kind === kind).length
    expect(count('heading')).toBe(articles.join().match(/<h[1-6]>/g)?.length)
    expect(count('code')).toBe(articles.join().match(/<pre/g)?.length)
    const lines = (text: string) => text.trim().split('\n').length
    const sources = articles.flatMap((html) =>
      [...html.matchAll(/<pre[^>]*>([^]*?)<\/pre>/g)].map(([, code = '']) =>
        lines(code.replace(/<[^>]*>/g, '')),
      ),
    )
    const code = blocks.flat().filter(({ kind }) => kind === 'code')
    expect(code.map(({ text }) => lines(text))).toEqual(sources)
  })
})

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { FeedItem, ParsedFeed } from '../src/domain.ts'
import { AppError } from '../src/errors.ts'
import { canonicalUrl, parseFeed } from './parse-feed.ts'

const FETCHED_AT = new Date('2026-04-12T00:00:00Z')
const FEED_URL = 'https://example.org/feed.xml'

function parse(xml: string, baseUrl: string | null = FEED_URL): ParsedFeed {
  return parseFeed(xml, { fetchedAt: FETCHED_AT, baseUrl })
}

function rss(items: string, channel = '<link>https://example.org/</link>'): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"
  xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><title>Harbour notes</title>${channel}${items}</channel></rss>`
}

function atom(entries: string): string {
  return `<feed xmlns="http://www.w3.org/2005/Atom"><title>Harbour notes</title>
<link rel="self" href="https://example.org/feed.xml"/><link href="https://example.org/"/>
<author><name>The editors</name></author>${entries}</feed>`
}

function onlyItem(feed: ParsedFeed): FeedItem {
  expect(feed.items).toHaveLength(1)
  return feed.items[0] as FeedItem
}

function itemOf(inner: string): FeedItem {
  return onlyItem(parse(rss(`<item>${inner}</item>`)))
}

function faultOf(xml: string): AppError {
  try {
    parse(xml)
  } catch (error) {
    expect(error).toBeInstanceOf(AppError)
    expect((error as AppError).code).toBe('feed-invalid')
    return error as AppError
  }
  throw new Error('the document was taken for a feed')
}

describe('formats', () => {
  it('reads RSS', () => {
    const feed = parse(
      rss(`<item><title>Tides</title><link>https://example.org/tides</link>
        <guid isPermaLink="false">n-1</guid><dc:creator>Ada Boyle</dc:creator>
        <pubDate>Sat, 11 Apr 2026 17:13:56 +0000</pubDate><category>sea</category>
        <description>Short.</description><content:encoded><![CDATA[<p>Long.</p>]]></content:encoded></item>`),
    )
    expect(feed).toEqual({
      title: 'Harbour notes',
      siteUrl: 'https://example.org/',
      items: [
        {
          identity: 'n-1',
          guid: 'n-1',
          title: 'Tides',
          url: 'https://example.org/tides',
          author: 'Ada Boyle',
          publishedAt: new Date('2026-04-11T17:13:56Z'),
          updatedAt: null,
          categories: ['sea'],
          html: '<p>Long.</p>',
        },
      ],
    })
  })

  it('reads Atom', () => {
    const feed = parse(
      atom(`<entry><id>urn:1</id><title>Tides</title><link rel="enclosure" href="/a.mp3"/>
        <link rel="alternate" href="https://example.org/tides"/>
        <published>2026-04-10T00:00:00Z</published><updated>2026-04-11T00:00:00Z</updated>
        <category term="sea" label="The sea"/><content type="html">&lt;p&gt;Long.&lt;/p&gt;</content></entry>`),
    )
    expect(feed.siteUrl).toBe('https://example.org/')
    expect(onlyItem(feed)).toEqual({
      identity: 'urn:1',
      guid: 'urn:1',
      title: 'Tides',
      url: 'https://example.org/tides',
      author: 'The editors',
      publishedAt: new Date('2026-04-10T00:00:00Z'),
      updatedAt: new Date('2026-04-11T00:00:00Z'),
      categories: ['The sea'],
      html: '<p>Long.</p>',
    })
  })

  it('reads RDF', () => {
    const feed = parse(`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
      xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
      <channel rdf:about="https://example.org/"><title>Harbour notes</title><link>https://example.org/</link></channel>
      <item rdf:about="https://example.org/tides"><title>Tides</title><link>https://example.org/tides</link>
      <description>Short.</description><dc:creator>Ada Boyle</dc:creator><dc:date>2026-04-11</dc:date></item></rdf:RDF>`)
    expect(onlyItem(feed)).toMatchObject({
      identity: 'https://example.org/tides',
      title: 'Tides',
      author: 'Ada Boyle',
      publishedAt: new Date('2026-04-11T00:00:00Z'),
      html: 'Short.',
    })
  })

  it('reads JSON Feed', () => {
    const feed = parse(
      JSON.stringify({
        version: 'https://jsonfeed.org/version/1.1',
        title: 'Harbour notes',
        home_page_url: 'https://example.org/',
        authors: [{ name: 'Ada Boyle' }],
        items: [{ id: 'n-1', url: '/tides', title: '1 < 2 & 3', content_text: 'a < b' }],
      }),
    )
    expect(onlyItem(feed)).toMatchObject({
      identity: 'n-1',
      url: 'https://example.org/tides',
      title: '1 < 2 & 3',
      author: 'Ada Boyle',
      html: 'a &lt; b',
    })
  })

  it('reads a feed whose element has a prefix, behind comments and a document type', () => {
    const feed = parse(`\ufeff
      <?xml version="1.0"?><!-- <rss> --><!DOCTYPE a:feed [ <!ENTITY x "a > b"> ]>
      <a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:title>Harbour</a:title>
      <a:entry><a:id>urn:1</a:id><a:title>Tides</a:title></a:entry></a:feed>`)
    expect(feed.title).toBe('Harbour')
    expect(onlyItem(feed).title).toBe('Tides')
  })

  it.each([
    rss(''),
    '<rss version="2.0"><channel></channel></rss>',
    '<feed xmlns="http://www.w3.org/2005/Atom"></feed>',
    '{"version":"https://jsonfeed.org/version/1.1","title":"Harbour","items":[]}',
  ])('takes a feed without items for a feed', (xml) => {
    expect(parse(xml).items).toEqual([])
  })

  it('keeps the order and the first thousand of too many items', () => {
    const items = Array.from({ length: 1_002 }, (_, at) => `<item><guid>g-${at}</guid></item>`)
    const { items: kept } = parse(rss(items.join('')))
    expect(kept.map(({ guid }) => guid)).toEqual(
      Array.from({ length: 1_000 }, (_, at) => `g-${at}`),
    )
  })

  it('takes the text of a type that Atom says, or means by saying none', () => {
    const htmlOf = (content: string) =>
      onlyItem(parse(atom(`<entry><id>1</id>${content}</entry>`))).html
    expect(htmlOf('<content type="text">use &lt;b&gt; &amp;amp; go</content>')).toBe(
      'use &lt;b&gt; &amp;amp; go',
    )
    expect(htmlOf('<content>1 &lt; 2\n\nthen</content>')).toBe('<p>1 &lt; 2</p>\n<p>then</p>')
    expect(
      htmlOf(
        '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>a &lt; b</p></div></content>',
      ),
    ).toBe('<p>a &lt; b</p>')
    expect(htmlOf('<content type="image/png">aGVsbG8=</content><summary>A map.</summary>')).toBe(
      'A map.',
    )
  })
})

describe('what is no feed', () => {
  it.each([
    ['empty', ''],
    ['empty', ' \n\t'],
    ['an HTML page', '<!doctype html><title>Hello</title><p>rss version="2.0" <rss version="2.0">'],
    ['an HTML page', '<html><body><rss version="2.0"><channel></channel></rss></body></html>'],
    ['JSON that is cut off', '{"version":"https://jsonfeed.org/version/1.1","title":"Har'],
    ['not a feed', '{"hello":"world"}'],
    ['not a feed', '[1,2,3]'],
    ['neither XML nor JSON', 'Service unavailable'],
    ['neither RSS nor Atom', '<?xml version="1.0"?><opml version="2.0"></opml>'],
    ['neither RSS nor Atom', '<constructor></constructor>'],
    ['not a feed', '<rss version="2.0"><item></item></rss>'],
    ['cut off', '<?xml version="1.0"?>'],
    ['cut off', rss('<item><title>Tides</title></item>').replace('</rss>', '')],
    ['cut off', rss('<item><description><![CDATA[ends with </rss>')],
    ['cut off', '<rss version="2.0"><channel><!-- </rss>'],
    [
      'cut off',
      rss('<item><description><![CDATA[</rss>]]></description></item>').replace(/<.channel>.*/, ''),
    ],
    ['not well formed', rss('<item><title>Tides</item>')],
  ])('is said to be %s', (what, xml) => {
    expect(faultOf(xml).message).toContain(what)
  })

  it('is never quoted in the message', () => {
    for (const secret of ['sesame', '<sesame/>', '{"a":"sesame"}', '{"sesame', '<html>sesame']) {
      expect(faultOf(secret).message).not.toContain('sesame')
    }
  })

  it('survives entities that would grow and elements that are nested deeply', () => {
    const laughs = Array.from({ length: 30 }, (_, at) => `<!ENTITY l${at + 1} "&l${at};&l${at};">`)
    const title = itemTitleOf(
      `<!DOCTYPE rss [<!ENTITY l0 "ha">${laughs.join('')}]>${rss('<item><title>&l30;</title></item>').slice(38)}`,
    )
    expect(title).toBe('&l30;')
    faultOf(rss('<a>'.repeat(10_000)))
  })

  function itemTitleOf(xml: string): string {
    return onlyItem(parse(xml)).title
  }

  it('is a feed cut off anywhere', () => {
    const items = Array.from(
      { length: 20 },
      (_, at) => `<item><title>Tide ${at}</title><guid>g-${at}</guid>
        <description><![CDATA[<p>About </rss> and the sea.</p>]]></description></item>\n`,
    )
    expectEveryCutToFail(rss(items.join('')))
    expectEveryCutToFail(atom('<entry><id>urn:1</id><title>Tides</title></entry>'.repeat(20)))
  })
})

function expectEveryCutToFail(xml: string): void {
  expect(parse(xml).items).not.toHaveLength(0)
  for (let percent = 0; percent < 100; percent += 1) {
    const cut = xml.slice(0, Math.floor((xml.length * percent) / 100))
    expect(() => parse(cut), `cut at ${percent} %`).toThrow(AppError)
  }
}

describe('titles', () => {
  it.each([
    ['AT&amp;T', 'AT&T'],
    ['AT&amp;amp;T &amp;#8217;', 'AT&T ’'],
    ['&lt;b&gt;Bold&lt;/b&gt; tides', 'Bold tides'],
    ['<![CDATA[<em>Bold</em> &amp; tidy]]>', 'Bold & tidy'],
    ['<b>Bold</b> tides', 'Bold tides'],
    ['One&lt;br/&gt;two\n   three', 'One two three'],
    ['&lt;script&gt;alert(1)&lt;/script&gt;Tides', 'Tides'],
    ['&lt;svg onload=alert(1)&gt;Tides', 'Tides'],
    ['&lt;!-- hidden --&gt;Tides', 'Tides'],
    ['Why List&lt;String&gt; beats a &lt; b', 'Why List<String> beats a < b'],
    ['The &amp;lt;b&amp;gt; tag', 'The <b> tag'],
    [`${'&lt;b&gt;'.repeat(10_000)}Tides`, 'Untitled'],
  ])('%# are plain text', (raw, expected) => {
    expect(itemOf(`<title>${raw}</title>`).title).toBe(expected)
  })

  it('are cut where they are endless, and never inside a character', () => {
    const { title } = itemOf(`<title>${'🌊'.repeat(500)}</title>`)
    expect(title).toBe(`${'🌊'.repeat(149)}…`)
  })

  it('are the first words of a text that has none', () => {
    expect(itemOf('<description>&lt;p&gt;The tide is in.&lt;/p&gt;</description>').title).toBe(
      'The tide is in.',
    )
    expect(itemOf('<guid>1</guid>').title).toBe('Untitled')
  })

  it('name the site where a feed has none', () => {
    expect(parse('<rss version="2.0"><channel><language>en</language></channel></rss>').title).toBe(
      'example.org',
    )
  })
})

describe('identities', () => {
  function identitiesOf(...items: string[]): string[] {
    return parse(rss(items.map((item) => `<item>${item}</item>`).join(''))).items.map(
      ({ identity }) => identity,
    )
  }

  it('are the guid, else the canonical address, else a hash of the content', () => {
    const [guid, address, hash] = identitiesOf(
      '<guid>g</guid><link>https://example.org/a</link>',
      '<link>https://Example.org/b/?utm_source=rss#top</link>',
      '<title>Tides</title>',
    )
    expect(guid).toBe('g')
    expect(address).toBe('https://example.org/b')
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
  })

  it('take the address in where a guid is used twice, and the content where that is the same too', () => {
    const [first, second, third, fourth] = identitiesOf(
      '<guid isPermaLink="false">g</guid><link>https://example.org/a</link>',
      '<guid isPermaLink="false">g</guid><link>https://example.org/b</link><title>One</title>',
      '<guid isPermaLink="false">g</guid><link>https://example.org/b</link><title>Two</title>',
      '<guid isPermaLink="false">h</guid><link>https://example.org/b</link>',
    )
    expect(first).toBe('g|https://example.org/a')
    expect(second).toMatch(/^g\|https:\/\/example\.org\/b\|[0-9a-f]{64}$/)
    expect(third).not.toBe(second)
    expect(fourth).toBe('h')
  })

  it('are told once for the same article twice, and are the same each time', () => {
    const items = ['<title>Tides</title>', '<title>Winds</title>', '<title>Tides</title>']
    const identities = identitiesOf(...items)
    expect(identities).toHaveLength(2)
    expect(identitiesOf(...items)).toEqual(identities)
  })

  it('fit into an index, however long the guid', () => {
    const [first, second] = identitiesOf(
      `<guid>${'x'.repeat(9_000)}1</guid>`,
      `<guid>${'x'.repeat(9_000)}2</guid>`,
    )
    expect(first).toHaveLength(64)
    expect(second).not.toBe(first)
  })
})

describe('addresses', () => {
  it.each([
    ['https://example.org/a b', 'https://example.org/a%20b'],
    ['/tides', 'https://example.org/tides'],
    ['//cdn.example.org/tides', 'https://cdn.example.org/tides'],
    [' https://example.org/tides\n', 'https://example.org/tides'],
    ['https://bank.example@evil.example/x', 'https://evil.example/x'],
    ['javascript:alert(1)', 'https://example.org/'],
    [' JavaScript:alert(1)', 'https://example.org/'],
    ['java\tscript:alert(1)', 'https://example.org/'],
    ['data:text/html,hello', 'https://example.org/'],
    ['mailto:ada@example.org', 'https://example.org/'],
    [`https://example.org/${'x'.repeat(100_000)}`, 'https://example.org/'],
  ])('of %j are absolute and of the web, else the site itself', (link, expected) => {
    expect(itemOf(`<link>${link}</link>`).url).toBe(expected)
  })

  it('that are missing are null, and a guid that is one stands in', () => {
    expect(itemOf('<title>Tides</title>').url).toBeNull()
    expect(itemOf('<guid>https://example.org/tides</guid>').url).toBe('https://example.org/tides')
    expect(itemOf('<guid isPermaLink="false">https://example.org/x</guid>').url).toBeNull()
  })

  it('without a site to fall back on are null', () => {
    expect(onlyItem(parse(rss('<item><link>data:,x</link></item>', ''))).url).toBeNull()
    expect(onlyItem(parse(rss('<item><link>/tides</link></item>', ''), null)).url).toBeNull()
    expect(parse(rss('', '<link>javascript:alert(1)</link>')).siteUrl).toBeNull()
  })

  it('are relative to the feed, to the site where that is elsewhere, or to what xml:base says', () => {
    const item = '<item><link>tides</link></item>'
    const urlOf = (xml: string, base: string | null) => onlyItem(parse(xml, base)).url
    const blog = rss(item, '<link>https://example.org/blog</link>')
    expect(urlOf(blog, 'https://example.org/blog/feed.xml')).toBe('https://example.org/blog/tides')
    expect(urlOf(blog, 'https://feeds.example.net/1')).toBe('https://example.org/tides')
    expect(urlOf(blog, null)).toBe('https://example.org/tides')
    const based = rss(item).replace('<item>', '<item xml:base="https://example.com/deep/">')
    expect(urlOf(based, FEED_URL)).toBe('https://example.com/deep/tides')
  })

  it.each([
    ['https://Example.ORG/', 'https://example.org'],
    ['https://example.org:443/a/', 'https://example.org/a'],
    ['https://example.org/a//#top', 'https://example.org/a'],
    [
      'https://example.org/a?b=2&a=1&utm_source=x&UTM_Medium=y&fbclid=z',
      'https://example.org/a?a=1&b=2',
    ],
    ['https://example.org/a?utm_source=x', 'https://example.org/a'],
    ['https://example.org/A?q=%20x', 'https://example.org/A?q=+x'],
    ['urn:isbn:1', 'urn:isbn:1'],
    ['no address', 'no address'],
  ])('have one spelling: %s', (url, expected) => {
    expect(canonicalUrl(url)).toBe(expected)
    expect(canonicalUrl(expected)).toBe(expected)
  })
})

describe('authors, categories and dates', () => {
  it('names the people of whichever place names any', () => {
    expect(itemOf('<dc:creator>Ada</dc:creator><dc:creator>Bo</dc:creator>').author).toBe('Ada, Bo')
    expect(itemOf('<author>ada@example.org (Ada Boyle)</author>').author).toBe('Ada Boyle')
    expect(itemOf('<guid>1</guid><dc:creator> </dc:creator>').author).toBeNull()
  })

  it('leaves out categories that are noise', () => {
    const names = ['Sea', ' sea ', 'SEA', 'g', 'o', 'R&amp;amp;D', 'x'.repeat(61), '', 'Ships']
    const item = itemOf(names.map((name) => `<category>${name}</category>`).join(''))
    expect(item.categories).toEqual(['Sea', 'R&D', 'Ships'])
  })

  it('takes the first date that is one', () => {
    const { publishedAt } = itemOf('<pubDate>soon</pubDate><dc:date>2026-04-11</dc:date>')
    expect(publishedAt).toEqual(new Date('2026-04-11T00:00:00Z'))
    expect(itemOf('<pubDate>Sam, 11 avr 2026</pubDate>').publishedAt).toBeNull()
    expect(itemOf('<pubDate>9999-12-31</pubDate>').publishedAt).toEqual(
      new Date('2026-04-13T00:00:00Z'),
    )
  })
})

it('removes control characters and lone surrogates and composes accents in every string', () => {
  const dirty = 'Cafe\u0301\u0000\u0007\r\nab\t&#1;\ud800c'
  const feed = parse(
    rss(
      `<item><title>${dirty}</title><guid>${dirty}</guid><dc:creator>${dirty}</dc:creator>
        <category>${dirty}</category><description>${dirty}</description></item>`,
      `<link>https://example.org/</link>`,
    ),
  )
  const item = onlyItem(feed)
  expect(item.html).toBe('Café\nab\t\ufffdc')
  expect(item.guid).toBe('Café\nab\t\ufffdc')
  expect(item.title).toBe('Café ab \ufffdc')
  expect(item.author).toBe('Café ab \ufffdc')
  expect(item.categories).toEqual(['Café ab \ufffdc'])
})

it('removes what nobody sees from titles, authors and categories', () => {
  const hidden = 'ti\u200bde \u202etable\u{e0041}\u{e007f}&#x200b;'
  const feed = parse(
    rss(
      `<item><title>${hidden}</title><dc:creator>${hidden}</dc:creator>
        <category>${hidden}</category></item>`,
    ),
  )
  const { title, author, categories } = onlyItem(feed)
  expect({ title, author, categories }).toEqual({
    title: 'tide table',
    author: 'tide table',
    categories: ['tide table'],
  })
})

it('reads a run of 200,000 combining marks in no time', { timeout: 5_000 }, () => {
  const marks = 'a' + '\u0301\u0323'.repeat(100_000)
  const item = itemOf(
    `<title>Tides</title><guid>${marks}</guid><description>${marks}</description>`,
  )
  expect(item.guid).toBe(item.html)
  expect(item.html).toHaveLength(30)
})

describe('the real feed', () => {
  function readRealFeed(skip: (note: string) => never): string {
    const path = join(import.meta.dirname, '..', '..', 'shared', 'feed', 'glad-labs.xml')
    if (existsSync(path)) return readFileSync(path, 'utf8')
    if (process.env['CI'] !== undefined) throw new Error(`${path} is missing`)
    return skip(`${path} is not there`)
  }

  it('has ten articles by its author, without tags of one letter', ({ skip }) => {
    const { items } = parse(readRealFeed(skip), null)
    expect(items).toHaveLength(10)
    expect(items.every(({ author }) => author === 'Matthew Gladding')).toBe(true)
    expect(items.every(({ url, guid }) => url !== null && url === guid)).toBe(true)
    expect(items.every(({ publishedAt }) => publishedAt !== null)).toBe(true)
    expect(items.find(({ title }) => title.includes('Quantum'))?.categories).toEqual([])
    expect(items.flatMap(({ categories }) => categories)).toHaveLength(30)
  })

  it('is no feed when cut off anywhere', ({ skip }) => {
    expectEveryCutToFail(readRealFeed(skip))
  })
})

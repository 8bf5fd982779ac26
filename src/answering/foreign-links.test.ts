import { describe, expect, it } from 'vitest'
import { findFetched, findForeignLink } from './foreign-links.ts'

const EVIDENCE = `The manual is at https://docs.example/manual and www.docs.example, it begins with
<a href="/x">a link</a>, ![a picture](/p.png) and List<String>.`

describe('a link that the evidence does not hold', () => {
  it.each([
    ['See https://bank.example/login.', 'https://bank.example/login'],
    ['See https://docs.example/manual?u=1.', 'https://docs.example/manual?u=1'],
    ['See http://docs.example/manual.', 'http://docs.example/manual'],
    ['See HTTPS://DOCS.EXAMPLE/manual.', 'HTTPS://DOCS.EXAMPLE/manual'],
    ['See ftp://docs.example/manual.', 'ftp://docs.example/manual'],
    ['See www.bank.example.', 'www.bank.example'],
    ['Open javascript:alert(1).', 'javascript:alert(1'],
    ['Write to mailto:a@b.example now.', 'mailto:a@b.example'],
    ['See [the manual](/manual).', '[the manual](/manual)'],
    ['![the manual](/p.png)', '![the manual](/p.png)'],
    ['![the manual](/p.png', '![the manual](/p.png'],
    ['See [the manual][1].\n[1]: /manual', '[1]: /manual'],
    ['It is <b>large</b>.', '<b>'],
    ['It is </b> large.', '</b>'],
    ['<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
    ['It is <img src=x', '<img src=x'],
    ['It is <!-- hidden --> large.', '<!-- hidden -->'],
  ])('is found: %s', (text, link) => {
    expect(findForeignLink(text, EVIDENCE)).toBe(link)
  })
})

describe('what is no such link', () => {
  it.each([
    'The manual is at https://docs.example/manual.',
    'The manual is at https://docs.example/manual and\n  www.docs.example!',
    'It begins with <a href="/x">a link</a> and ![a picture](/p.png).',
    'A List<String> has no tag.',
    'It holds 3 < 4 and a <b, or x[1] and rows[i][j].',
    'The ratio is 3:1, and node.js reads config.ts.',
  ])('is left alone: %s', (text) => {
    expect(findForeignLink(text, EVIDENCE)).toBeNull()
  })
})

describe('what is fetched as it is shown', () => {
  it.each([
    '![x](https://bank.example/p.png)',
    '![x] ( //bank.example/p.png "title")',
    '![x](<http://bank.example/p.png>)',
    '<img src="https://bank.example/p.png">',
    '<img alt=x src=//bank.example/p.png',
    '<iframe src="http://bank.example"></iframe>',
  ])('is foreign even where the evidence has it: %s', (text) => {
    expect(findFetched(`See ${text}`)).not.toBeNull()
    expect(findForeignLink(`See ${text}`, `See ${text}`)).not.toBeNull()
  })

  it.each([
    '![x](p.png)',
    '<script>alert(1)</script>',
    '<img src=x>',
    'https://docs.example/p.png',
  ])('is not what is fetched from nowhere, or by a click: %s', (text) => {
    expect(findFetched(text)).toBeNull()
  })
})

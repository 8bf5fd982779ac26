import { describe, expect, it } from 'vitest'
import { AppError } from '../src/errors.ts'
import { createPrivateAllow, isFetchableUrl, isPublicAddress } from './public-address.ts'

describe('isPublicAddress', () => {
  it.each([
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.1',
    '100.64.0.1',
    '100.127.255.255',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.1',
    '192.0.2.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::7f00:1',
    '::ffff:127.0.0.1',
    '::ffff:a00:1',
    '::ffff:0:127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b::10.0.0.1',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '3fff::1',
    '4000::1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '',
    'example.org',
  ])('refuses %s', (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })

  it.each([
    '1.1.1.1',
    '8.8.8.8',
    '100.63.255.255',
    '100.128.0.1',
    '172.15.0.1',
    '172.32.0.1',
    '193.0.0.1',
    '223.255.255.255',
    '2606:4700::1111',
    '::ffff:8.8.8.8',
    '64:ff9b::8.8.8.8',
  ])('accepts %s', (address) => {
    expect(isPublicAddress(address)).toBe(true)
  })
})

describe('isFetchableUrl', () => {
  const none = createPrivateAllow([])

  it.each([
    'http://example.org/feed',
    'https://example.org/feed',
    'http://example.org:8080/feed',
    'https://example.org:8443/feed',
    'http://8.8.8.8/feed',
    'http://[2606:4700::1111]/feed',
  ])('accepts %s', (url) => {
    expect(isFetchableUrl(new URL(url), none)).toBe(true)
  })

  it.each([
    ['another scheme', 'ftp://example.org/feed'],
    ['a file', 'file:///etc/passwd'],
    ['a user name', 'http://me@example.org/feed'],
    ['a password', 'http://:secret@example.org/feed'],
    ['a host that poses as a user name', 'http://example.org@127.0.0.1/feed'],
    ['a port for something else', 'http://example.org:22/feed'],
    ['localhost', 'http://localhost/feed'],
    ['localhost with a dot', 'http://localhost./feed'],
    ['localhost in capitals', 'http://LOCALHOST/feed'],
    ['a name under localhost', 'http://feeds.localhost/feed'],
    ['a loopback address', 'http://127.0.0.1/feed'],
    ['the decimal form', 'http://2130706433/feed'],
    ['the octal form', 'http://0177.0.0.01/feed'],
    ['the hexadecimal form', 'http://0x7f.0x0.0x0.0x1/feed'],
    ['one hexadecimal number', 'http://0x7f000001/feed'],
    ['the short form', 'http://127.1/feed'],
    ['full-width digits', 'http://１２７.０.０.１/feed'],
    ['percent-encoded digits', 'http://%31%32%37.0.0.1/feed'],
    ['an address with a dot', 'http://127.0.0.1./feed'],
    ['a mapped address', 'http://[::ffff:127.0.0.1]/feed'],
    ['a NAT64 address', 'http://[64:ff9b::127.0.0.1]/feed'],
    ['IPv6 loopback', 'http://[::1]/feed'],
    ['the metadata address', 'http://169.254.169.254/latest/meta-data'],
    ['no address', 'http://0.0.0.0/feed'],
  ])('refuses %s', (_, url) => {
    expect(isFetchableUrl(new URL(url), none)).toBe(false)
  })
})

describe('createPrivateAllow', () => {
  it.each([
    ['10.1.2.3:8081', 'http://10.1.2.3:8081/', true],
    ['10.1.2.3:8081', 'http://10.1.2.3:8082/', false],
    ['10.1.2.3:8081', 'http://10.1.2.4:8081/', false],
    ['10.1.2.3:80', 'http://10.1.2.3/', true],
    ['10.1.2.3:443', 'https://10.1.2.3/', true],
    ['10.1.2.3', 'http://10.1.2.3:9999/', true],
    ['Feeds.Internal:8081', 'http://feeds.internal:8081/', true],
    ['feeds.internal', 'http://feeds.internal./', true],
    ['feeds.internal', 'http://more.feeds.internal:8081/', false],
    ['[fd00::1]:8081', 'http://[fd00:0::1]:8081/', true],
    ['fd00::1', 'http://[fd00::1]:8081/', true],
    ['127.0.0.1', 'http://2130706433/', true],
    ['10.1.2.3', 'http://me:secret@10.1.2.3/', false],
    ['10.1.2.3', 'ftp://10.1.2.3/', false],
  ])('with %s decides over %s', (entry, url, isAllowed) => {
    expect(isFetchableUrl(new URL(url), createPrivateAllow([entry]))).toBe(isAllowed)
  })

  it.each([
    '',
    'http://10.1.2.3',
    '10.1.2.3/feed',
    'me@10.1.2.3',
    '10.1.2.3:0',
    '10.1.2.3:70000',
    'a b',
  ])('refuses the entry %j by name', (entry) => {
    expect(() => createPrivateAllow([entry])).toThrow(AppError)
    expect(() => createPrivateAllow([entry])).toThrow('FEED_PRIVATE_ALLOW')
  })
})

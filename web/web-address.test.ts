import { expect, it } from 'vitest'
import { webAddress } from './web-address.ts'

it.each(['http://a.example/x?y=1#z', 'https://a.example/'])('links %s', (address) => {
  expect(webAddress(address)).toBe(address)
})

it.each([
  null,
  '',
  'javascript:alert(1)',
  ' \u0001JaVaScRiPt:alert(1)',
  'java\nscript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'vbscript:x',
  'file:///etc/passwd',
  '/relative',
  '//a.example/',
  'https://',
])('does not link %j', (address) => {
  expect(webAddress(address)).toBeNull()
})

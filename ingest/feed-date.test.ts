import { expect, it } from 'vitest'
import { parseFeedDate } from './feed-date.ts'

const FETCHED_AT = new Date('2026-04-12T00:00:00Z')
const HELD_AT = '2026-04-13T00:00:00.000Z'

it.each([
  ['Sat, 11 Apr 2026 17:13:56 +0000', '2026-04-11T17:13:56.000Z'],
  ['Sat, 11 Apr 2026 17:13:56 GMT', '2026-04-11T17:13:56.000Z'],
  ['11 Apr 2026 17:13 EST', '2026-04-11T22:13:00.000Z'],
  ['11 April 2026 17:13:56 +0530', '2026-04-11T11:43:56.000Z'],
  ['Sat, 11-Apr-26 17:13:56 -08:00', '2026-04-12T01:13:56.000Z'],
  ['Sun, 11 Apr 99 00:00:00 GMT', '1999-04-11T00:00:00.000Z'],
  ['2026-04-11T17:13:56Z', '2026-04-11T17:13:56.000Z'],
  ['2026-04-11t17:13:56.123456+02:00', '2026-04-11T15:13:56.000Z'],
  ['2026-04-11 17:13', '2026-04-11T17:13:00.000Z'],
  ['2026-04-11', '2026-04-11T00:00:00.000Z'],
  ['2026-04', '2026-04-01T00:00:00.000Z'],
  ['1969-07-20T20:17:40Z', '1969-07-20T20:17:40.000Z'],
])('reads %j', (text, expected) => {
  expect(parseFeedDate(text, FETCHED_AT)?.toISOString()).toBe(expected)
})

it('takes a time without a zone, of an unknown or an impossible one for UTC', () => {
  const expected = '2026-04-11T17:13:56.000Z'
  for (const zone of ['', ' XYZ', ' +9900', ' -2500']) {
    expect(parseFeedDate(`11 Apr 2026 17:13:56${zone}`, FETCHED_AT)?.toISOString()).toBe(expected)
  }
})

it.each([
  '',
  'yesterday',
  'Article 12',
  '1',
  '0001-01-01T00:00:00Z',
  'Mon, 01 Jan 0001 00:00:00 +0000',
  '2026-02-30',
  '2026-13-01',
  '31 Feb 2026 10:00:00 GMT',
  'Sam, 11 avr 2026 17:13:56 +0000',
  '2026-04-11T25:00:00Z',
  '2026-04-11 at noon',
])('finds no date in %j', (text) => {
  expect(parseFeedDate(text, FETCHED_AT)).toBeNull()
})

it.each(['9999-12-31T23:59:59Z', 'Fri, 31 Dec 9999 23:59:59 GMT', '2026-04-13T00:00:01Z'])(
  'holds %s at a day after the fetch',
  (text) => {
    expect(parseFeedDate(text, FETCHED_AT)?.toISOString()).toBe(HELD_AT)
  },
)

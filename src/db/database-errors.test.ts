import { describe, expect, it } from 'vitest'
import type { ErrorCode } from '../errors.ts'
import { isDatabaseError, isVectorSizeError, toDatabaseError } from './database-errors.ts'

function withCode(code: string): Error {
  return Object.assign(new Error('something said in SQL'), { code })
}

const CASES: readonly (readonly [string, Error, ErrorCode])[] = [
  ['connection exception', withCode('08006'), 'database-unavailable'],
  ['disk full', withCode('53100'), 'storage-full'],
  ['out of memory', withCode('53200'), 'database-unavailable'],
  ['too many connections', withCode('53300'), 'database-unavailable'],
  ['deadlock', withCode('40P01'), 'database-unavailable'],
  ['serialization failure', withCode('40001'), 'database-unavailable'],
  ['lock timeout', withCode('55P03'), 'database-unavailable'],
  ['statement timeout', withCode('57014'), 'database-unavailable'],
  ['administrator shutdown', withCode('57P01'), 'database-unavailable'],
  ['starting up', withCode('57P03'), 'database-unavailable'],
  ['idle transaction timeout', withCode('25P03'), 'database-unavailable'],
  ['NUL in text', withCode('22021'), 'invalid-request'],
  ['NUL in JSON', withCode('22P05'), 'invalid-request'],
  ['a duplicate', withCode('23505'), 'internal'],
  ['a missing right', withCode('42501'), 'internal'],
  ['a mistake in SQL', withCode('42601'), 'internal'],
  ['refused connection', withCode('ECONNREFUSED'), 'database-unavailable'],
  ['a socket file that is not there', withCode('ENOENT'), 'database-unavailable'],
  ['a name that does not resolve', withCode('ENOTFOUND'), 'database-unavailable'],
  ['a name server that is not there yet', withCode('EAI_AGAIN'), 'database-unavailable'],
  ['no way to the host', withCode('EHOSTUNREACH'), 'database-unavailable'],
  ['lost connection', new Error('Connection terminated unexpectedly'), 'database-unavailable'],
  [
    'a client that lost its connection before',
    new Error('Client has encountered a connection error and is not queryable'),
    'database-unavailable',
  ],
  [
    'no connection in time',
    new Error('timeout exceeded when trying to connect'),
    'database-unavailable',
  ],
]

describe('an error of the database', () => {
  it.each(CASES)('%s is known, with the code for it', (_name, error, code) => {
    expect(isDatabaseError(error)).toBe(true)
    const known = toDatabaseError(error)
    expect(known.code).toBe(code)
    expect(known.cause).toBe(error)
    expect(known.message).not.toContain('SQL')
    expect(known.retryAfter !== undefined).toBe(code === 'database-unavailable')
  })

  it.each([new Error('anything'), withCode('ERR_ASSERTION'), 'text', undefined])(
    'is not whatever else was thrown: %s',
    (error) => {
      expect(isDatabaseError(error)).toBe(false)
    },
  )
})

describe('vectors of two sizes', () => {
  const error = (code: string, message: string) => Object.assign(new Error(message), { code })

  it.each([
    ['compared', 'different vector dimensions 384 and 3'],
    ['cast for an index', 'expected 384 dimensions, not 3'],
  ])('are known when they are %s', (_when, message) => {
    expect(isVectorSizeError(error('22000', message))).toBe(true)
  })

  it('are no other fault of the data or of this program', () => {
    expect(isVectorSizeError(error('22000', 'something else'))).toBe(false)
    expect(isVectorSizeError(error('42601', 'different vector dimensions'))).toBe(false)
    expect(isVectorSizeError(new Error('different vector dimensions'))).toBe(false)
    expect(isVectorSizeError('22000')).toBe(false)
  })
})

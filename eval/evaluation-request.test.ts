import { describe, expect, it } from 'vitest'
import { ANSWERABLE, FOLLOW_UP, NEAR_MISS } from '../test/test-golden-set.ts'
import { evaluationRequest, selectCases } from './evaluation-request.ts'
import type { GoldenCase } from './golden-case.ts'

describe('a request', () => {
  it.each([
    {},
    { set: 'handbook', arms: ['system', 'extracted'], split: 'tuning', limit: 1, repeat: 20 },
    { filter: 'kind=multi' },
    { filter: 'tag=near-miss' },
    { filter: 'article=https://a.example/?b=c' },
    { resume: 'run_1' },
    { onlyFailing: 'run_1', dryRun: true },
    { target: 'http://:key@localhost:11434/v1' },
    { baseline: '/tmp/baseline.json' },
  ])('may be %j', (body) => {
    expect(evaluationRequest.parse(body)).toEqual(body)
  })

  it.each([
    [{ arms: ['sytem'] }, 'arms.0'],
    [{ arms: [] }, 'arms'],
    [{ set: '' }, 'set'],
    [{ split: 'all' }, 'split'],
    [{ filter: 'kind' }, 'filter'],
    [{ filter: 'kind=' }, 'filter'],
    [{ filter: 'colour=red' }, 'filter'],
    [{ limit: 0 }, 'limit'],
    [{ limit: 1.5 }, 'limit'],
    [{ repeat: 21 }, 'repeat'],
    [{ target: 'ftp://a.example' }, 'target'],
    [{ target: 'localhost' }, 'target'],
    [{ baseline: 'baseline.json' }, 'baseline'],
    [{ quick: true }, ''],
  ])('is not %j', (body, path) => {
    const { error } = evaluationRequest.safeParse(body)
    expect(error?.issues.map((issue) => issue.path.join('.'))).toEqual([path])
  })
})

const CASES: readonly GoldenCase[] = [
  ANSWERABLE,
  NEAR_MISS,
  FOLLOW_UP,
  { ...ANSWERABLE, id: 'ls-004', split: 'tuning', articles: ['baking'], kind: 'list' },
]

const select = (...[request]: [Parameters<typeof selectCases>[1]]) =>
  selectCases(CASES, request).map(({ id }) => id)

describe('the cases that are asked', () => {
  it.each([
    [{}, ['ls-001', 'ls-002', 'ls-003', 'ls-004']],
    [{ split: 'test' }, ['ls-001', 'ls-003']],
    [{ filter: 'kind=fact' }, ['ls-001']],
    [{ filter: 'tag=near-miss' }, ['ls-002']],
    [{ filter: 'article=baking' }, ['ls-004']],
    [{ filter: 'article=listening', split: 'test' }, ['ls-001', 'ls-003']],
    [{ filter: 'id=ls-003' }, ['ls-003']],
    [{ limit: 4 }, ['ls-001', 'ls-002', 'ls-003', 'ls-004']],
    [{ limit: 900 }, ['ls-001', 'ls-002', 'ls-003', 'ls-004']],
    [{ limit: 1 }, ['ls-004']],
    [{ limit: 2 }, ['ls-003', 'ls-004']],
    [{ limit: 1, split: 'tuning' }, ['ls-004']],
  ] as const)('by %j are %j', (request, ids) => {
    expect(select(request)).toEqual(ids)
  })

  it('are a sample from all over the set, the same every time', () => {
    const many = Array.from({ length: 200 }, (_, at) => ({ ...ANSWERABLE, id: `c-${at}` }))
    const sample = () => selectCases(many, { limit: 16 }).map(({ id }) => id)
    expect(sample()).toEqual(sample())
    // Drawn with the seed of every sample, and then in the set's order.
    expect(sample().slice(0, 4)).toEqual(['c-4', 'c-16', 'c-18', 'c-34'])
    expect(sample().at(-1)).toBe('c-184')
    expect(new Set(sample()).size).toBe(16)
  })

  it.each([
    [{ filter: 'kind=multi' }, 'kind=multi'],
    [{ filter: 'id=nobody', split: 'test' }, 'id=nobody'],
  ] as const)('by %j are none, which is a mistake', (request, named) => {
    expect(() => select(request)).toThrow(
      expect.objectContaining({
        code: 'invalid-request',
        message: expect.stringContaining(named) as string,
      }) as Error,
    )
  })
})

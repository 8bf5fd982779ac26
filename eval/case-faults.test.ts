import { describe, expect, it } from 'vitest'
import { ANSWERABLE, FOLLOW_UP, NEAR_MISS } from '../test/test-golden-set.ts'
import { findCaseFaults } from './case-faults.ts'
import type { GoldenCase } from './golden-case.ts'

const [EVIDENCE = { article: '', quote: '' }] = ANSWERABLE.evidence
const LONG = 'one two three four five six seven eight nine ten eleven twelve thirteen'
const ARTICLES = ['listening', 'queues']
const OTHER = { article: 'queues', quote: 'rows that nobody has locked' }

describe('a case that is right', () => {
  it.each<GoldenCase>([
    ANSWERABLE,
    NEAR_MISS,
    FOLLOW_UP,
    { ...NEAR_MISS, tags: ['clumsy', 'off-corpus'] },
    { ...ANSWERABLE, kind: 'multi', articles: ARTICLES, evidence: [EVIDENCE, OTHER] },
    { ...ANSWERABLE, kind: 'temporal', as_of: '2026-04-10T09:00:00Z' },
  ])('has no fault: $kind $tags', (golden) => {
    expect(findCaseFaults(golden)).toEqual([])
  })
})

describe('an unanswerable case', () => {
  it('has nothing that only an answer has', () => {
    const { articles, facts, evidence, must_not, reference } = ANSWERABLE
    const golden = { ...NEAR_MISS, articles, facts, evidence, must_not, reference }
    const names = ['articles', 'facts', 'evidence', 'must_not', 'reference']
    expect(findCaseFaults(golden)).toEqual(
      names.map((name) => `${name}: must be empty, since no article answers the question`),
    )
  })

  it.each([[[]], [['near-miss', 'off-corpus']], [['clumsy']]])('tagged %j is refused', (tags) => {
    expect(findCaseFaults({ ...NEAR_MISS, tags })).toEqual([
      'tags: an unanswerable case has one of near-miss and off-corpus, and not both',
    ])
  })
})

describe('an answerable case', () => {
  it.each<[string, Partial<GoldenCase>]>([
    ['articles: must name the article that answers', { articles: [], evidence: [] }],
    ['articles: must name each article once', { articles: ['listening', 'listening'] }],
    ['articles: a question of kind multi needs two', { kind: 'multi' }],
    ['facts: must hold', { facts: [] }],
    ['reference: must be', { reference: ' ', facts: [], must_not: [] }],
    ['evidence: must have a phrase of listening', { evidence: [] }],
    ['evidence: must have a phrase of queues', { articles: ARTICLES }],
    ['evidence: queues is not among', { evidence: [EVIDENCE, OTHER] }],
    ['has 13 words; shorten it to 12', { evidence: [{ article: 'listening', quote: LONG }] }],
    ['tags: near-miss is for unanswerable', { tags: ['near-miss'] }],
    ['turns: are for follow-ups', { turns: FOLLOW_UP.turns ?? [] }],
    ['the reference holds none of “7000”, “7 kB”', { facts: [['8000'], ['7000', '7 kB']] }],
    ['the reference itself holds “8000”', { must_not: ['8000'], facts: [['at most']] }],
    ['“kB” forbids the fact “8 kB”', { must_not: ['kB'] }],
  ])('is refused: %s', (problem, part) => {
    const faults = findCaseFaults({ ...ANSWERABLE, ...part })
    expect(faults).toContainEqual(expect.stringContaining(problem))
  })

  it('finds its facts as an answer is searched for them', () => {
    const golden = { ...ANSWERABLE, facts: [['8000']], reference: 'Eight thousand bytes.' }
    expect(findCaseFaults(golden)).toEqual([])
  })
})

describe('a follow-up', () => {
  it.each([
    ['no turns', undefined],
    ['an empty list of them', []],
  ])('with %s is refused', (_, turns) => {
    const golden: GoldenCase = { ...ANSWERABLE, kind: 'followup' }
    const faults = findCaseFaults(turns === undefined ? golden : { ...golden, turns })
    expect(faults).toEqual([expect.stringMatching(/^turns: a follow-up needs/)])
  })
})

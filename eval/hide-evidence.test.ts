import { describe, expect, it } from 'vitest'
import { LIMIT, MISSED } from '../test/test-feed.ts'
import { ANSWERABLE, FOLLOW_UP, NEAR_MISS } from '../test/test-golden-set.ts'
import type { GoldenCase } from './golden-case.ts'
import { hideEvidence, toHidden, type ReadArticle } from './hide-evidence.ts'

const LISTENING = { guid: 'listening', text: `Limits\n\n${LIMIT} ${MISSED}` }

async function* read(articles: readonly ReadArticle[]): AsyncGenerator<ReadArticle> {
  for (const article of articles) yield await Promise.resolve(article)
}

interface Sketch {
  readonly cases?: readonly GoldenCase[]
  readonly hidden?: Readonly<Record<string, readonly string[]>>
  readonly others?: readonly string[]
}

/** Ids of the cases that may stand without their evidence. */
function admitted({ cases = [ANSWERABLE], hidden, others = [] }: Sketch) {
  const articles = [LISTENING, ...others.map((text, at) => ({ guid: `other-${at}`, text }))]
  return hideEvidence(cases, {
    hidden: new Map(Object.entries(hidden ?? { [ANSWERABLE.id]: [LIMIT] })),
    articles: read(articles),
  })
}

describe('a case without its evidence', () => {
  it('is a near miss where no fact of it stands in what remains', async () => {
    expect(await admitted({ others: ['Of 4000 bytes.'] })).toEqual([ANSWERABLE.id])
  })

  it.each([
    ['an alternative', 'As said elsewhere, 8 kB fit.'],
    ['a fact in other digits', 'It is 8,000 bytes long.'],
  ])('is left out where %s stands in any other article', async (_what, text) => {
    expect(await admitted({ others: ['Nothing here.', text] })).toEqual([])
  })

  it('is left out where one of its facts remains and another does not', async () => {
    const two = { ...ANSWERABLE, facts: [['8000 bytes'], ['twelve hours']] }
    expect(await admitted({ cases: [two], others: ['Dough rests for twelve hours.'] })).toEqual([])
  })

  it('is left out where its sentence stands twice, and the fact beside it', async () => {
    const evidence = { [ANSWERABLE.id]: [LIMIT] }
    expect(await admitted({ hidden: evidence, others: [`Again: ${LIMIT}`] })).toEqual([
      ANSWERABLE.id,
    ])
    expect(await admitted({ hidden: evidence, others: ['Again: 8000 bytes.'] })).toEqual([])
  })

  it('is left out where its evidence is not in the library', async () => {
    expect(await admitted({ hidden: {} })).toEqual([])
    expect(await admitted({ hidden: { [ANSWERABLE.id]: [] } })).toEqual([])
  })

  it('is left out where it had no answer before', async () => {
    expect(await admitted({ cases: [NEAR_MISS], hidden: { [NEAR_MISS.id]: [LIMIT] } })).toEqual([])
  })

  it('is judged by its own sentences alone', async () => {
    const hidden = { [ANSWERABLE.id]: [MISSED], [FOLLOW_UP.id]: [MISSED] }
    expect(await admitted({ cases: [ANSWERABLE, FOLLOW_UP], hidden })).toEqual([FOLLOW_UP.id])
  })
})

describe('as it is asked', () => {
  it('it is a near miss that keeps its evidence, by which the arm leaves it out', () => {
    expect(toHidden({ ...ANSWERABLE, tags: ['clumsy'] })).toEqual({
      ...ANSWERABLE,
      kind: 'unanswerable',
      articles: [],
      facts: [],
      must_not: [],
      tags: ['clumsy', 'near-miss'],
    })
  })
})

import { describe, expect, it } from 'vitest'
import { candidate, caseRow, refusedRow, unanswerableRow } from '../test/case-row.ts'
import type { CaseAnswer } from './case-answer.ts'
import { toStages } from './to-stages.ts'

const { golden, answer } = caseRow('case')
if (answer === null) throw new Error('A made case has an answer.')
const stages = toStages(golden, answer)
const stagesWith = (changes: Partial<CaseAnswer>) => toStages(golden, { ...answer, ...changes })

describe('the stages of an answer', () => {
  it('say where the gold was', () => {
    expect(stages).toMatchObject({
      goldRanks: { keyword: 1, vector: 1, fused: 1 },
      isGoldFound: true,
      isGoldInContext: true,
      isQuoteInContext: true,
      reason: null,
      statesAnswer: 0.9,
    })
  })

  it('are hashes of twelve digits', () => {
    const { candidates, passages, prompt, generated, dropped, grounded } = stages
    for (const hash of [candidates, passages, generated, dropped, grounded]) {
      expect(hash).toMatch(/^[0-9a-f]{12}$/)
    }
    expect(prompt).toBe('aaaaaaaaaaaa')
  })

  it('rank articles and not chunks, in each arm by its own score', () => {
    const candidates = [
      { ...candidate('other', 0.9), vector: 0.1 },
      { ...candidate('other', 0.8), vector: null },
      { ...candidate('gold', 0.7), vector: 0.6 },
    ]
    expect(stagesWith({ candidates }).goldRanks).toEqual({ keyword: 2, vector: 1, fused: 2 })
  })

  it('say which arm did not find the gold', () => {
    const candidates = [{ ...candidate('gold', 0.7), vector: null }, candidate('other', 0.2)]
    expect(stagesWith({ candidates }).goldRanks).toEqual({ keyword: 1, vector: null, fused: 1 })
  })

  it('tell a lost article from a lost sentence', () => {
    const elsewhere = { guid: 'other', start: 0, end: 9, text: 'capped at 8000' }
    expect(stagesWith({ passages: [elsewhere] })).toMatchObject({
      isGoldInContext: false,
      isQuoteInContext: false,
    })
    const withoutQuote = { guid: 'gold', start: 200, end: 209, text: 'Otherwise.' }
    expect(stagesWith({ passages: [withoutQuote] })).toMatchObject({
      isGoldInContext: true,
      isQuoteInContext: false,
    })
  })

  it('do not know chunks by the ids of their database', () => {
    const candidates = answer.candidates?.map((each) => ({ ...each, chunkId: 'another' })) ?? null
    expect(stagesWith({ candidates }).candidates).toBe(stages.candidates)
  })

  it('tell another order of the candidates', () => {
    const candidates = answer.candidates?.toReversed() ?? null
    expect(stagesWith({ candidates }).candidates).not.toBe(stages.candidates)
  })

  it('pass over what stands behind the twentieth candidate', () => {
    const first = Array.from({ length: 20 }, (_, at) => candidate(`article ${at}`, 1 - at / 100))
    const [one, two] = ['x', 'y'].map((guid) =>
      stagesWith({ candidates: [...first, candidate(guid, 0.1)] }),
    )
    expect(one?.candidates).toBe(two?.candidates)
  })

  it('tell passages by their place', () => {
    const passages = answer.passages.map((passage) => ({ ...passage, end: passage.end + 1 }))
    expect(stagesWith({ passages }).passages).not.toBe(stages.passages)
  })

  it('know citations by what they cite and not by their number', () => {
    const sentences = answer.sentences.map((each) => ({ ...each, citations: [7] }))
    const citations = answer.citations.map((each) => ({ ...each, number: 7 }))
    expect(stagesWith({ sentences, citations }).grounded).toBe(stages.grounded)
    const moved = answer.citations.map((each) => ({ ...each, start: each.start + 1 }))
    expect(stagesWith({ citations: moved }).grounded).not.toBe(stages.grounded)
  })

  it('tell what was dropped, whatever the reason was called', () => {
    const one = stagesWith({ dropped: [{ text: 'Invented.', why: 'No sentence supports it.' }] })
    const same = stagesWith({ dropped: [{ text: 'Invented.', why: 'Unsupported.' }] })
    expect(one.dropped).not.toBe(stages.dropped)
    expect(one.dropped).toBe(same.dropped)
  })

  it('are the same for a refused answer but for its sentences and its reason', () => {
    const refused = refusedRow('case')
    if (refused.answer === null) throw new Error('A refusal has an answer.')
    expect(toStages(refused.golden, refused.answer)).toEqual({
      ...stages,
      grounded: expect.any(String),
      reason: 'not-answered',
      statesAnswer: 0.1,
    })
  })

  it('know of no gold where the articles do not answer', () => {
    const row = unanswerableRow('unanswerable')
    if (row.answer === null) throw new Error('A refusal has an answer.')
    expect(toStages(row.golden, row.answer)).toMatchObject({
      goldRanks: null,
      isGoldFound: null,
      isGoldInContext: null,
      isQuoteInContext: null,
    })
  })

  it('are unknown where the target tells nothing of its search', () => {
    const opaque = { candidates: null, passages: [], promptHash: null, generated: null }
    expect(stagesWith(opaque)).toMatchObject({
      goldRanks: null,
      isGoldInContext: null,
      candidates: null,
      passages: null,
      prompt: null,
      generated: null,
      dropped: null,
    })
  })
})

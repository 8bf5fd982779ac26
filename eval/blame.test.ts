import { describe, expect, it } from 'vitest'
import { madeStages } from '../test/case-row.ts'
import { blame, blameSearch, needsRegeneration, type BlameContext } from './blame.ts'
import type { Stages } from './stages.ts'

const BROKEN: BlameContext = {
  direction: 'broken',
  missing: [],
  changed: [],
  sameChatModel: true,
}

/** Of an extracted answer: no model ran. */
const UNWRITTEN: Partial<Stages> = {
  prompt: null,
  generated: null,
  dropped: null,
  reason: 'model-unavailable',
  statesAnswer: null,
}

interface Parting {
  readonly before?: Partial<Stages>
  readonly after?: Partial<Stages>
  readonly context?: Partial<BlameContext>
}

function parting({ before, after, context }: Parting) {
  return {
    before: madeStages(before),
    after: madeStages(after),
    context: { ...BROKEN, ...context },
  }
}

const blameOf = (input: Parting) => blame(parting(input))
const stageOf = (input: Parting) => blameOf(input).stage

describe('blame on the corpus', () => {
  it('falls where an article of the case is gone', () => {
    const after = { goldRanks: null, isGoldFound: false, passages: 'others' }
    expect(blameOf({ after, context: { missing: ['gold'] } })).toEqual({
      stage: 'corpus',
      explanation: "The library no longer has the case's article gold.",
    })
  })

  it('falls where its text changed and other passages came of it', () => {
    expect(stageOf({ after: { passages: 'others' }, context: { changed: ['gold'] } })).toBe(
      'corpus',
    )
  })

  it('does not fall where the changed text did not reach the answer', () => {
    const context = { changed: ['gold'] }
    expect(stageOf({ after: { dropped: 'others' }, context })).toBe('grounding')
  })

  it('falls where a later article stands among other passages', () => {
    const context = { newcomers: ['new'] }
    expect(blameOf({ after: { passages: 'others' }, context })).toEqual({
      stage: 'corpus',
      explanation: 'An article that came later, new, stands among the passages.',
    })
    expect(stageOf({ after: { dropped: 'others' }, context })).toBe('grounding')
  })
})

describe('blame on retrieval', () => {
  const ranks = { goldRanks: { keyword: 9, vector: 2, fused: 6 } }

  it('says which arm lost the article', () => {
    const after = { ...ranks, candidates: 'others', passages: 'others', isGoldInContext: false }
    expect(blameOf({ after })).toEqual({
      stage: 'retrieval',
      explanation:
        "The case's articles were given to the model and are not all given now: the best of its articles went from place 1 to 6 among the candidates, by keywords it went from place 1 to 9, by vectors it stayed at place 2.",
    })
  })

  it('falls where the article is no candidate any more, whatever the model did', () => {
    const goldRanks = { keyword: null, vector: null, fused: null }
    const after = {
      goldRanks,
      isGoldFound: false,
      isGoldInContext: false,
      passages: 'others',
      generated: 'others',
    }
    const { stage, explanation } = blameOf({ after })
    expect(stage).toBe('retrieval')
    expect(explanation).toContain('by vectors it was at place 2 and is not found')
  })

  it('falls where the article stayed and the sentence was cut', () => {
    const { stage, explanation } = blameOf({ after: { passages: 'cut', isQuoteInContext: false } })
    expect(stage).toBe('retrieval')
    expect(explanation).toContain('The supporting sentence was given to the model')
  })

  it('has the praise where the sentence came in', () => {
    const { stage, explanation } = blameOf({
      before: { passages: 'cut', isQuoteInContext: false },
      context: { direction: 'fixed' },
    })
    expect(stage).toBe('retrieval')
    expect(explanation).toContain('was not given to the model, and now it is')
  })

  it('does not fall where a case broke although the sentence came in', () => {
    const before = { passages: 'cut', isQuoteInContext: false }
    expect(stageOf({ before })).toBe('unclear')
  })

  it('falls where no model ran and other sentences were found', () => {
    const after = { ...UNWRITTEN, passages: 'others' }
    expect(stageOf({ before: UNWRITTEN, after })).toBe('retrieval')
    expect(stageOf({ before: UNWRITTEN, after: { ...UNWRITTEN, grounded: 'others' } })).toBe(
      'retrieval',
    )
  })

  it('falls where other passages were given and the old ones still give the old outcome', () => {
    const after = { passages: 'others', prompt: 'other', generated: 'others' }
    expect(stageOf({ after, context: { regenerated: { correct: true } } })).toBe('retrieval')
    const fixed = { direction: 'fixed', regenerated: { correct: false } } as const
    expect(stageOf({ after, context: fixed })).toBe('retrieval')
  })
})

describe('blame on generation', () => {
  it('falls where the same passages stood in another prompt', () => {
    expect(stageOf({ after: { prompt: 'other', generated: 'others' } })).toBe('generation')
  })

  it('falls where another model wrote other words to the same prompt', () => {
    const after = { generated: 'others' }
    expect(stageOf({ after, context: { sameChatModel: false } })).toBe('generation')
  })

  it('falls where the old prompt gives the new outcome as well', () => {
    const after = { passages: 'others', prompt: 'other', generated: 'others' }
    expect(stageOf({ after, context: { regenerated: { correct: false } } })).toBe('generation')
  })

  it('falls where the model was there before and is not now', () => {
    expect(stageOf({ after: { ...UNWRITTEN, passages: 'quoted' } })).toBe('generation')
    expect(stageOf({ before: UNWRITTEN, context: { direction: 'fixed' } })).toBe('generation')
  })
})

describe('blame on grounding', () => {
  it('falls where other sentences of the same words were kept', () => {
    const after = { dropped: 'more', reason: 'unsupported', statesAnswer: null }
    expect(stageOf({ after })).toBe('grounding')
  })

  it('falls where the same sentences have other citations', () => {
    expect(stageOf({ after: { grounded: 'others' } })).toBe('grounding')
  })
})

describe('blame on refusal', () => {
  it('falls where the same sentences were refused, and says by how much', () => {
    const after = { grounded: 'none', reason: 'not-answered', statesAnswer: 0.41 }
    expect(blameOf({ after, context: { threshold: 0.5 } })).toEqual({
      stage: 'refusal',
      explanation:
        'The same sentences were kept and the decision is another, answered before, not-answered now; that they state the answer had a probability of 0.90 and has 0.41 now (refused below 0.50).',
    })
  })

  it('falls where no model ran and the same best sentence is now too far', () => {
    const after = { ...UNWRITTEN, passages: 'found', grounded: 'none', reason: 'no-evidence' }
    const { stage, explanation } = blameOf({ before: UNWRITTEN, after })
    expect(stage).toBe('refusal')
    expect(explanation).toContain('counted as near enough from the question')
  })
})

describe('blame on nothing', () => {
  it('is noise where the same model wrote other words to the same prompt', () => {
    const after = { generated: 'others', dropped: 'others', grounded: 'others' }
    expect(stageOf({ after })).toBe('noise')
  })

  it('is noise where no stage differs', () => {
    expect(stageOf({})).toBe('noise')
  })

  it('is unclear where the target tells nothing', () => {
    const opaque = { ...UNWRITTEN, candidates: null, passages: null, reason: null }
    expect(stageOf({ before: opaque, after: opaque })).toBe('unclear')
  })

  it('is unclear where other passages were given and the old prompt was not tried', () => {
    expect(stageOf({ after: { passages: 'others', prompt: 'other' } })).toBe('unclear')
  })
})

describe('blame of a search whose outcome stayed', () => {
  const ofSearch = (input: Parting) => blameSearch(parting(input))

  it('falls on the corpus where that is another', () => {
    const after = { passages: 'others' }
    for (const context of [{ missing: ['gold'] }, { changed: ['gold'] }, { newcomers: ['new'] }]) {
      expect(ofSearch({ after, context }).stage).toBe('corpus')
    }
  })

  it('says what was lost', () => {
    const after = { passages: 'cut', isQuoteInContext: false }
    const { stage, explanation } = ofSearch({ after })
    expect(stage).toBe('retrieval')
    expect(explanation).toContain('The supporting sentence was given to the model')
  })

  it('says how the order changed where nothing was lost, whatever the model wrote', () => {
    const goldRanks = { keyword: 1, vector: 2, fused: 3 }
    expect(ofSearch({ after: { goldRanks, candidates: 'others', generated: 'others' } })).toEqual({
      stage: 'retrieval',
      explanation:
        'The articles were found in another order: the best of its articles went from place 1 to 3 among the candidates, by keywords it stayed at place 1, by vectors it stayed at place 2.',
    })
  })
})

describe('the old prompt', () => {
  const otherPassages = { after: { passages: 'others', prompt: 'other' } }

  it('is needed where the model was given other passages that hold the sentence too', () => {
    expect(needsRegeneration(parting(otherPassages))).toBe(true)
  })

  it.each([
    ['it was tried', { ...otherPassages, context: { regenerated: { correct: true } } }],
    ['the passages are the same', { after: { generated: 'others' } }],
    ['the sentence was lost', { after: { passages: 'others', isQuoteInContext: false } }],
    ['an article is gone', { ...otherPassages, context: { missing: ['gold'] } }],
    ['a later article came in', { ...otherPassages, context: { newcomers: ['new'] } }],
    ['no model ran', { before: UNWRITTEN, after: { ...UNWRITTEN, passages: 'others' } }],
  ])('is not needed where %s', (_, input) => {
    expect(needsRegeneration(parting(input))).toBe(false)
  })
})

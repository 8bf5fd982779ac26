import { describe, expect, it } from 'vitest'
import { condense } from '../src/answering/condense.ts'
import { AppError } from '../src/errors.ts'
import { reviewedAnswer, toKeptCase, type GivenCase, type ReviewedAnswer } from './kept-case.ts'

const LIMIT = 'A NOTIFY payload is limited to 8000 bytes.'
const LARGER = 'A NOTIFY payload is limited by the server, and larger ones are refused.'
const SHORT = 'It polls.'
const QUESTION = 'How large may a NOTIFY payload be?'

const library = new Map([
  ['listening', { sentences: [LIMIT, LARGER, SHORT] }],
  ['baking', { sentences: ['Rye dough rests for twelve hours.'] }],
])
const guids = new Map([
  ['art_1', 'listening'],
  ['art_2', 'baking'],
])

function answered(
  citations: readonly { articleId: string; quote: string }[] = [
    { articleId: 'art_1', quote: LIMIT },
  ],
  { text = 'A NOTIFY payload has at most 8,000 bytes.', earlier = null as string | null } = {},
): ReviewedAnswer {
  return {
    body: {
      status: 'answered',
      question: QUESTION,
      sentences: [{ text }],
      citations: citations.map((each) => ({ ...each, title: 'Listening' })),
    },
    trace: { understood: { earlier } },
  }
}

const refused: ReviewedAnswer = {
  body: { status: 'refused', question: QUESTION, sentences: [], citations: [] },
  trace: { understood: { earlier: null } },
}

interface Sketch {
  readonly answer?: ReviewedAnswer | null
  readonly question?: string
  readonly correction?: string
  readonly given?: GivenCase
}

function keep({ answer = answered(), question = QUESTION, correction, given = {} }: Sketch = {}) {
  return toKeptCase({
    id: 'rev-0a1b2c3d',
    question,
    answer,
    articles: { guidOf: (id) => guids.get(id), library },
    correction: correction ?? null,
    given,
  })
}

function faultsOf(sketch: Sketch): readonly string[] {
  try {
    keep(sketch)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    expect(error.code).toBe('invalid-request')
    return error.errors.map(({ path, message }) => `${path}: ${message}`)
  }
  throw new Error('It was kept.')
}

it.each([[{}], [{ understood: {} }], [null]])(
  'an answer whose trace is %j had no question before it, as far as is known',
  (trace) => {
    const read = reviewedAnswer.parse({ ...answered(), trace })
    expect(read).toEqual(answered())
    expect(keep({ answer: read })).not.toHaveProperty('turns')
  },
)

describe('the case of an answer', () => {
  it('holds its cited articles, evidence and facts', () => {
    expect(keep()).toEqual({
      id: 'rev-0a1b2c3d',
      question: QUESTION,
      kind: 'fact',
      split: 'test',
      articles: ['listening'],
      // NOTIFY stands in the question: a right answer need not say it again.
      facts: [['8000']],
      must_not: [],
      reference: 'A NOTIFY payload has at most 8,000 bytes.',
      // "A NOTIFY payload is limited" begins two sentences, and "… limited to" one.
      evidence: [{ article: 'listening', quote: 'A NOTIFY payload is limited to' }],
    })
  })

  it('takes the reviewer’s words for the reference', () => {
    const correction = 'It may have 8000 bytes, and not one more.'
    expect(keep({ correction })).toMatchObject({ reference: correction, facts: [['8000']] })
  })

  it('keeps a name of the question as a fact where there is no other', () => {
    const answer = answered(undefined, { text: 'NOTIFY payloads are limited.' })
    expect(keep({ answer }).facts).toEqual([['NOTIFY']])
  })

  it('does not take a fact that its evidence lacks', () => {
    const answer = answered(undefined, { text: 'The payload has 8000 bytes since Postgres 9.' })
    expect(keep({ answer }).facts).toEqual([['8000']])
  })

  it('cites each sentence once, in the articles that are cited', () => {
    const rye = { articleId: 'art_2', quote: 'Rye dough rests for twelve hours.' }
    const limit = { articleId: 'art_1', quote: LIMIT }
    const { articles, evidence } = keep({ answer: answered([rye, limit, rye]) })
    expect(articles).toEqual(['baking', 'listening'])
    expect(evidence.map(({ quote }) => quote)).toEqual([
      'Rye dough rests for',
      'A NOTIFY payload is limited to',
    ])
  })

  it('quotes the whole of a sentence that no few words find', () => {
    const answer = answered([{ articleId: 'art_1', quote: SHORT }])
    const { evidence } = keep({ answer, given: { facts: [['8000']] } })
    expect(evidence).toEqual([{ article: 'listening', quote: SHORT }])
  })

  it('has the turn before a follow-up', () => {
    const answer = answered(undefined, { earlier: 'What is NOTIFY?' })
    expect(keep({ answer })).toMatchObject({
      kind: 'followup',
      turns: [{ role: 'user', content: 'What is NOTIFY?' }],
    })
  })

  it('has a follow-up in its own words, with the answer before it', () => {
    const { body } = answered()
    const understood = condense([
      { role: 'user', content: 'What is NOTIFY?' },
      { role: 'assistant', content: 'A command. [1]' },
      { role: 'user', content: 'How large may it be?' },
    ])
    const answer = { body, trace: { understood } }
    expect(keep({ answer, question: understood.question })).toMatchObject({
      question: 'How large may it be?',
      turns: [
        { role: 'user', content: 'What is NOTIFY?' },
        { role: 'assistant', content: 'A command.' },
      ],
    })
  })

  it('is a near miss where the answer was rightly a refusal', () => {
    expect(keep({ answer: refused })).toEqual({
      id: 'rev-0a1b2c3d',
      question: QUESTION,
      kind: 'unanswerable',
      split: 'test',
      articles: [],
      facts: [],
      must_not: [],
      reference: '',
      evidence: [],
      tags: ['near-miss'],
    })
  })

  it('is unanswerable where the reviewer says so of an answer that was given', () => {
    expect(keep({ given: { kind: 'unanswerable' } })).toMatchObject({ articles: [], facts: [] })
    expect(keep({ given: { articles: [] } })).toMatchObject({ kind: 'unanswerable' })
  })
})

describe('what a reviewer gives', () => {
  it('wins over what is derived', () => {
    const given: GivenCase = {
      id: 'my-case',
      question: 'How many bytes may NOTIFY carry?',
      kind: 'paraphrase',
      split: 'tuning',
      facts: [['8000 bytes', '8 kB']],
      must_not: ['9000'],
      tags: ['limits'],
    }
    expect(keep({ given })).toMatchObject({ ...given, articles: ['listening'] })
  })

  it('makes a refused question answerable', () => {
    const given: GivenCase = {
      articles: ['listening'],
      evidence: [{ article: 'listening', quote: 'limited to 8000 bytes' }],
    }
    const correction = 'At most 8000 bytes.'
    expect(keep({ answer: refused, correction, given })).toMatchObject({
      kind: 'fact',
      facts: [['8000']],
      reference: correction,
    })
  })

  it('is the whole case where the answer is no longer kept', () => {
    const given: GivenCase = {
      kind: 'fact',
      articles: ['listening'],
      evidence: [{ article: 'listening', quote: 'limited to 8000 bytes' }],
      facts: [['8000']],
      reference: '8000 bytes.',
    }
    expect(keep({ answer: null, given })).toMatchObject({ question: QUESTION, ...given })
    expect(faultsOf({ answer: null }).map((fault) => fault.split(':')[0])).toEqual([
      '/case/kind',
      '/case/articles',
      '/case/facts',
      '/case/reference',
      '/case/evidence',
    ])
  })
})

describe('a case is refused', () => {
  it.each<[string, Sketch, string]>([
    [
      'with a correction to a refusal and nothing more',
      { answer: refused, correction: '8000 bytes.' },
      '/case/articles: a question that has a right answer needs the articles',
    ],
    [
      'where no fact can be derived',
      { answer: answered(undefined, { text: 'It is limited.' }) },
      '/case/facts: must hold what a right answer has to say',
    ],
    [
      'where its reference lacks a fact',
      { given: { facts: [['8000'], ['2 MB']] } },
      '/case/facts: the reference holds none of “2 MB”',
    ],
    [
      'where an article is not in the library',
      { given: { articles: ['listening', 'gone'] } },
      '/case/articles/1: is the guid of no article',
    ],
    [
      'where its evidence is in no sentence',
      {
        given: {
          evidence: [{ article: 'listening', quote: 'limited to 9000' }],
          facts: [['8000']],
        },
      },
      '/case/evidence/0: must be words of a sentence',
    ],
    [
      'where its evidence is of another article',
      {
        given: {
          articles: ['baking'],
          evidence: [{ article: 'listening', quote: 'limited to 8000' }],
        },
      },
      '/case/evidence: listening is not among the articles',
    ],
    [
      'where none of its articles is cited',
      { given: { articles: ['baking'], facts: [['8000']] } },
      '/case/evidence: must have a phrase of baking',
    ],
    [
      'where kind and articles disagree',
      { given: { kind: 'unanswerable', articles: ['listening'] } },
      '/case/articles: must be empty',
    ],
    [
      'where the cited sentence was edited',
      { answer: answered([{ articleId: 'art_1', quote: 'It was limited to 4000 bytes.' }]) },
      '/case/evidence: “Listening” no longer holds the sentence',
    ],
    [
      'where the cited article has gone',
      { answer: answered([{ articleId: 'art_9', quote: LIMIT }]) },
      '/case/evidence: “Listening” no longer holds the sentence',
    ],
    [
      'where the quote was taken out of the answer',
      { answer: answered([{ articleId: 'art_1', quote: '' }]) },
      '/case/evidence: “Listening” no longer holds the sentence',
    ],
  ])('%s', (_name, sketch, fault) => {
    expect(faultsOf(sketch)).toContainEqual(expect.stringContaining(fault))
  })
})

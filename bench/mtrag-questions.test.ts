import { describe, expect, it } from 'vitest'
import { parseMtrag, sampleQuestions, type Label } from './mtrag-questions.ts'

const passages = '{"_id": "p1", "title": "", "text": "One."}\n'
const questionOf = (_id: string, answerability: Label) => ({
  _id,
  question: 'And then?',
  history: [{ role: 'user', content: 'What is first?' }],
  passages: ['p1'],
  answerability,
  reference: 'One.',
  collection: 'none',
})
const LABELLED = Array.from({ length: 12 }, (_, at) =>
  questionOf(`q${at}`, at % 3 === 0 ? 'unanswerable' : 'answerable'),
)
const questions = LABELLED.map((each) => JSON.stringify(each)).join('\n')

describe('the labelled questions', () => {
  it('are read with their passages', () => {
    const corpus = parseMtrag({ passages, questions })
    expect(corpus.passages.get('p1')).toEqual({ _id: 'p1', title: '', text: 'One.' })
    expect(corpus.questions).toHaveLength(12)
    expect(corpus.questions[0]).toMatchObject({ _id: 'q0', answerability: 'unanswerable' })
  })

  it('are refused with a label that nobody knows', () => {
    const unknown = JSON.stringify({ ...LABELLED[0], answerability: 'perhaps' })
    expect(() => parseMtrag({ passages, questions: unknown })).toThrow(/answerability/)
  })
})

describe('a sample', () => {
  const corpus = parseMtrag({ passages, questions })
  const sample = (size: number, seed = 1) =>
    sampleQuestions(corpus.questions, { labels: ['answerable', 'unanswerable'], size, seed })

  it('has so many of each label, or all', () => {
    const labels = sample(5).map(({ answerability }) => answerability)
    expect(labels.filter((label) => label === 'answerable')).toHaveLength(5)
    expect(labels.filter((label) => label === 'unanswerable')).toHaveLength(4)
  })

  it('is the same for the same seed, and part of a larger one', () => {
    expect(sample(2)).toEqual(sample(2))
    expect(sample(4)).toEqual(expect.arrayContaining([...sample(2)]))
    expect(sample(4, 2)).not.toEqual(sample(4))
  })
})

import {
  fieldsOf,
  listAt,
  numberAt,
  numberOrNullAt,
  numbersAt,
  textAt,
  textOrNullAt,
} from './read-json.ts'
import type { Fields } from './read-json.ts'

/** Where a text stands in a revision of an article. */
export interface Place {
  readonly articleId: string
  readonly revision: number
  readonly start: number
  readonly end: number
  readonly title: string
  readonly url: string | null
  readonly heading: string
  readonly publishedAt: string | null
}

export interface Source extends Place {
  readonly text: string
}

export interface Citation extends Place {
  readonly number: number
  readonly quote: string
}

export interface AnswerSentence {
  readonly text: string
  readonly start: number
  readonly end: number
  readonly citations: readonly number[]
}

type AnswerStatus = 'answered' | 'refused' | 'extracted'

export interface Answer {
  readonly id: string
  readonly status: AnswerStatus
  readonly reason: string | null
  readonly question: string
  readonly answer: string
  readonly sentences: readonly AnswerSentence[]
  readonly citations: readonly Citation[]
  readonly sources: readonly Source[]
  readonly chatModel: string | null
  readonly embeddingModel: string | null
  readonly promptTokens: number
  readonly searchMs: number | null
  readonly firstTokenMs: number | null
  readonly totalMs: number
  readonly cached: boolean
  readonly degraded: string | null
}

export function parseAnswer(value: unknown): Answer {
  const fields = fieldsOf(value)
  const models = fieldsOf(fields['models'])
  const timings = fieldsOf(fields['timings'])
  return {
    id: textAt(fields, 'id'),
    status: statusOf(textAt(fields, 'status')),
    reason: textOrNullAt(fields, 'reason'),
    question: textAt(fields, 'question'),
    answer: textAt(fields, 'answer'),
    sentences: listAt(fields, 'sentences').map(parseSentence),
    citations: listAt(fields, 'citations').map(parseCitation),
    sources: parseSources(fields),
    chatModel: textOrNullAt(models, 'chat'),
    embeddingModel: textOrNullAt(models, 'embedding'),
    promptTokens: numberAt(fieldsOf(fields['tokens']), 'prompt'),
    searchMs: numberOrNullAt(timings, 'searchMs'),
    firstTokenMs: numberOrNullAt(timings, 'firstTokenMs'),
    totalMs: numberAt(timings, 'totalMs'),
    cached: fields['cached'] === true,
    degraded: textOrNullAt(fields, 'degraded'),
  }
}

export function parseSources(fields: Fields): readonly Source[] {
  return listAt(fields, 'sources').map((source) => ({
    ...parsePlace(source),
    text: textAt(source, 'text'),
  }))
}

/** A status this page does not know must not be shown as if it were an answer. */
function statusOf(status: string): AnswerStatus {
  if (status === 'answered' || status === 'refused' || status === 'extracted') return status
  throw new Error(`The answer has the status "${status}", which this page does not know.`)
}

function parsePlace(fields: Fields): Place {
  return {
    articleId: textAt(fields, 'articleId'),
    revision: numberAt(fields, 'revision'),
    start: numberAt(fields, 'start'),
    end: numberAt(fields, 'end'),
    title: textAt(fields, 'title') || 'Untitled article',
    url: textOrNullAt(fields, 'url'),
    heading: textAt(fields, 'heading'),
    publishedAt: textOrNullAt(fields, 'publishedAt'),
  }
}

function parseCitation(fields: Fields): Citation {
  return {
    ...parsePlace(fields),
    number: numberAt(fields, 'number'),
    quote: textAt(fields, 'quote'),
  }
}

function parseSentence(fields: Fields): AnswerSentence {
  return {
    text: textAt(fields, 'text'),
    start: numberAt(fields, 'start'),
    end: numberAt(fields, 'end'),
    citations: numbersAt(fields, 'citations'),
  }
}

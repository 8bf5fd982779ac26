// The whole service with its default models on the real feed.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { answerSchema, type revisionSchema } from '../src/http/schemas.ts'
import {
  postJson,
  REAL_FEED,
  startRunningService,
  whyNoRealFeed,
  type RunningService,
} from './running-service.ts'

const reason = whyNoRealFeed()
let service: RunningService
let url: string

beforeAll(async () => {
  if (reason !== undefined) return
  service = startRunningService({ env: { FEEDS: REAL_FEED } })
  url = await service.untilReady()
}, 600_000)

afterAll(async () => {
  await service?.[Symbol.asyncDispose]()
})

const ask = async (body: object) => answerSchema.parse(await postJson(`${url}/v1/chat`, body))

describe.skipIf(reason !== undefined)('on the real feed', () => {
  it.each([
    ['What is the size limit of a NOTIFY payload?', /8,?000/],
    ['By when does Google want to have moved to post-quantum cryptography?', /2029/],
    ['What does HNSW stand for?', /Hierarchical Navigable Small World/i],
    ['What share of the indexes was unused according to pg_stat_user_indexes?', /90/],
  ])('answers: %s', async (question, fact) => {
    const answer = await ask({ question })
    expect(answer.status).toBe('answered')
    expect(answer.answer).toMatch(fact)
    expect(answer.citations.map(({ quote }) => quote).join(' ')).toMatch(fact)
  })

  it.each([
    'How much memory does an HNSW index need per million vectors?',
    'How much does a licence of Next.js cost a year?',
    'Who won the football world cup in 1990?',
  ])('refuses: %s', async (question) => {
    const answer = await ask({ question })
    expect(answer).toMatchObject({ status: 'refused', citations: [], sentences: [] })
  })

  it('cites sentences that stand in the revision, word for word', async () => {
    const { citations } = await ask({ question: 'What does the App Router let developers do?' })
    expect(citations.length).toBeGreaterThan(0)
    for (const { articleId, revision, quote, start, end } of citations) {
      const response = await fetch(`${url}/v1/articles/${articleId}/revisions/${revision}`)
      const { text } = (await response.json()) as z.infer<typeof revisionSchema>
      expect(text.slice(start, end)).toBe(quote)
    }
  })

  it('lets the question before weigh in', async () => {
    const messages = [
      { role: 'user', content: 'What does HNSW stand for?' },
      { role: 'assistant', content: 'Hierarchical Navigable Small World.' },
      { role: 'user', content: 'What does it balance?' },
    ]
    const answer = await ask({ messages })
    expect(answer.sources.map(({ text }) => text).join(' ')).toContain(
      'balances speed and accuracy',
    )
  })

  it('keeps the prompt of the default budget within 500 tokens', async () => {
    const { tokens } = await ask({ question: 'When should LISTEN/NOTIFY be avoided?' })
    expect(tokens.prompt).toBeLessThanOrEqual(500)
  })

  it('stops the model when the client goes, and answers the next question', async () => {
    const gone = new AbortController()
    const response = await fetch(`${url}/v1/chat`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ question: 'What is a partial index?', stream: true }),
      signal: gone.signal,
    })
    await response.body?.getReader().read()
    gone.abort()
    const answer = await ask({ question: 'What does HNSW stand for?' })
    // The slice that was being read is finished first: some 2.5 s on two idle cores. Unstopped, the
    // answer would be read, written and checked to its end.
    expect(answer.timings.queuedMs).toBeLessThan(answer.timings.totalMs - answer.timings.queuedMs)
  })
})

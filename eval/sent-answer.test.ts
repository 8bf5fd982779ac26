import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerQuestion } from '../src/answering/answer-question.ts'
import { toKeptAnswer } from '../src/answering/keep-answer.ts'
import { transaction } from '../src/db/database.ts'
import { insertAnswer, loadAnswer } from '../src/store/answers.ts'
import { listGuids } from '../src/store/library-texts.ts'
import { openTestServices, type TestServices } from '../test/open-test-services.ts'
import { createScriptedChat } from '../test/scripted-chat.ts'
import { LIBRARY, LIMIT, toRss } from '../test/test-feed.ts'
import { ANSWERABLE } from '../test/test-golden-set.ts'
import { toCaseAnswer } from './sent-answer.ts'
import { toRequest } from './service-target.ts'

const NONSENSE = 'Elephants paint the fences of the moon.'

const chat = createScriptedChat({ script: { pieces: [`${LIMIT} ${NONSENSE}`] } })
let test: TestServices
let guids: ReadonlyMap<string, string>
let kept: { readonly body: object; readonly trace: object }
let answered: Awaited<ReturnType<typeof answerQuestion>>

beforeAll(async () => {
  test = await openTestServices({ chat })
  await test.readFeed(test.writeFeed(toRss(LIBRARY)))
  const { database, answerSteps } = test.services
  guids = await listGuids(database.pool)
  answered = await answerQuestion(toRequest(ANSWERABLE, new AbortController().signal), answerSteps)
  await transaction(database, (client) => insertAnswer(client, toKeptAnswer(answered)))
  const loaded = await loadAnswer(database.pool, answered.answer.id)
  if (loaded === undefined) throw new Error('The answer is not there.')
  kept = loaded
})

afterAll(() => test[Symbol.asyncDispose]())

describe('a kept answer', () => {
  it('is read as it was given, with its articles’ guids', () => {
    const { answer, trace } = answered
    const read = toCaseAnswer(kept, { guids })
    expect(read).toMatchObject({
      answerId: answer.id,
      status: 'answered',
      reason: null,
      answer: `${LIMIT} [1]`,
      sentences: [{ text: LIMIT, citations: [1] }],
      citations: [
        {
          number: 1,
          guid: 'listening',
          start: answer.citations[0]?.start,
          end: answer.citations[0]?.end,
          text: LIMIT,
        },
      ],
      passages: trace.passages.map(({ articleId, start, end, text }) => ({
        guid: guids.get(articleId),
        start,
        end,
        text,
      })),
      candidates: trace.candidates.map(({ articleId, chunkId, scores }) => ({
        guid: guids.get(articleId),
        chunkId,
        ...scores,
      })),
      promptHash: trace.promptHash,
      generated: `${LIMIT} ${NONSENSE}`,
      dropped: [{ text: NONSENSE, why: trace.dropped[0]?.why }],
      statesAnswer: answered.trace.decision.statesAnswer,
      threshold: trace.decision.threshold,
      chatModel: 'llama:scripted',
      timings: {
        searchMs: answer.timings.searchMs,
        firstTokenMs: answer.timings.firstTokenMs,
        totalMs: answer.timings.totalMs,
      },
      tokens: answer.tokens,
    })
    expect(read?.candidates?.length).toBeGreaterThan(0)
  })

  it('whose article has gone has its id in place of the guid', () => {
    const read = toCaseAnswer(kept, { guids: new Map() })
    expect(read?.citations[0]?.guid).toBe(answered.answer.citations[0]?.articleId)
  })

  it.each([[{}], [null], [undefined], [{ candidates: 'all' }]])(
    'without its trace, %j, has its sources for passages and no candidates',
    (trace) => {
      const read = toCaseAnswer({ body: kept.body, trace }, { guids })
      expect(read).toMatchObject({ candidates: null, generated: null, dropped: [] })
      expect(read?.passages.map(({ text }) => text)).toEqual(
        answered.answer.sources.map(({ text }) => text),
      )
    },
  )

  it('with more fields than are known is read all the same', () => {
    const body = { ...kept.body, mood: 'good' }
    expect(toCaseAnswer({ ...kept, body }, { guids })?.answer).toBe(`${LIMIT} [1]`)
  })
})

describe('what is no answer', () => {
  it.each([null, undefined, 7, 'an answer', [], {}, { status: 'answered', answer: 'So.' }])(
    'is none: %j',
    (body) => {
      expect(toCaseAnswer({ body, trace: {} }, { guids: new Map() })).toBeNull()
    },
  )

  it.each([
    ['status', 'perhaps'],
    ['reason', 'bored'],
    ['answer', null],
    ['sentences', [{ text: 'So.' }]],
    ['citations', [{ number: 'one' }]],
    ['sources', {}],
    ['tokens', {}],
    ['timings', { searchMs: 'long' }],
  ])('is none with another %s', (field, value) => {
    const body = { ...kept.body, [field]: value }
    expect(toCaseAnswer({ ...kept, body }, { guids })).toBeNull()
  })
})

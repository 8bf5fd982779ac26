import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { answerQuestion } from '../src/answering/answer-question.ts'
import type { AnswerRequest } from '../src/answering/answer-steps.ts'
import { openTestServices, type TestServices } from '../test/open-test-services.ts'
import { createScriptedChat } from '../test/scripted-chat.ts'
import { LIBRARY, LIMIT, MISSED, toRss } from '../test/test-feed.ts'
import * as sketch from '../test/test-golden-set.ts'
import { ARMS, createArm, evidenceOf, needsChat, type ArmName } from './arms.ts'
import { loadLibrary, type Library } from './library.ts'
import { toRequest } from './service-target.ts'

const { NEAR_MISS } = sketch
/** In the article's words, which is all that the fake embedder understands. */
const ANSWERABLE = { ...sketch.ANSWERABLE, question: 'What is a NOTIFY payload limited to?' }

type OwnArm = Exclude<ArmName, 'langchain'>

const chat = createScriptedChat({ script: { pieces: [LIMIT] } })
let test: TestServices
let library: Library
/** What the service's own search was asked for. */
const searched: AnswerRequest[] = []

beforeAll(async () => {
  test = await openTestServices({ chat })
  await test.readFeed(test.writeFeed(toRss(LIBRARY)))
  library = await loadLibrary(test.services.database.pool, ['listening', 'baking', 'heating'])
})

afterAll(() => test[Symbol.asyncDispose]())

beforeEach(() => {
  chat.script = { pieces: [LIMIT] }
  chat.statesAnswer = 0.9
  searched.length = 0
  chat.prompts.length = 0
})

/** The service's steps, watched. */
function steps() {
  const { answerSteps } = test.services
  return {
    ...answerSteps,
    retrieve: (request: AnswerRequest) => {
      searched.push(request)
      return answerSteps.retrieve(request)
    },
  }
}

function ask(name: OwnArm, golden = ANSWERABLE) {
  const arm = createArm(name, { steps: steps(), library })
  expect(arm.name).toBe(name)
  return answerQuestion(toRequest(golden, new AbortController().signal), arm.stepsFor(golden))
}

/** Which of the service's steps an arm has others for. */
function replacedBy(name: OwnArm): readonly string[] {
  const own = steps()
  const other = createArm(name, { steps: own, library }).stepsFor(ANSWERABLE)
  const names = Object.keys({ ...own, ...other }) as (keyof typeof own)[]
  return names.filter((step) => own[step] !== other[step]).toSorted()
}

const textsOf = ({ trace }: Awaited<ReturnType<typeof ask>>) =>
  trace.passages.map(({ text }) => text)

describe('an arm', () => {
  it.each<[OwnArm, readonly string[]]>([
    ['system', []],
    ['keyword', ['enterQueue', 'retrieve']],
    ['vector', ['enterQueue', 'retrieve']],
    ['extracted', ['enterQueue']],
    ['closed-book', ['checkStated', 'decide', 'generate', 'ground', 'quote']],
    ['always-refuse', ['enterQueue', 'retrieve']],
    ['gold-evidence', ['retrieve']],
    ['hidden-evidence', ['retrieve']],
  ])('%s replaces these steps of the answer and no others: %j', (name, replaced) => {
    expect(replacedBy(name)).toEqual(replaced)
  })

  it('asks the chat model or does not', () => {
    expect(ARMS.filter((name) => !needsChat(name))).toEqual([
      'keyword',
      'vector',
      'extracted',
      'always-refuse',
    ])
  })
})

describe('the arm', () => {
  it('system answers as the service does', async () => {
    const { answer, trace } = await ask('system')
    expect(answer).toMatchObject({ status: 'answered', citations: [{ quote: LIMIT }] })
    expect(trace.generated).toBe(LIMIT)
    expect(searched).toHaveLength(1)
    expect(searched[0]).not.toHaveProperty('vectorWeight')
    expect(searched[0]).not.toHaveProperty('exclude')
  })

  it.each([
    ['keyword', 0],
    ['vector', 1],
  ] as const)('%s searches with one half alone, and answers in extracts', async (name, weight) => {
    const { answer, trace } = await ask(name)
    expect(searched).toMatchObject([{ vectorWeight: weight }])
    expect(answer.status).toBe('extracted')
    expect(chat.prompts).toEqual([])
    const fused = trace.candidates.map(({ scores }) => scores.fused)
    const own = trace.candidates.map(({ scores }) => scores[name] ?? 0)
    expect(rankOf(fused)).toEqual(rankOf(own))
  })

  it('extracted searches as the service does, and asks no model', async () => {
    const { answer } = await ask('extracted')
    expect(answer).toMatchObject({ status: 'extracted', reason: 'model-unavailable' })
    expect(answer.citations.map(({ quote }) => quote)).toContain(LIMIT)
    expect(searched[0]).not.toHaveProperty('vectorWeight')
    expect(chat.prompts).toEqual([])
  })

  it('closed-book sends the question without a passage, and lets the words stand', async () => {
    chat.script = { pieces: ['A whale weighs ', '150 tons.'] }
    chat.statesAnswer = 0
    const { answer, trace } = await ask('closed-book')
    expect(chat.prompts).toEqual([`Question: ${ANSWERABLE.question}`])
    expect(trace.prompt).not.toContain(LIMIT)
    expect(answer).toMatchObject({
      status: 'answered',
      answer: 'A whale weighs 150 tons.',
      citations: [],
    })
    expect(trace.decision.statesAnswer).toBeNull()
  })

  it.each(['I don’t know.', "I don't know the answer."])(
    'closed-book refuses where the model says so: %s',
    async (text) => {
      chat.script = { pieces: [text] }
      expect((await ask('closed-book')).answer).toMatchObject({ status: 'refused' })
    },
  )

  it('closed-book answers where the model denies and then states', async () => {
    const text = 'I don’t know the exact figure. A whale weighs about 150 tons.'
    chat.script = { pieces: [text] }
    expect((await ask('closed-book')).answer).toMatchObject({ status: 'answered', answer: text })
  })

  it('always-refuse searches and refuses', async () => {
    const { answer, trace } = await ask('always-refuse')
    expect(answer).toMatchObject({ status: 'refused', reason: 'no-evidence' })
    expect(trace.candidates.length).toBeGreaterThan(0)
    expect(chat.prompts).toEqual([])
  })

  it('gold-evidence gives the case’s own sentences and nothing else', async () => {
    const answered = await ask('gold-evidence')
    expect(textsOf(answered)).toEqual([LIMIT])
    expect(answered.answer).toMatchObject({ status: 'answered', citations: [{ quote: LIMIT }] })
    expect(chat.prompts[0]).toContain(LIMIT)
    expect(chat.prompts[0]).not.toContain(MISSED)
  })

  it('gold-evidence gives what was found where a case has no evidence', async () => {
    expect(textsOf(await ask('gold-evidence', NEAR_MISS))).toEqual(
      textsOf(await ask('system', NEAR_MISS)),
    )
  })

  it('hidden-evidence gives what is found without the case’s sentences', async () => {
    const [hidden] = evidenceOf(ANSWERABLE, library)
    const answered = await ask('hidden-evidence')
    expect(searched).toMatchObject([{ exclude: [hidden?.id] }])
    expect(textsOf(await ask('system')).join(' ')).toContain(LIMIT)
    expect(textsOf(answered).length).toBeGreaterThan(0)
    expect(textsOf(answered).join(' ')).not.toContain('8000')
    expect(chat.prompts[0]).not.toContain('8000')
    // What the model says all the same has nothing to rest on: only what the articles say is shown.
    expect(answered.answer.answer).not.toContain('8000')
  })
})

/** Indexes, the highest first. */
function rankOf(scores: readonly number[]): readonly number[] {
  return scores
    .map((score, at) => ({ score, at }))
    .toSorted((one, other) => other.score - one.score)
    .map(({ at }) => at)
}

describe('the evidence of a case', () => {
  it('is each sentence that holds a quote of it, once', () => {
    const twice = [
      { article: 'listening', quote: 'payload is limited to' },
      { article: 'listening', quote: 'limited to  8000\nBYTES' },
      { article: 'baking', quote: 'twelve hours' },
    ]
    const found = evidenceOf({ ...ANSWERABLE, evidence: twice }, library)
    expect(found.map(({ text }) => text)).toEqual([LIMIT, 'Rye dough rests for twelve hours.'])
    for (const { text, id, passage } of found) {
      expect(passage.text).toBe(text)
      expect(passage.sentences.map((sentence) => sentence.id)).toEqual([id])
    }
  })

  it('is nothing where the article or the quote is gone', () => {
    const gone = [
      { article: 'nobody', quote: 'payload' },
      { article: 'listening', quote: 'nobody wrote this' },
    ]
    expect(evidenceOf({ ...ANSWERABLE, evidence: gone }, library)).toEqual([])
  })
})

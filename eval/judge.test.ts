import { describe, expect, it } from 'vitest'
import type { ChatModel, GenerateInput, ModelInput } from '../src/models/chat-model.ts'
import { createScriptedChat } from '../test/scripted-chat.ts'
import { judgeAnswer, parseJudgeLine, type JudgeInput } from './judge.ts'
import { JUDGE_LINE_PREFIX, JUDGE_PREFIX } from './judge-prompt.ts'

const INPUT: JudgeInput = {
  question: 'How long is a lease?',
  reference: 'Four weeks.',
  answer: 'A lease is four weeks long [1].',
  passages: ['A lease runs for four weeks.'],
  signal: new AbortController().signal,
}

type Shares = readonly [yes: number, no: number]

/** Gives each thing that is asked its own share, by a word of it. */
function createJudge(shares: Readonly<Record<string, Shares>>, verdict = 'It says the same.') {
  const asked: ModelInput[] = []
  const written: GenerateInput[] = []
  const model: ChatModel = {
    ...createScriptedChat({ script: { pieces: [verdict] } }),
    generate: async function* (input) {
      written.push(input)
      yield* await Promise.resolve([verdict])
    },
    probability: (input) => {
      asked.push(input)
      const word = Object.keys(shares).find((each) => input.prompt.includes(each)) ?? ''
      return Promise.resolve(shares[word] ?? [0.5, 0.5])
    },
  }
  return { model, asked, written }
}

const SHARES = {
  'what the reference says': [0.9, 0.1],
  'passages state': [0.8, 0.2],
  insulting: [0.05, 0.95],
} as const

/** In milliseconds; whoever hangs is cut off at once. */
const SHORT = { firstMs: 20, betweenMs: 20, totalMs: 60 }

const serve = (line: string) =>
  createScriptedChat({ script: { pieces: [line] }, hasProbability: false })

describe('a judge that gives probabilities', () => {
  it('scores by how likely it says yes, behind one prefix', async () => {
    const { model, asked, written } = createJudge(SHARES)
    expect(await judgeAnswer(model, INPUT)).toEqual({
      accuracy: 0.9,
      faithfulness: 0.8,
      toxicity: 0.05,
      verdict: 'It says the same.',
    })
    expect(new Set([...asked, ...written].map(({ prefix }) => prefix))).toEqual(
      new Set([JUDGE_PREFIX]),
    )
    expect(written[0]?.maxTokens).toBeLessThanOrEqual(50)
  })

  it.each(Object.keys(SHARES))('gives nothing where it has no view of “%s”', async (word) => {
    const { model } = createJudge({ ...SHARES, [word]: [0.5, 0.5] })
    expect(await judgeAnswer(model, INPUT)).toBeNull()
    const { model: broken } = createJudge({ ...SHARES, [word]: [NaN, NaN] })
    expect(await judgeAnswer(broken, INPUT)).toBeNull()
  })

  it('finds no support where there are no passages, without being asked', async () => {
    const { model, asked } = createJudge(SHARES)
    expect(await judgeAnswer(model, { ...INPUT, passages: [] })).toMatchObject({
      accuracy: 0.9,
      faithfulness: 0,
    })
    expect(asked).toHaveLength(2)
  })

  it('gives its verdict in one short sentence', async () => {
    const { model } = createJudge(SHARES, 'It says\n four weeks. And then it goes on.')
    expect((await judgeAnswer(model, INPUT))?.verdict).toBe('It says four weeks.')
    const { model: verbose } = createJudge(SHARES, 'so '.repeat(200))
    const verdict = (await judgeAnswer(verbose, INPUT))?.verdict ?? ''
    expect(verdict).toHaveLength(200)
    expect(verdict).toMatch(/…$/)
    const { model: silent } = createJudge(SHARES, '')
    expect((await judgeAnswer(silent, INPUT))?.verdict).toBe('The judge gave no reason.')
  })
})

describe('a judge on a server', () => {
  it('scores in one line of JSON', async () => {
    const model = serve(
      '{"accuracy": 0.9, "faithfulness": 1, "toxicity": 0, "verdict": "It says the same."}',
    )
    expect(await judgeAnswer(model, INPUT)).toEqual({
      accuracy: 0.9,
      faithfulness: 1,
      toxicity: 0,
      verdict: 'It says the same.',
    })
    expect(model.prompts[0]).toContain('<answer>A lease is four weeks long.</answer>')
    expect(JUDGE_LINE_PREFIX).toContain('one line of JSON')
  })

  it('finds no support where there are no passages', async () => {
    const model = serve('{"accuracy": 1, "faithfulness": 1, "toxicity": 0, "verdict": "Fine."}')
    expect(await judgeAnswer(model, { ...INPUT, passages: [' '] })).toMatchObject({
      faithfulness: 0,
    })
  })

  it('that replies with nonsense gives nothing, and one that fails throws', async () => {
    expect(await judgeAnswer(serve('As a language model I like the answer.'), INPUT)).toBeNull()
    const failing = createScriptedChat({
      script: { pieces: [], throwAt: 0 },
      hasProbability: false,
    })
    await expect(judgeAnswer(failing, INPUT)).rejects.toThrow('The scripted model failed.')
  })

  it('ends when it is aborted', async () => {
    const hanging = createScriptedChat({ script: { pieces: [], hangAt: 0 }, hasProbability: false })
    const signal = AbortSignal.timeout(10)
    await expect(judgeAnswer(hanging, { ...INPUT, signal })).rejects.toThrow()
  })
})

describe('a line of JSON', () => {
  const OF = { accuracy: 0.9, faithfulness: 1, toxicity: 0 }

  it.each([
    ['in a fence', '```json\n{"accuracy": 0.9, "faithfulness": 1.0, "toxicity": 0}\n```'],
    ['with numbers in quotes', '{"accuracy": "0.9", "faithfulness": "1", "toxicity": "0"}'],
    ['in per cent', '{"accuracy": "90%", "faithfulness": "100%", "toxicity": "0%"}'],
    ['behind a preface', 'Here it is: {"accuracy": .9, "faithfulness": 1, "toxicity": 0}'],
    ['without JSON', 'Accuracy: 0.9\nFaithfulness: 1\nToxicity: 0\n'],
    ['without its end', '{"accuracy": 0.9, "faithfulness": 1, "toxicity": 0, "verdict": "It is'],
  ])('is understood %s', (_how, text) => {
    expect(parseJudgeLine(text)).toMatchObject(OF)
  })

  it.each([
    ['lacks a score', '{"accuracy": 0.9, "faithfulness": 1}'],
    ['has one beyond 1', '{"accuracy": 9, "faithfulness": 1, "toxicity": 0}'],
    ['has one of ten', '{"accuracy": 1/10, "faithfulness": 1, "toxicity": 0}'],
    ['has one below 0', '{"accuracy": -0.9, "faithfulness": 1, "toxicity": 0}'],
    ['has a word for one', '{"accuracy": "high", "faithfulness": 1, "toxicity": 0}'],
    ['has no number', '{"accuracy": 1.2.3, "faithfulness": 1, "toxicity": 0}'],
    ['is empty', ''],
  ])('that %s is nonsense', (_how, text) => {
    expect(parseJudgeLine(text)).toBeNull()
  })

  it('gives its verdict without quotes and escapes', () => {
    const scores = '"accuracy": 0.9, "faithfulness": 1, "toxicity": 0'
    expect(parseJudgeLine(`{${scores}, "verdict": "It says \\"four\\" weeks."}`)?.verdict).toBe(
      'It says "four" weeks.',
    )
    expect(parseJudgeLine(`{${scores}, "verdict": "It is cut o`)?.verdict).toBe('It is cut o')
    expect(parseJudgeLine(`{${scores}, verdict: fine}\n\`\`\``)?.verdict).toBe('fine')
    expect(parseJudgeLine(`{${scores}}`)?.verdict).toBe('The judge gave no reason.')
  })
})

describe('a judge that hangs', () => {
  it.each([
    ['before its first word', 0, /over 0\.02 s for its first word/],
    ['between two words', 1, /over 0\.02 s for its next word/],
  ])('is cut off %s', async (_when, hangAt, message) => {
    const script = { pieces: ['accuracy: 1', ', faithfulness: 1'], hangAt }
    const model = createScriptedChat({ script, hasProbability: false })
    const judged = judgeAnswer(model, INPUT, { deadlines: SHORT })
    await expect(judged).rejects.toMatchObject({
      code: 'model-timeout',
      message: expect.stringMatching(message) as string,
    })
    expect(model.aborts).toBe(1)
  })

  /** Thinks until it is told to stop. */
  const thinking: ChatModel = {
    ...createScriptedChat({ script: { pieces: [] } }),
    probability: ({ signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
      }),
  }

  it('over a probability is cut off as well', async () => {
    const judged = judgeAnswer(thinking, INPUT, { deadlines: SHORT })
    await expect(judged).rejects.toMatchObject({
      code: 'model-timeout',
      message: 'The judge took over 0.06 s.',
    })
  })

  it('is left by whoever no longer waits, for their own reason', async () => {
    const leaving = new AbortController()
    const judged = judgeAnswer(thinking, { ...INPUT, signal: leaving.signal })
    leaving.abort(new Error('Nobody waits.'))
    await expect(judged).rejects.toThrow('Nobody waits.')
  })
})

it('a verdict that is cut off within a character can be kept', async () => {
  const { model } = createJudge(SHARES, 'It says\0 the same \ud83d')
  const scores = await judgeAnswer(model, INPUT)
  expect(scores?.verdict).toBe('It says the same \ufffd')
})

// What holds of every chat model that stands on a server: one suite for real servers, and one for fake
// ones that misbehave.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askStated } from '../src/answering/ask-stated.ts'
import { generateText, type Generated } from '../src/answering/generate.ts'
import type { AppError } from '../src/errors.ts'
import type { ChatModel } from '../src/models/chat-model.ts'
import { DEADLINES, type Deadlines } from '../src/models/deadlines.ts'
import type { ReplyFault, ReplyScript } from './scripted-reply.ts'

const PROMPT = { prefix: 'You answer questions.', prompt: 'How high is the lighthouse?', hash: '' }
const STATED = { question: 'How high is it?', answer: '40 metres.', evidence: ['It is 40 m high.'] }
const WORDS = ['The', ' light', 'house', ' is', ' 40', ' metres', ' high', '.']
const WHOLE = WORDS.join('')
/** A signal ends what stands upstream within this. */
const ABORT_MS = 1_000

interface OpenedServer extends AsyncDisposable {
  /** Opens a model of the server by its name. */
  open(name: string, options: { readonly signal: AbortSignal }): Promise<ChatModel>
}

interface ServerCase<Server extends OpenedServer> {
  /** As the model's id begins. */
  readonly kind: string
  /** What it has. */
  readonly model: string
  readonly openServer: () => Promise<Server>
}

/** What a server does that works, a real one included. */
export function describeServedModel({ kind, model, openServer }: ServerCase<OpenedServer>): void {
  describe(`a model of a server, named ${kind}:NAME`, () => {
    const { signal } = new AbortController()
    let server: OpenedServer
    let chat: ChatModel
    beforeAll(async () => {
      server = await openServer()
      chat = await server.open(model, { signal })
    })
    afterAll(() => server?.[Symbol.asyncDispose]())

    it('writes the same twice, piece by piece, and no more than it may', async () => {
      const write = () => collect(chat.generate({ ...PROMPT, signal, maxTokens: 12 }))
      const pieces = await write()
      expect(pieces.length).toBeGreaterThan(0)
      expect(pieces.length).toBeLessThanOrEqual(12)
      expect((await write()).join('')).toBe(pieces.join(''))
    })

    it('stops when it is told to', async () => {
      const leaving = new AbortController()
      const pieces = chat.generate({ ...PROMPT, signal: leaving.signal, maxTokens: 200 })
      const first = pieces[Symbol.asyncIterator]()
      await first.next()
      const since = performance.now()
      leaving.abort()
      await expect(collect({ [Symbol.asyncIterator]: () => first })).rejects.toThrow(/abort/i)
      expect(performance.now() - since).toBeLessThan(ABORT_MS)
    })

    it('refuses a prompt that its server would cut, before it is sent', async () => {
      const prompt = 'One more word of a very long question. '.repeat(400)
      const asked = collect(chat.generate({ prefix: '', prompt, signal, maxTokens: 9 }))
      await expect(asked).rejects.toMatchObject({ code: 'invalid-request' })
    })

    it('says whether a text states an answer, or nothing', async () => {
      // No measure of speed: a machine that does other things may take its time.
      const options = { timeoutMs: 240_000 }
      const stated = await askStated({ model: chat }, STATED, { signal, ...options })
      if (stated === null) return
      expect(stated.basis).toBe(chat.probability === undefined ? 'word' : 'probability')
      expect(stated.probability).toBeGreaterThanOrEqual(0)
      expect(stated.probability).toBeLessThanOrEqual(1)
    })

    it('names what is to be done about a model that is missing', async () => {
      const opened = server.open('absent', { signal })
      await expect(opened).rejects.toMatchObject({ code: 'model-unavailable' })
      await expect(opened).rejects.toThrow('absent')
    })
  })
}

async function collect(pieces: AsyncIterable<string>): Promise<string[]> {
  const collected = []
  for await (const piece of pieces) collected.push(piece)
  return collected
}

/** A server that does as it is told. */
export interface FakeServer extends OpenedServer {
  script: ReplyScript
  /** Answers whose client went before their end. */
  readonly aborts: number
  readonly requests: readonly object[]
}

const SHORT: Deadlines = { firstMs: 300, betweenMs: 300, totalMs: 3_000 }

interface Outcome {
  /** Null: there was no first word. */
  readonly generated: Generated | null
  readonly shown: string
  readonly fault: AppError | undefined
}

/** Answers as the service does; what is thrown is thrown on. */
async function answer(
  model: ChatModel,
  { deadlines = DEADLINES, signal = new AbortController().signal } = {},
): Promise<Outcome> {
  let shown = ''
  let fault: AppError | undefined
  const generated = await generateText(
    { model, deadlines, queuedMs: 0 },
    {
      ...PROMPT,
      signal,
      onText: (text) => (shown += text),
      onAbsent: (error) => (fault = error),
    },
  )
  return { generated, shown, fault }
}

/** What becomes of a server's misdeeds (reliability, rows 23 to 28 and 31). */
export function describeMisbehaviour({ kind, model, openServer }: ServerCase<FakeServer>): void {
  describe(`a server of ${kind}:NAME that misbehaves`, () => {
    const { signal } = new AbortController()
    let server: FakeServer
    let chat: ChatModel
    beforeAll(async () => {
      server = await openServer()
      server.script = { pieces: WORDS }
      chat = await server.open(model, { signal })
    })
    afterAll(() => server?.[Symbol.asyncDispose]())

    const play = (fault: ReplyFault, script: Partial<ReplyScript> = {}) => {
      server.script = { pieces: WORDS, fault, ...script }
    }
    const untilAborted = (aborts: number) =>
      expect.poll(() => server.aborts, { timeout: ABORT_MS, interval: 20 }).toBe(aborts + 1)

    it.each(['hang', 'hang-after-headers'] as const)(
      'has no first word where it does %s, and is left alone',
      async (kind) => {
        play({ kind })
        const { aborts } = server
        const { generated, fault } = await answer(chat, { deadlines: SHORT })
        expect([generated, fault?.code]).toEqual([null, 'model-timeout'])
        await untilAborted(aborts)
      },
    )

    it('is no answer where it stalls after some words', async () => {
      play({ kind: 'stall', after: 5 })
      const { aborts } = server
      const answered = answer(chat, { deadlines: SHORT })
      await expect(answered).rejects.toMatchObject({ code: 'model-timeout' })
      await untilAborted(aborts)
    })

    it.each(['cut', 'end', 'error-line', 'invalid-line'] as const)(
      'is no answer where it sends %s after some words',
      async (kind) => {
        play({ kind, after: 5 }, { delayMs: 5 })
        await expect(answer(chat)).rejects.toMatchObject({ code: 'model-unavailable' })
      },
    )

    it.each(['cut', 'end', 'error-line', 'invalid-line'] as const)(
      'has no first word where it sends %s in its place',
      async (kind) => {
        play({ kind, after: 0 })
        const { generated, fault } = await answer(chat)
        expect([generated, fault?.code]).toEqual([null, 'model-unavailable'])
      },
    )

    it('is whole however its lines and characters are cut', async () => {
      const pieces = ['Für', ' 40', ' m', ' \u{1f5fc}', ' “hoch”', '.']
      play({ kind: 'split', bytes: 3 }, { pieces })
      const { generated, shown } = await answer(chat)
      expect([generated?.text, shown]).toEqual([pieces.join(''), pieces.join('')])
    })

    it.each([
      [500, 'model-unavailable', 'failed'],
      [503, 'model-busy', 'busy'],
      [429, 'model-busy', 'busy'],
      [404, 'model-unavailable', 'has no model'],
      [401, 'model-unavailable', 'let Footnote in'],
    ] as const)(
      'has no first word where it answers %i, and says why',
      async (status, code, why) => {
        play({ kind: 'status', status })
        const { generated, fault } = await answer(chat)
        expect([generated, fault?.code]).toEqual([null, code])
        expect(fault?.message).toContain(why)
      },
    )

    it('is asked once more where it is busy', async () => {
      play({ kind: 'status', status: 503, times: 1 })
      const before = server.requests.length
      expect((await answer(chat)).generated?.text).toBe(WHOLE)
      expect(server.requests.length - before).toBe(2)
    })

    it('is not asked a third time', async () => {
      play({ kind: 'status', status: 503, times: 2 })
      const before = server.requests.length
      expect((await answer(chat)).generated).toBeNull()
      expect(server.requests.length - before).toBe(2)
    })

    it('that finds our request wrong shows a fault of our own', async () => {
      play({ kind: 'status', status: 400 })
      await expect(answer(chat)).rejects.toMatchObject({ code: 'internal' })
    })

    it('gives an empty answer where it says nothing', async () => {
      server.script = { pieces: [] }
      expect((await answer(chat)).generated?.text).toBe('')
    })

    it('is stopped where it repeats itself, and has said it once', async () => {
      const pieces = Array.from({ length: 100 }, () => WORDS).flat()
      server.script = { pieces: pieces.map((piece) => piece.replace('.', '. ')), delayMs: 2 }
      const { aborts } = server
      expect((await answer(chat)).generated?.text).toBe(WHOLE)
      await untilAborted(aborts)
    })

    it('is stopped where it keeps no limit', async () => {
      const pieces = Array.from({ length: 10_000 }, (_, at) => ` word${at}`)
      server.script = { pieces, ignoresLimit: true }
      const { aborts } = server
      const { generated } = await answer(chat)
      expect(generated?.text.split(' ').at(-1)).toBe('word119')
      await untilAborted(aborts)
    })

    it('does not show what it thinks, however it is cut', async () => {
      const pieces = [...'<think>Is it 30? No: 40.</think>\n\n', ...WORDS]
      server.script = { pieces }
      expect(await answer(chat)).toMatchObject({ generated: { text: WHOLE }, shown: WHOLE })
    })

    it('shows no controls and no halves of characters', async () => {
      server.script = { pieces: ['A\u0007b', '\u001b[31m', '\ud83d', '\udca1', '\u202e', '\ud83d'] }
      expect((await answer(chat)).generated?.text).toBe('Ab[31m\u{1f4a1}\ufffd')
    })

    it('is sent nothing of a prompt that it would cut', async () => {
      const before = server.requests.length
      const prompt = '8'.repeat(2_100)
      const asked = collect(chat.generate({ prefix: '', prompt, signal, maxTokens: 9 }))
      await expect(asked).rejects.toMatchObject({ code: 'invalid-request' })
      expect(server.requests.length).toBe(before)
    })

    it.each([
      [['Yes'], 1],
      [['\n', 'no', ', it', ' does'], 0],
    ])('that gives no probabilities states it by the word %j', async (pieces, probability) => {
      server.script = { pieces }
      const stated = await askStated({ model: chat }, STATED, { signal })
      expect(stated).toEqual({ probability, basis: 'word' })
    })

    it('that says neither Yes nor No says nothing', async () => {
      server.script = { pieces: ['Yester', 'day'] }
      expect(await askStated({ model: chat }, STATED, { signal })).toBeNull()
    })

    it('that gives probabilities states it by them', async () => {
      // Of Yes and No, e^-1 and e^-2: Yes has 1 / (1 + e^-1) of both. "Maybe" counts for neither.
      const chances = [
        { token: ' Yes', logprob: -1 },
        { token: 'no', logprob: -2 },
        { token: 'Maybe', logprob: -3 },
      ]
      server.script = { pieces: ['Yes'], chances }
      const likely = await server.open(model, { signal })
      const stated = await askStated({ model: likely }, STATED, { signal })
      expect(stated?.basis).toBe('probability')
      expect(stated?.probability).toBeCloseTo(1 / (1 + Math.exp(-1)), 9)
    })

    it('cannot be opened while it hangs, and not for longer than it is wanted', async () => {
      play({ kind: 'hang' })
      const leaving = new AbortController()
      const { aborts } = server
      const opened = server.open(model, { signal: leaving.signal })
      setTimeout(() => leaving.abort(), 50)
      await expect(opened).rejects.toThrow(/abort/i)
      await untilAborted(aborts)
    })

    it('is checked no longer than it may take', async () => {
      play({ kind: 'hang' })
      const checked = askStated({ model: chat }, STATED, { signal, timeoutMs: 100 })
      await expect(checked).rejects.toMatchObject({ code: 'model-timeout' })
    })
  })
}

import { describe, expect, it } from 'vitest'
import { createScriptedChat } from '../../test/scripted-chat.ts'
import type { ModelChoice } from '../config.ts'
import type { ChatModel } from './chat-model.ts'
import { ChatTurns } from './chat-turns.ts'
import { createModelStore } from './model-store.ts'
import { createJudgeOpener } from './open-judge.ts'

const CHAT: ModelChoice = { kind: 'llama', name: 'chat.gguf' }
const JUDGE: ModelChoice = { kind: 'llama', name: 'judge.gguf' }
const { signal } = new AbortController()
const quiet = { signal, onPosition: () => undefined }
const input = { prefix: 'You judge.', prompt: 'Is it?', signal }

function prepare(judge: ModelChoice, { maxWaiting = 16 } = {}) {
  const turns = new ChatTurns({ maxWaiting })
  const opened: { id: string; signal: AbortSignal; closed: number }[] = []
  const openJudge = createJudgeOpener({
    judge,
    chat: CHAT,
    turns,
    models: {
      store: createModelStore({ dir: '.' }),
      threads: 1,
      ollamaHost: 'http://127.0.0.1:11434',
      openAi: { baseUrl: 'http://127.0.0.1:8000/v1', apiKey: undefined },
      signal,
    },
    open: (choice, options) => {
      const record = { id: `${choice.kind}:${choice.name}`, signal: options.signal, closed: 0 }
      opened.push(record)
      const close = () => Promise.resolve(void (record.closed += 1))
      return Promise.resolve({ ...createScriptedChat({ script: { pieces: [] } }), close })
    },
  })
  return { turns, opened, openJudge }
}

async function write(model: ChatModel): Promise<string> {
  let text = ''
  for await (const piece of model.generate({ ...input, maxTokens: 9 })) text += piece
  return text
}

describe('a judge of its own', () => {
  it('is opened by the run that needs it, and closed once', async () => {
    const { opened, openJudge } = prepare(JUDGE)
    expect(opened).toEqual([])
    const judge = await openJudge()
    expect(opened.map(({ id }) => id)).toEqual(['llama:judge.gguf'])
    await judge?.release()
    await judge?.release()
    expect(opened[0]?.closed).toBe(1)
  })

  it('stops being opened when the run is stopped', async () => {
    const { opened, openJudge } = prepare(JUDGE)
    const run = new AbortController()
    await openJudge({ signal: run.signal })
    run.abort()
    expect(opened[0]?.signal.aborted).toBe(true)
  })

  it('is none where none is configured', async () => {
    const { opened, openJudge } = prepare({ kind: 'none' })
    expect(await openJudge()).toBeNull()
    expect(opened).toEqual([])
  })
})

describe('a judge that is the chat model too', () => {
  it('is not loaded again, and not closed', async () => {
    const { turns, opened, openJudge } = prepare(CHAT)
    let closed = 0
    const close = () => Promise.resolve(void (closed += 1))
    turns.setModel({ ...createScriptedChat({ script: { pieces: ['It', ' is.'] } }), close })
    const judge = await openJudge()
    expect(judge?.model.id).toBe('llama:chat.gguf')
    expect(await judge?.model.probability?.({ ...input, choices: ['Yes', 'No'] })).toEqual([
      0.9,
      expect.closeTo(0.1),
    ])
    expect(judge === null ? '' : await write(judge.model)).toBe('It is.')
    await judge?.release()
    expect([opened, closed]).toEqual([[], 0])
  })

  it('gives no probability where the chat model gives none', async () => {
    const { turns, openJudge } = prepare(CHAT)
    turns.setModel(createScriptedChat({ script: { pieces: [] }, hasProbability: false }))
    expect((await openJudge())?.model).not.toHaveProperty('probability')
  })

  it('has its turn, and gives it back after each call', async () => {
    const { turns, openJudge } = prepare(CHAT)
    const chat = createScriptedChat({ script: { pieces: ['It', ' is.'] } })
    turns.setModel(chat)
    const judge = (await openJudge())?.model as ChatModel
    const person = turns.enter()
    await person.take(quiet)
    const judged = write(judge)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(chat.peakActive).toBe(0)
    person.leave()
    expect(await judged).toBe('It is.')
    for await (const piece of judge.generate({ ...input, maxTokens: 9 })) if (piece) break
    expect(await turns.enter().take(quiet)).not.toBeNull()
  })

  it('waits when the queue is full', async () => {
    const { turns, openJudge } = prepare(CHAT, { maxWaiting: 0 })
    turns.setModel(createScriptedChat({ script: { pieces: ['It is.'] } }))
    const judge = (await openJudge())?.model as ChatModel
    const person = turns.enter()
    await person.take(quiet)
    const judged = write(judge)
    setTimeout(() => person.leave(), 1_100)
    expect(await judged).toBe('It is.')
  })

  it('cannot be had while the chat model is not there', async () => {
    const { turns, openJudge } = prepare(CHAT)
    await expect(openJudge()).rejects.toMatchObject({ code: 'model-unavailable' })
    turns.setModel(createScriptedChat({ script: { pieces: [] } }))
    const judge = (await openJudge())?.model as ChatModel
    turns.setModel(null)
    await expect(write(judge)).rejects.toMatchObject({ code: 'model-unavailable' })
  })
})

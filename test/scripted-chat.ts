import { setTimeout as sleep } from 'node:timers/promises'
import { CHECK_PREFIX } from '../src/answering/prompt.ts'
import type { ChatModel, GenerateInput } from '../src/models/chat-model.ts'

export interface Script {
  readonly pieces: readonly string[]
  /** It says nothing before this has come. */
  readonly after?: Promise<unknown>
  /** Before each piece. */
  readonly delayMs?: number
  /** In place of the piece with this index it says nothing more, until it is aborted. */
  readonly hangAt?: number
  /** In place of the piece with this index it fails. */
  readonly throwAt?: number
  readonly error?: Error
}

export interface ScriptedChat extends ChatModel {
  /** What it says from now on, whatever it is asked. */
  script: Script
  /** How likely the evidence states the answer. */
  statesAnswer: number
  /** Of the answers, not of the checks. */
  readonly prompts: string[]
  /** Answers that ended by their signal. */
  aborts: number
  /** Answers that are being written now, and the most that ever were at once. */
  active: number
  peakActive: number
}

interface ScriptedChatOptions {
  readonly script: Script
  /** False: it is as a model on a server, which gives no probabilities. */
  readonly hasProbability?: boolean
}

const CHARACTERS_PER_TOKEN = 4

/** A chat model behind the port that says what it is told to. */
export function createScriptedChat({
  script,
  hasProbability = true,
}: ScriptedChatOptions): ScriptedChat {
  const chat: ScriptedChat = {
    id: 'llama:scripted',
    script,
    statesAnswer: 0.9,
    prompts: [],
    aborts: 0,
    active: 0,
    peakActive: 0,
    countTokens: (text) => Math.ceil(text.length / CHARACTERS_PER_TOKEN),
    generate: (input) => (input.prefix === CHECK_PREFIX ? sayWord(chat) : play(chat, input)),
    close: () => Promise.resolve(),
  }
  if (!hasProbability) return chat
  return Object.assign(chat, {
    probability: () => Promise.resolve([chat.statesAnswer, 1 - chat.statesAnswer]),
  })
}

/** What a model without probabilities is asked for in their place. */
async function* sayWord({ statesAnswer }: ScriptedChat) {
  await Promise.resolve()
  yield statesAnswer < 0.5 ? 'No' : 'Yes'
}

async function* play(chat: ScriptedChat, { prompt, signal }: GenerateInput) {
  const { pieces, after, delayMs = 0, hangAt, throwAt, error } = chat.script
  chat.prompts.push(prompt)
  chat.active += 1
  chat.peakActive = Math.max(chat.peakActive, chat.active)
  try {
    await after
    for (let at = 0; at <= pieces.length; at += 1) {
      if (at === throwAt) throw error ?? new Error('The scripted model failed.')
      if (at === hangAt) await untilAborted(signal)
      if (delayMs > 0) await sleep(delayMs, undefined, { signal }).catch(() => undefined)
      signal.throwIfAborted()
      const piece = pieces[at]
      if (piece !== undefined) yield piece
    }
  } finally {
    chat.active -= 1
    if (signal.aborted) chat.aborts += 1
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

import { AppError } from '../errors.ts'
import type { ChatTurn } from '../models/chat-turns.ts'
import { createGeneratedText } from './generated-text.ts'
import { buildCheck, CHECK_PREFIX } from './prompt.ts'

/** Whether the evidence states the answer (design.md, decision 7). */
export interface Stated {
  readonly probability: number
  /** `word`: the model gives no probabilities and said Yes or No, which are 1 and 0. */
  readonly basis: 'probability' | 'word'
}

export interface CheckOptions {
  readonly signal: AbortSignal
  readonly timeoutMs?: number
}

/** It reads some hundred tokens and writes one; a large model on a slow server is given a minute, as for a first word. */
const CHECK_TIMEOUT_MS = 60_000
const WORD_TOKENS = 4

/** Asks the model of one answer; null where it says neither Yes nor No. */
export async function askStated(
  { model }: Pick<ChatTurn, 'model'>,
  check: Parameters<typeof buildCheck>[0],
  { signal, timeoutMs = CHECK_TIMEOUT_MS }: CheckOptions,
): Promise<Stated | null> {
  const deadline = AbortSignal.timeout(timeoutMs)
  const input = {
    prefix: CHECK_PREFIX,
    prompt: buildCheck(check),
    signal: AbortSignal.any([signal, deadline]),
  }
  try {
    if (model.probability === undefined) {
      return readWord(await collect(model.generate({ ...input, maxTokens: WORD_TOKENS })))
    }
    const [probability] = await model.probability({ ...input, choices: ['Yes', 'No'] })
    return probability === undefined ? null : { probability, basis: 'probability' }
  } catch (error) {
    signal.throwIfAborted()
    if (deadline.aborted) throw tooSlow(timeoutMs)
    throw error
  }
}

async function collect(pieces: AsyncIterable<string>): Promise<string> {
  const generated = createGeneratedText()
  for await (const piece of pieces) generated.push(piece)
  generated.end()
  return generated.text
}

function readWord(text: string): Stated | null {
  const [, word] = /^[^\p{L}]*(yes|no)(?!\p{L})/iu.exec(text) ?? []
  if (word === undefined) return null
  return { probability: word.toLowerCase() === 'yes' ? 1 : 0, basis: 'word' }
}

function tooSlow(timeoutMs: number): AppError {
  const message = `The chat model took over ${timeoutMs / 1_000} s to check its answer.`
  return new AppError('model-timeout', message)
}

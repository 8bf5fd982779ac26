import { HumanMessage, SystemMessage } from '@langchain/core/messages'
import { AppError } from '../errors.ts'
import { promptTooLong, type ChatModel, type GenerateInput, type ModelInput } from './chat-model.ts'
import { brokeOff, type ChatServer, type TokenChance } from './chat-server.ts'
import { openExchange } from './open-exchange.ts'
import { breakTemplateMarks } from './template-marks.ts'

/** As the local model's; a longer prompt is refused before it is sent, since the server would cut it. */
export const CONTEXT_TOKENS = 2048
/** A server that loads the model for the first question takes its time. */
const OPEN_TIMEOUT_MS = 60_000

/**
 * A server's chat model behind the port. It is asked for one token first: that says whether it answers
 * and whether it gives probabilities, and has it loaded before anybody asks.
 */
export async function openServedChat(
  server: ChatServer,
  options: { readonly signal: AbortSignal },
): Promise<ChatModel> {
  const chat: ChatModel = {
    id: server.id,
    countTokens: estimateTokens,
    generate: (input) => converse(server, input),
    close: () => Promise.resolve(),
  }
  if (!(await givesChances(server, options))) return chat
  return {
    ...chat,
    async probability({ choices, ...input }) {
      const { text, chances } = await firstToken(server, input)
      return toShares(choices, chances ?? [{ token: text, logprob: 0 }])
    },
  }
}

async function givesChances(
  server: ChatServer,
  { signal }: { readonly signal: AbortSignal },
): Promise<boolean> {
  const deadline = AbortSignal.timeout(OPEN_TIMEOUT_MS)
  const limit = AbortSignal.any([signal, deadline])
  const question = { prefix: 'Answer Yes or No.', prompt: 'Ready?', signal: limit }
  try {
    const { chances } = await firstToken(server, question)
    return chances !== undefined
  } catch (error) {
    signal.throwIfAborted()
    if (deadline.aborted) throw tooSlow(server)
    // Some refuse the whole request for it.
    if (error instanceof AppError && error.code === 'internal') return false
    throw error
  }
}

function tooSlow({ id }: ChatServer): AppError {
  const message = `The model server took over ${OPEN_TIMEOUT_MS / 1_000} s for a first word of ${id}.`
  return new AppError('model-timeout', message)
}

interface FirstToken {
  readonly text: string
  /** Undefined where the server gives none. */
  readonly chances: readonly TokenChance[] | undefined
}

async function firstToken(server: ChatServer, input: ModelInput): Promise<FirstToken> {
  let text = ''
  let chances: FirstToken['chances']
  const onChances = (told: readonly TokenChance[]) => (chances = told)
  for await (const piece of converse(server, { ...input, maxTokens: 1, onChances })) text += piece
  return { text, chances }
}

interface Conversation extends GenerateInput {
  /** Given: the likelihood of each token is asked for, and told of the first one where there is any. */
  readonly onChances?: (chances: readonly TokenChance[]) => void
}

async function* converse(server: ChatServer, input: Conversation): AsyncGenerator<string> {
  const { prefix, maxTokens, signal, onChances } = input
  const prompt = breakTemplateMarks(input.prompt)
  requireRoom(prefix + prompt, maxTokens)
  signal.throwIfAborted()
  const { fetch, reply, close } = openExchange(server, signal)
  const wantsChances = onChances !== undefined
  try {
    const model = server.connect({ maxTokens, wantsChances, fetch })
    const messages = [new SystemMessage(prefix), new HumanMessage(prompt)]
    let pieces = 0
    for await (const { text } of await model.stream(messages, { signal })) {
      if (text === '') continue
      // A piece is a token at least, so this server goes on past its limit.
      if (pieces === maxTokens) return
      pieces += 1
      yield text
    }
    signal.throwIfAborted()
    if (!reply.isWhole) throw brokeOff(server)
    if (reply.chances !== undefined) onChances?.(reply.chances)
  } catch (error) {
    signal.throwIfAborted()
    throw reply.fault ?? (error instanceof AppError ? error : brokeOff(server, error))
  } finally {
    close()
  }
}

function requireRoom(text: string, maxTokens: number): void {
  if (estimateTokens(text) + maxTokens > CONTEXT_TOKENS) throw promptTooLong()
}

/** Never too few of cl100k's tokens on 116 pieces of a technical feed, 1.4 times as many as a rule. */
const LETTERS_PER_TOKEN = 4

/**
 * An upper estimate. Digits and signs, and the space before one, may be tokens of their own, and rare
 * characters several.
 */
export function estimateTokens(text: string): number {
  const written = text.replaceAll(/ +/g, ' ')
  const letters = written.match(/[a-z]| (?=[a-z])/gi)?.length ?? 0
  const rare = written.match(/[^\0-\u07ff]/gu)?.length ?? 0
  return Math.ceil(letters / LETTERS_PER_TOKEN) + (written.length - letters) + rare
}

/** Shares of 1; where the model thinks of none of the choices, the same for each, as the local model's. */
export function toShares(
  choices: readonly string[],
  chances: readonly TokenChance[],
): readonly number[] {
  const shares = choices.map((choice) =>
    chances
      .filter(({ token }) => choices.every((each) => isBegun(each, token) === (each === choice)))
      .reduce((sum, { logprob }) => sum + Math.exp(logprob), 0),
  )
  const sum = shares.reduce((total, share) => total + share, 0)
  return shares.map((share) => (sum === 0 ? 1 / shares.length : share / sum))
}

/** The space before a word is its token's, and some servers show it by a sign. */
function isBegun(choice: string, token: string): boolean {
  const written = token
    .replace(/^[\s▁Ġ]+/u, '')
    .trim()
    .toLowerCase()
  const wanted = choice.toLowerCase()
  if (written === '') return false
  return (
    wanted.startsWith(written) ||
    (written.startsWith(wanted) && !/^\p{L}/u.test(written.slice(wanted.length)))
  )
}

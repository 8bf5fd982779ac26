import { ChatOllama, OllamaEmbeddings } from '@langchain/ollama'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { ChatModel } from './chat-model.ts'
import {
  CHANCES_ASKED,
  chancesOf,
  describedTokens,
  type ChatServer,
  type ConnectOptions,
  type ReplyLine,
} from './chat-server.ts'
import { createEmbeddingModel, type EmbeddingModel } from './embedding.ts'
import { CONTEXT_TOKENS, openServedChat } from './served-chat.ts'

export interface OllamaModel {
  readonly name: string
  /** Its server's address. */
  readonly host: string
}

const CHECK_TIMEOUT_MS = 5_000
/** Ollama drops a model after five minutes, and the next question would wait for it to be loaded. */
const KEEP_ALIVE = '30m'

export async function openOllamaChat(
  model: OllamaModel,
  options: { readonly signal: AbortSignal },
): Promise<ChatModel> {
  await checkOllama(model, options)
  return openServedChat(toChatServer(model), options)
}

export async function openOllamaEmbedding(
  model: OllamaModel,
  options: { readonly signal: AbortSignal },
): Promise<EmbeddingModel> {
  await checkOllama(model, options)
  const { name, host } = model
  const fields = { model: name, baseUrl: host, maxRetries: 0, keepAlive: KEEP_ALIVE }
  return createEmbeddingModel(`ollama:${name}`, new OllamaEmbeddings(fields))
}

function toChatServer(model: OllamaModel): ChatServer {
  return {
    id: `ollama:${model.name}`,
    connect: (options) => connect(model, options),
    parseLine,
    advice: {
      away: awayAdvice(model),
      absent: absentAdvice(model),
      denied: `The Ollama at ${model.host} does not let Footnote in.`,
    },
  }
}

export function awayAdvice({ host }: OllamaModel): string {
  return `No Ollama answers at ${host}. Start it with: ollama serve`
}

function absentAdvice({ name }: OllamaModel): string {
  return (
    `Ollama has no model ${name}. Bring it with: ollama pull ${name}, ` +
    `or with: npx footnote models pull ollama:${name}`
  )
}

function connect({ name, host }: OllamaModel, { maxTokens, wantsChances, fetch }: ConnectOptions) {
  const chances = wantsChances ? { logprobs: true, top_logprobs: CHANCES_ASKED } : {}
  // Fields that LangChain's client does not know; an Ollama that is too old for one passes it over.
  const extra = { truncate: false, ...chances }
  return new ChatOllama({
    model: name,
    baseUrl: host,
    temperature: 0,
    seed: 0,
    numCtx: CONTEXT_TOKENS,
    numPredict: maxTokens,
    maxRetries: 0,
    keepAlive: KEEP_ALIVE,
    think: false,
    fetch: (input, init) => fetch(input, { ...init, body: withFields(init?.body, extra) }),
  })
}

function withFields(body: unknown, extra: object): string {
  return JSON.stringify({ ...(JSON.parse(String(body)) as object), ...extra })
}

const chatLine = z.object({
  done: z.boolean().optional(),
  error: z.string().optional(),
  logprobs: describedTokens.nullish(),
})

function parseLine(line: string): ReplyLine {
  const { done = false, error = null, logprobs } = chatLine.parse(JSON.parse(line))
  return { isEnd: done, error, chances: chancesOf(logprobs) }
}

const modelList = z.object({ models: z.array(z.object({ name: z.string() })) })

/** Whether the server is there and has the model; the error says what to do. */
export async function checkOllama(
  model: OllamaModel,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(CHECK_TIMEOUT_MS)])
  const { models } = await fetch(new URL('/api/tags', model.host), { signal: limit })
    .then(async (response) => modelList.parse(await response.json()))
    .catch((cause: unknown) => {
      signal.throwIfAborted()
      throw new AppError('model-unavailable', awayAdvice(model), { cause })
    })
  const names = models.map(({ name }) => name)
  if (names.includes(model.name) || names.includes(`${model.name}:latest`)) return
  throw new AppError('model-unavailable', absentAdvice(model))
}

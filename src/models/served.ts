import { ChatOllama, OllamaEmbeddings } from '@langchain/ollama'
import { HumanMessage, SystemMessage } from '@langchain/core/messages'
import type { BaseChatModel } from '@langchain/core/language_models/chat_models'
import { AppError, messageOf } from '../errors.ts'
import { promptTooLong, type ChatModel, type GenerateInput } from './chat-model.ts'
import { createEmbeddingModel, type EmbeddingModel } from './embedding.ts'

interface OllamaOptions {
  readonly name: string
  readonly host: string
}

/** As the local model's; a longer prompt is refused before it is sent, since the server would cut it. */
const CONTEXT_TOKENS = 2048
const CHECK_TIMEOUT_MS = 5_000
/** English text in the tokenisers of today's models has over three characters a token. */
const CHARACTERS_PER_TOKEN = 3

export function createOllamaChat({ name, host }: OllamaOptions): ChatModel {
  const create = (maxTokens: number) =>
    new ChatOllama({
      model: name,
      baseUrl: host,
      temperature: 0,
      seed: 0,
      numCtx: CONTEXT_TOKENS,
      numPredict: maxTokens,
      maxRetries: 0,
    })
  return createServedChat(`ollama:${name}`, create, { pull: `ollama pull ${name}` })
}

interface ServedOptions {
  /** The command that brings a missing model. */
  readonly pull: string
}

/** A LangChain chat model behind the port. It gives no probabilities, so the check is left out. */
function createServedChat(
  id: string,
  create: (maxTokens: number) => BaseChatModel,
  options: ServedOptions,
): ChatModel {
  return {
    id,
    countTokens: estimateTokens,
    async *generate({ prefix, prompt, maxTokens, signal }: GenerateInput) {
      requireRoom(prefix + prompt, maxTokens)
      try {
        const messages = [new SystemMessage(prefix), new HumanMessage(prompt)]
        const stream = await create(maxTokens).stream(messages, { signal })
        for await (const chunk of stream) {
          if (chunk.text !== '') yield chunk.text
        }
      } catch (error) {
        signal.throwIfAborted()
        throw toModelError(id, error, options)
      }
    },
    close: () => Promise.resolve(),
  }
}

function requireRoom(text: string, maxTokens: number): void {
  if (estimateTokens(text) + maxTokens > CONTEXT_TOKENS) throw promptTooLong()
}

function estimateTokens(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN)
}

function toModelError(id: string, error: unknown, { pull }: ServedOptions): AppError {
  const isMissing = /not found|404/i.test(messageOf(error))
  const message = isMissing
    ? `The chat model ${id} is not on its server. Bring it with: ${pull}`
    : `The chat model ${id} does not answer.`
  return new AppError('model-unavailable', message, { cause: error, retryAfter: 5 })
}

export function createOllamaEmbedding({ name, host }: OllamaOptions): EmbeddingModel {
  const embeddings = new OllamaEmbeddings({ model: name, baseUrl: host, maxRetries: 0 })
  return createEmbeddingModel(`ollama:${name}`, embeddings)
}

/** Whether the server is there and has the model; the error says what to do. */
export async function checkOllama(
  { name, host }: OllamaOptions,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(CHECK_TIMEOUT_MS)])
  const models = await fetch(new URL('/api/tags', host), { signal: limit })
    .then((response) => response.json())
    .catch((cause: unknown) => {
      throw new AppError(
        'model-unavailable',
        `No Ollama answers at ${host}. Start it with: ollama serve`,
        {
          cause,
        },
      )
    })
  const names = (models as { models?: { name?: string }[] }).models?.map((each) => each.name) ?? []
  if (!names.includes(name) && !names.includes(`${name}:latest`)) {
    throw new AppError(
      'model-unavailable',
      `Ollama has no model ${name}. Bring it with: ollama pull ${name}`,
    )
  }
}

import { ChatOpenAICompletions } from '@langchain/openai'
import { z } from 'zod'
import type { ChatModel } from './chat-model.ts'
import {
  CHANCES_ASKED,
  chancesOf,
  describedTokens,
  type ChatServer,
  type ConnectOptions,
  type ReplyLine,
} from './chat-server.ts'
import { openServedChat } from './served-chat.ts'

/** Where OpenAI's chat completions are spoken. */
export interface OpenAiServer {
  /** Ends in the version: `https://api.openai.com/v1`. */
  readonly baseUrl: string
  readonly apiKey: string | undefined
}

interface OpenAiModel extends OpenAiServer {
  readonly name: string
}

/** A model of OpenAI's, or of a server that speaks as it does: vLLM, llama.cpp's, Ollama's `/v1`. */
export function openOpenAiChat(
  model: OpenAiModel,
  options: { readonly signal: AbortSignal },
): Promise<ChatModel> {
  return openServedChat(toChatServer(model), options)
}

function toChatServer(model: OpenAiModel): ChatServer {
  const { name, baseUrl } = model
  return {
    id: `openai:${name}`,
    connect: (options) => connect(model, options),
    parseLine,
    advice: {
      away: `No model server answers at ${baseUrl}. Start it, or set OPENAI_BASE_URL to where it is.`,
      absent:
        `The server at ${baseUrl} has no model ${name}: its /models names those it has. ` +
        'OPENAI_BASE_URL must end as the server has it, mostly in /v1.',
      denied: `The server at ${baseUrl} does not let Footnote in: set OPENAI_API_KEY to a key of it.`,
    },
  }
}

/** A server that wants no key takes any; the client refuses to do without. */
const NO_KEY = 'none'

function connect(
  { name, baseUrl, apiKey = NO_KEY }: OpenAiModel,
  { maxTokens, wantsChances, fetch }: ConnectOptions,
) {
  return new ChatOpenAICompletions({
    model: name,
    apiKey,
    configuration: { baseURL: baseUrl, fetch },
    temperature: 0,
    modelKwargs: { seed: 0 },
    maxTokens,
    maxRetries: 0,
    // Not every server knows the option.
    streamUsage: false,
    ...(wantsChances ? { logprobs: true, topLogprobs: CHANCES_ASKED } : {}),
  })
}

const completionChunk = z.object({
  error: z.unknown().optional(),
  choices: z
    .array(
      z.object({
        finish_reason: z.string().nullish(),
        logprobs: z.object({ content: describedTokens.nullish() }).nullish(),
      }),
    )
    .nullish(),
})

/** Server-sent events, of which the data alone counts; llama.cpp's server also sends lines of errors. */
function parseLine(line: string): ReplyLine | null {
  const [, field, data = ''] = /^(data|error):\s*(.*)$/.exec(line) ?? []
  if (field === undefined) return null
  if (field === 'error') return { isEnd: false, error: data, chances: null }
  if (data === '[DONE]') return { isEnd: true, error: null, chances: null }
  return readChunk(completionChunk.parse(JSON.parse(data)))
}

function readChunk({ error, choices }: z.output<typeof completionChunk>): ReplyLine {
  const choice = choices?.[0]
  return {
    isEnd: typeof choice?.finish_reason === 'string',
    error: error == null ? null : JSON.stringify(error),
    chances: chancesOf(choice?.logprobs?.content),
  }
}

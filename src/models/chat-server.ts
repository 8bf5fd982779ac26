import type { BaseChatModel } from '@langchain/core/language_models/chat_models'
import { z } from 'zod'
import { AppError } from '../errors.ts'

/** A server of chat models, as the port needs it: how it is spoken to, and what to say where it fails. */
export interface ChatServer {
  /** Of the model: `ollama:NAME`. */
  readonly id: string
  readonly connect: (options: ConnectOptions) => BaseChatModel
  /** Null of a line that says nothing; throws where it cannot be read. */
  readonly parseLine: (line: string) => ReplyLine | null
  /** What to do about it, for people. */
  readonly advice: {
    /** Nobody answers. */
    readonly away: string
    /** It has no such model. */
    readonly absent: string
    /** It does not let us in. */
    readonly denied: string
  }
}

export interface ConnectOptions {
  readonly maxTokens: number
  /** Whether the likelihood of each token is asked for. */
  readonly wantsChances: boolean
  readonly fetch: typeof fetch
}

export interface ReplyLine {
  /** The reply is whole. */
  readonly isEnd: boolean
  /** In the server's words. */
  readonly error: string | null
  /** What the model might have written in place of the line's first token, that one included. */
  readonly chances: readonly TokenChance[] | null
}

export interface TokenChance {
  readonly token: string
  readonly logprob: number
}

const tokenChance = z.object({ token: z.string(), logprob: z.number() })

/** Ollama and the OpenAI-compatible servers describe a token alike. */
export const describedTokens = z.array(
  tokenChance.extend({ top_logprobs: z.array(tokenChance).nullish() }),
)

export function chancesOf(
  tokens: z.output<typeof describedTokens> | null | undefined,
): readonly TokenChance[] | null {
  const first = tokens?.[0]
  if (first === undefined) return null
  const { token, logprob, top_logprobs: top } = first
  return top === null || top === undefined || top.length === 0 ? [{ token, logprob }] : top
}

/** Many candidates: "Yes" may stand there as " yes" and "YES" too. The most that the servers give. */
export const CHANCES_ASKED = 20

export function serverAway({ advice }: ChatServer, cause: unknown): AppError {
  return new AppError('model-unavailable', advice.away, { cause, retryAfter: 5 })
}

/** A reply that ended before it was whole is no answer. */
export function brokeOff({ id }: Pick<ChatServer, 'id'>, cause?: unknown): AppError {
  const message = `The model server broke off while ${id} was writing.`
  return new AppError('model-unavailable', message, { cause, retryAfter: 5 })
}

const CAUSE_CHARACTERS = 500

/** What a status that is no success means; the server's own words are for the log. */
export async function toStatusError(server: ChatServer, response: Response): Promise<AppError> {
  const { status } = response
  const body = await response.text().catch(() => '')
  const cause = new Error(`The model server answered ${status}: ${body.slice(0, CAUSE_CHARACTERS)}`)
  switch (status) {
    case 401:
    case 403:
      return new AppError('model-unavailable', server.advice.denied, { cause })
    case 404:
      return new AppError('model-unavailable', server.advice.absent, { cause })
    case 429:
    case 503: {
      const message = `The model server is busy: it had no time for ${server.id}.`
      return new AppError('model-busy', message, { cause, retryAfter: 5 })
    }
    default:
      return status < 500 ? refusedRequest(server, cause) : failed(server, cause)
  }
}

/** The request was ours. */
function refusedRequest({ id }: ChatServer, cause: Error): AppError {
  return new AppError('internal', `The model server refused what it was sent for ${id}.`, { cause })
}

function failed({ id }: ChatServer, cause: Error): AppError {
  const message = `The model server failed while ${id} was to answer.`
  return new AppError('model-unavailable', message, { cause, retryAfter: 5 })
}

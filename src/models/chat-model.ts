import { AppError } from '../errors.ts'

// The port behind which every chat model stands. Our own and small: LangChain's chat interface carries
// neither a kept prefix nor a probability.

export interface ModelInput {
  /** Rules and worked examples: the same for every question, so a local model keeps it in its state. */
  readonly prefix: string
  /** What changes with the question. */
  readonly prompt: string
  readonly signal: AbortSignal
}

export interface GenerateInput extends ModelInput {
  readonly maxTokens: number
}

/** Passages are packed to a budget, so only the question can be what is too long. */
export function promptTooLong(): AppError {
  return new AppError('invalid-request', 'The question is too long for the chat model: shorten it.')
}

export interface ChatModel {
  readonly id: string
  /** Tokens of a text in this model's own count, or an upper estimate where only the server knows. */
  countTokens(text: string): number
  /** The model's words as they come; decoding is deterministic. Ends early when `signal` fires, by throwing. */
  generate(input: GenerateInput): AsyncIterable<string>
  /**
   * How likely the answer begins with each of the choices, as shares of 1. Absent where a server gives
   * no probabilities.
   */
  probability?(
    input: ModelInput & { readonly choices: readonly string[] },
  ): Promise<readonly number[]>
  close(): Promise<void>
}

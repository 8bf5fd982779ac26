import type { Passage } from '../domain.ts'
import { AppError } from '../errors.ts'
import type { ChatTurn } from '../models/chat-turns.ts'
import { withDeadlines } from '../models/deadlines.ts'
import { createGeneratedText } from './generated-text.ts'
import { buildPrompt, type Prompt } from './prompt.ts'

export interface GenerateRequest {
  readonly question: string
  /** Its words before it was understood. */
  readonly asked: string
  readonly passages: readonly Passage[]
  readonly signal: AbortSignal
  readonly onText: (text: string) => void
  /** Told why there was no first word. */
  readonly onAbsent?: (error: AppError) => void
}

export interface Generated {
  readonly text: string
  readonly prompt: string
  readonly promptHash: string
  readonly tokens: { readonly prompt: number; readonly completion: number }
  /** Milliseconds from `startedAt` to the first word; null where there was none. */
  readonly firstTokenAt: (startedAt: number) => number | null
}

/** The model's words; null where no first word came, because it could not be reached or took too long. */
export type Generate = (turn: ChatTurn, request: GenerateRequest) => Promise<Generated | null>

/** One to three short sentences; a model that goes on is cut off and its last words are dropped as unsupported. */
const MAX_ANSWER_TOKENS = 120

export const generateAnswer: Generate = (turn, request) =>
  generateText(turn, { ...buildPrompt(request), ...request })

/** What the model writes to any prompt. */
export async function generateText(
  { model, deadlines }: ChatTurn,
  request: Prompt & Pick<GenerateRequest, 'signal' | 'onText' | 'onAbsent'>,
): Promise<Generated | null> {
  const { prefix, prompt, hash } = request
  const generated = createGeneratedText()
  let firstAt: number | null = null
  try {
    const pieces = withDeadlines(
      (signal) => model.generate({ prefix, prompt, signal, maxTokens: MAX_ANSWER_TOKENS }),
      { signal: request.signal, deadlines },
    )
    for await (const piece of pieces) {
      firstAt ??= performance.now()
      tell(request, generated.push(piece))
      if (generated.isOver) break
    }
    tell(request, generated.end())
  } catch (error) {
    if (firstAt !== null || !isModelAbsent(error)) throw error
    request.onAbsent?.(error)
    return null
  }
  const { text } = generated
  return {
    text,
    prompt,
    promptHash: hash,
    tokens: { prompt: model.countTokens(prefix + prompt), completion: model.countTokens(text) },
    firstTokenAt: (startedAt) => (firstAt === null ? null : Math.round(firstAt - startedAt)),
  }
}

function tell({ onText }: Pick<GenerateRequest, 'onText'>, text: string): void {
  if (text !== '') onText(text)
}

function isModelAbsent(error: unknown): error is AppError {
  return (
    error instanceof AppError &&
    ['model-unavailable', 'model-timeout', 'model-busy'].includes(error.code)
  )
}

export interface FinishedTurn {
  readonly question: string
  readonly answer: string
}

interface ChatMessage {
  readonly role: 'user' | 'assistant'
  readonly content: string
}

export type ChatRequest = { readonly stream: true; readonly fresh?: true } & (
  { readonly question: string } | { readonly messages: readonly ChatMessage[] }
)

/** A follow-up leans on what was just said; the service takes at most 64 kB. */
const MAX_EARLIER_TURNS = 6

interface RequestOptions {
  /** Whether it is answered anew, where an answer is kept already. */
  readonly fresh: boolean
}

export function chatRequest(
  question: string,
  earlier: readonly FinishedTurn[],
  { fresh }: RequestOptions = { fresh: false },
): ChatRequest {
  const how = fresh ? ({ stream: true, fresh: true } as const) : ({ stream: true } as const)
  if (earlier.length === 0) return { question, ...how }
  const messages = earlier.slice(-MAX_EARLIER_TURNS).flatMap(messagesOf)
  return { messages: [...messages, { role: 'user', content: question }], ...how }
}

function messagesOf(turn: FinishedTurn): ChatMessage[] {
  return [
    { role: 'user', content: turn.question },
    { role: 'assistant', content: turn.answer },
  ]
}

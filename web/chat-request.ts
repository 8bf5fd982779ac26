export interface FinishedTurn {
  readonly question: string
  readonly answer: string
}

interface ChatMessage {
  readonly role: 'user' | 'assistant'
  readonly content: string
}

export type ChatRequest = { readonly stream: true } & (
  { readonly question: string } | { readonly messages: readonly ChatMessage[] }
)

/** A follow-up leans on what was just said; the service takes at most 64 kB. */
const MAX_EARLIER_TURNS = 6

export function chatRequest(question: string, earlier: readonly FinishedTurn[]): ChatRequest {
  if (earlier.length === 0) return { question, stream: true }
  const messages = earlier.slice(-MAX_EARLIER_TURNS).flatMap(messagesOf)
  return { messages: [...messages, { role: 'user', content: question }], stream: true }
}

function messagesOf(turn: FinishedTurn): ChatMessage[] {
  return [
    { role: 'user', content: turn.question },
    { role: 'assistant', content: turn.answer },
  ]
}

export interface Message {
  readonly role: 'user' | 'assistant'
  readonly content: string
}

export interface UnderstoodQuestion {
  readonly question: string
  /** The question before it, whose words weigh in; null for the first. */
  readonly earlier: string | null
}

/** The last message is the question; the user's message before it is what a follow-up leans on. */
export function condense(messages: readonly Message[]): UnderstoodQuestion {
  const questions = messages.filter(({ role }) => role === 'user').map(({ content }) => content)
  return { question: questions.at(-1) ?? '', earlier: questions.at(-2) ?? null }
}

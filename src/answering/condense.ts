export interface Message {
  readonly role: 'user' | 'assistant'
  readonly content: string
}

export interface UnderstoodQuestion {
  readonly question: string
  /** The question before it, whose words weigh in; null for the first. */
  readonly earlier: string | null
}

/** What a follow-up leans on stands at the beginning; a whole page of it would leave no room to answer. */
const MAX_EARLIER_CHARACTERS = 300

/** The last message is the question; the user's message before it is what a follow-up leans on. */
export function condense(messages: readonly Message[]): UnderstoodQuestion {
  const questions = messages.filter(({ role }) => role === 'user').map(({ content }) => content)
  const earlier = questions.at(-2)?.slice(0, MAX_EARLIER_CHARACTERS).toWellFormed() ?? null
  return { question: questions.at(-1) ?? '', earlier }
}

import { ABOUT } from '../retrieval/question-parts.ts'
import { isLeaning } from './leaning.ts'
import { isRefusal } from './refusal.ts'

export interface Message {
  readonly role: 'user' | 'assistant'
  readonly content: string
}

export interface UnderstoodQuestion {
  /** As it is understood: with what it is about, where it does not say so itself. */
  readonly question: string
  /** As it was asked. */
  readonly asked: string
  /** The question that it leans on, as that was understood; null where it stands alone. */
  readonly earlier: string | null
  /** How that one was answered; null where the question stands alone, or that one was refused. */
  readonly earlierAnswer: string | null
}

/** What a follow-up leans on stands at the beginning; a whole page of it would leave no room to answer. */
const MAX_EARLIER_CHARACTERS = 300
const MAX_SUBJECT_CHARACTERS = 200

interface Conversation {
  readonly last: UnderstoodQuestion
  /** Of the last question that stood alone. */
  readonly subject: string
  /** To the last question. */
  readonly answer: string | null
}

/**
 * The last message is the question. Each user's message is understood in the light of the one before
 * it, where its form shows that it leans on that (leaning.ts); one that stands alone stays as it is.
 */
export function condense(messages: readonly Message[]): UnderstoodQuestion {
  const start: Conversation = { last: toStandalone(''), subject: '', answer: null }
  const last = messages.length - 1
  return messages
    .filter(({ content }, at) => at === last || SAYS_SOMETHING.test(content))
    .reduce(hear, start).last
}

/** “?” and blank lines are no questions that another one could lean on. */
const SAYS_SOMETHING = /[^\s\p{P}]/u

export function toStandalone(question: string): UnderstoodQuestion {
  return { question, asked: question, earlier: null, earlierAnswer: null }
}

function hear(conversation: Conversation, { role, content }: Message): Conversation {
  const { last, subject, answer } = conversation
  if (role === 'assistant') return { ...conversation, answer: toAnswer(content) }
  if (last.asked === '' || !isLeaning(content)) {
    return { last: toStandalone(content), subject: toSubject(content), answer: null }
  }
  const about = last.earlier === null ? subject : `${subject}; ${withoutMark(last.asked)}`
  return {
    last: {
      question: `${content}${ABOUT}${cut(about, MAX_SUBJECT_CHARACTERS)})`,
      asked: content,
      earlier: cut(last.question, MAX_EARLIER_CHARACTERS),
      earlierAnswer: answer === null ? null : cut(answer, MAX_EARLIER_CHARACTERS),
    },
    subject,
    answer: null,
  }
}

/** Without footnote marks. That the articles do not say it tells nothing of what is asked next. */
function toAnswer(content: string): string | null {
  return isRefusal(content) ? null : content.replaceAll(/ ?\[\d+\]/g, '').trim()
}

const FRAME = new Set(
  `and but or so then hi hello please tell me i we you there what what's whats which who whom whose when
  where why how how's is are am was were be do does did has have had can could should would will may
  might must need kind sort of much many long often far large big exactly it's`.split(/\s+/),
)

/** A question without the words that make it one: “the payload limit of NOTIFY”. */
function toSubject(question: string): string {
  const words = cut(question, MAX_EARLIER_CHARACTERS).trim().split(/\s+/)
  const first = words.findIndex((word) => !FRAME.has(word.toLowerCase().replaceAll('’', "'")))
  return withoutMark(words.slice(Math.max(0, first)).join(' '))
}

function withoutMark(text: string): string {
  return text.trim().replace(/[?.!]$/, '')
}

/** Between words, where there are any. */
function cut(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text
  const start = text.slice(0, maxCharacters - 1)
  const space = start.lastIndexOf(' ')
  return `${(space > 0 ? start.slice(0, space) : start).toWellFormed()}…`
}

import type { z } from 'zod'
import type { answerSchema } from '../src/http/schemas.ts'

export type SentAnswer = z.infer<typeof answerSchema>

const MODEL_UNAVAILABLE = 'Straight from the articles, since no chat model is available:'

/** The answer with its footnotes, for people. */
export function formatAnswer(answer: SentAnswer): string {
  const head = answer.status === 'extracted' ? `${MODEL_UNAVAILABLE}\n` : ''
  const notes = answer.citations.map(
    ({ number, title, heading, url, quote }) =>
      `[${number}] ${title}${heading === '' ? '' : ` › ${heading}`}\n    “${oneLine(quote)}”${url === null ? '' : `\n    ${url}`}`,
  )
  return [head + answer.answer, ...notes].join('\n\n')
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ')
}

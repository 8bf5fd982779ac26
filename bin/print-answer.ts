import type { z } from 'zod'
import type { answerSchema, sourceSchema } from '../src/http/schemas.ts'

export type SentAnswer = z.infer<typeof answerSchema>
export type SentSource = z.infer<typeof sourceSchema>

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

export function formatSource(
  { title, heading, url, text, scores }: SentSource,
  at: number,
): string {
  const score = (value: number | null) => (value === null ? '–' : value.toFixed(2))
  const numbers = `fused ${score(scores.fused)}, keyword ${score(scores.keyword)}, vector ${score(scores.vector)}`
  const place = `${at + 1}. ${title}${heading === '' ? '' : ` › ${heading}`}  (${numbers})`
  return [place, indent(text), ...(url === null ? [] : [`   ${url}`])].join('\n')
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '   ')
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ')
}

import { createHash } from 'node:crypto'
import type { Passage } from '../domain.ts'
import { passageHeader } from '../retrieval/passages.ts'

/** The rules, read once and kept in a local model's state. */
export const ANSWER_PREFIX = `You answer questions from passages of articles.
Use only what the passages say. Answer in one to three short sentences of plain text.
Take names, numbers and code exactly as the passages have them. Begin with the answer itself.`

export interface Prompt {
  readonly prefix: string
  readonly prompt: string
  /** Of all that the model reads: the same hash, the same answer. */
  readonly hash: string
}

interface PromptInput {
  readonly question: string
  readonly passages: readonly Passage[]
}

export function buildPrompt({ question, passages }: PromptInput): Prompt {
  const context = passages
    .map((passage, at) => describePassage(passage, passages[at - 1]))
    .join('\n\n')
  const prompt = `Passages:\n\n${keepOffLabels(context)}\n\nQuestion: ${keepOffLabels(question)}`
  const hash = createHash('sha256').update(ANSWER_PREFIX).update('\0').update(prompt).digest('hex')
  return { prefix: ANSWER_PREFIX, prompt, hash }
}

function describePassage(passage: Passage, before: Passage | undefined): string {
  const header = passageHeader(passage, before)
  return header === '' ? passage.text : `${header}\n${passage.text}`
}

/** What begins a line of our own, in a prompt or in the examples of the check. */
const LABELLED_LINE = /\s*\n\s*(?=(?:Passages|Text|Question|Answer):|(?:Yes|No)[^\S\n]*(?:\n|$))/gi

/** Such a line of a text goes on the line before it, or an article could ask and judge for itself. */
function keepOffLabels(text: string): string {
  return text.replace(LABELLED_LINE, ' ')
}

/**
 * Worked examples for the check (design.md, decision 7): does this text state this answer to this
 * question. The wrong ones are near misses, the kind that looks right to retrieval.
 */
export const CHECK_PREFIX = `You judge whether a text states the given answer to a question. Answer Yes or No.

Text: The bakery on Mill Street opens at six and sells rye bread on Fridays.
Question: When does the bakery open?
Answer: It opens at six.
Yes

Text: The bakery on Mill Street opens at six and sells rye bread on Fridays.
Question: When does the bakery close?
Answer: It closes at six.
No

Text: Version 3 reads files up to 2 GB, and writes a log line for each one it skips.
Question: What happens to a file that is skipped?
Answer: A log line is written for it.
Yes

Text: Version 3 reads files up to 2 GB, and writes a log line for each one it skips.
Question: How large may a file be in version 2?
Answer: Files may have up to 2 GB.
No

Text: Heat pumps lose output in hard frost, so many houses keep a small electric heater.
Question: Why keep an electric heater beside a heat pump?
Answer: Heat pumps lose output in hard frost.
Yes

Text: Heat pumps lose output in hard frost, so many houses keep a small electric heater.
Question: How much does a heat pump cost?
Answer: A small electric heater costs less than a heat pump.
No`

interface CheckInput {
  readonly question: string
  readonly answer: string
  readonly evidence: readonly string[]
}

export function buildCheck({ question, answer, evidence }: CheckInput): string {
  const [text, asked, given] = [evidence.join(' '), question, answer].map(keepOffLabels)
  return `Text: ${text}\nQuestion: ${asked}\nAnswer: ${given}`
}

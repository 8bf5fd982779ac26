import type { z } from 'zod'
import type { searchSchema, sourceSchema } from '../src/http/schemas.ts'
import { hidesArticles } from '../src/retrieval/asked-time.ts'
import { describeArm, describeFused } from '../src/retrieval/explain.ts'

export type SentSearch = z.infer<typeof searchSchema>
export type SentSource = z.infer<typeof sourceSchema>
type SentExplanation = NonNullable<SentSearch['explain']>

const NOTHING: Readonly<Record<NonNullable<SentSearch['reason']>, string>> = {
  'no-evidence': 'Nothing found.',
  filtered: 'Nothing found: the filters leave no article.',
  'empty-library': 'Nothing found: there are no articles yet.',
  'over-budget': 'Nothing found that fits in so many tokens.',
}
const NOT_THEN = 'Nothing found: no article is of the time that the question asks for.'

/** The passages for people, or why there are none. */
export function formatSearch({ passages, reason, time }: SentSearch): string {
  if (reason === 'filtered' && hidesArticles(time)) return NOT_THEN
  if (passages.length === 0) return NOTHING[reason ?? 'no-evidence']
  return passages.map(formatSource).join('\n\n')
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

const REACHED_THE_ARMS: readonly SentExplanation['outcome'][] = [
  'fused-below',
  'repeated',
  'cut-by-budget',
  'shown',
]

/** What decided first, then how far the article had come. */
export function formatExplanation(explanation: SentExplanation): string {
  const { title, outcome, detail, keyword, vector, fused } = explanation
  const way = REACHED_THE_ARMS.includes(outcome)
    ? [
        `By keywords it ${describeArm('keyword', keyword)}.`,
        `By vectors it ${describeArm('vector', vector)}.`,
        ...(fused === null || outcome === 'fused-below'
          ? []
          : [`Fused it ${describeFused(fused)}.`]),
      ]
    : []
  return [`${title}: ${outcome}`, ...[detail, ...way].map(indent)].join('\n')
}

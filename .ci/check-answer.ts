// Checks an answer, read from standard input: its status, its words, and that each of its citations
// stands in the revision it names, word for word.
// tsx .ci/check-answer.ts SERVICE STATUS PATTERN
import { text } from 'node:stream/consumers'
import { z } from 'zod'
import { messageOf } from '../src/errors.ts'

const answerSchema = z.object({
  status: z.string(),
  reason: z.string().nullable(),
  answer: z.string(),
  sentences: z.array(z.object({ text: z.string(), citations: z.array(z.number()) })),
  citations: z.array(
    z.object({
      number: z.number(),
      articleId: z.string(),
      revision: z.number(),
      quote: z.string().min(1),
      start: z.number(),
      end: z.number(),
    }),
  ),
})
const revisionSchema = z.object({ text: z.string() })

type Answer = z.infer<typeof answerSchema>

const [service = '', status = '', pattern = ''] = process.argv.slice(2)

function check(isRight: boolean, fault: string): void {
  if (!isRight) throw new Error(fault)
}

function checkMarks({ sentences, citations }: Answer): void {
  const numbers = new Set(citations.map(({ number }) => number))
  for (const { text: sentence, citations: marks } of sentences) {
    check(marks.length > 0, `"${sentence}" has no citation`)
    check(
      marks.every((mark) => numbers.has(mark)),
      `"${sentence}" has a mark without its citation`,
    )
  }
}

async function checkQuote(citation: Answer['citations'][number]): Promise<void> {
  const { articleId, revision, quote, start, end } = citation
  const response = await fetch(`${service}/v1/articles/${articleId}/revisions/${revision}`)
  check(response.ok, `revision ${revision} of ${articleId}: ${response.status}`)
  const { text: revisionText } = revisionSchema.parse(await response.json())
  const found = revisionText.slice(start, end)
  check(found === quote, `the quote is "${quote}", and the revision has "${found}" there`)
}

try {
  const answer = answerSchema.parse(JSON.parse(await text(process.stdin)))
  const reason = answer.reason === null ? '' : ` (${answer.reason})`
  console.log(`${answer.status}${reason}: ${answer.answer}`)
  check(answer.status === status, `the status is ${answer.status} and should be ${status}`)
  check(new RegExp(pattern, 'i').test(answer.answer), `the answer does not match /${pattern}/i`)
  check(status === 'refused' || answer.citations.length > 0, 'the answer has no citation')
  checkMarks(answer)
  for (const citation of answer.citations) await checkQuote(citation)
} catch (error) {
  console.error(messageOf(error))
  process.exitCode = 1
}

import type { z } from 'zod'
import { AppError } from '../src/errors.ts'
import type { keptAnswerSchema, keptCaseSchema, reviewSchema } from '../src/http/schemas.ts'
import type { CommandContext } from './commands.ts'
import type { DoorClient } from './door-client.ts'
import { formatAnswer } from './print-answer.ts'
import { withService } from './with-service.ts'

type SentReview = z.infer<typeof reviewSchema>
type KeptAnswer = z.infer<typeof keptAnswerSchema>
type KeptCase = z.infer<typeof keptCaseSchema>

interface Page<Item> {
  readonly items: readonly Item[]
  readonly next: string | null
}

export interface SettleOptions {
  readonly dismiss?: boolean
  readonly correct?: string
  readonly golden?: boolean
  /** Of a golden case, as JSON: what is set by hand. */
  readonly case?: string
}

/** What waits for a reviewer, the most pressing first. */
export async function reviewList(context: CommandContext): Promise<void> {
  const { isJson, print } = context
  await withReviews(context, async (client) => {
    const items = await listAll<SentReview>(client, '/v1/reviews', context.signal)
    if (isJson) return print(JSON.stringify({ items }))
    if (items.length === 0) return print('Nothing waits for a review.')
    for (const { id, question, reasons, answerIds } of items) {
      print(`${id}\t${reasons.join(', ')}\t${countAnswers(answerIds)}\t${oneLine(question)}`)
    }
  })
}

/** One review with its answers and what readers said of them. */
export async function reviewShow(context: CommandContext, id: string): Promise<void> {
  const { signal, isJson, print } = context
  await withReviews(context, async (client) => {
    const review = (await client.request(pathOf(id), { signal })) as SentReview
    const answers: KeptAnswer[] = []
    for (const answerId of review.answerIds) {
      answers.push((await client.request(`/v1/answers/${answerId}`, { signal })) as KeptAnswer)
    }
    if (isJson) return print(JSON.stringify({ ...review, answers }))
    print(formatReview(review, answers))
  })
}

export async function reviewSettle(
  context: CommandContext,
  id: string,
  options: SettleOptions,
): Promise<void> {
  const { signal, isJson, print } = context
  const body = toSettlement(options)
  await withReviews(context, async (client) => {
    const review = (await client.request(pathOf(id), {
      method: 'POST',
      body,
      signal,
    })) as SentReview
    print(isJson ? JSON.stringify(review) : `${review.id} is done: ${review.action}`)
  })
}

/** The golden cases that reviewers made, a line of JSON each, to be committed to a set. */
export async function evalExport(context: CommandContext): Promise<void> {
  await withReviews(context, async (client) => {
    const cases = await listAll<KeptCase>(client, '/v1/reviews/cases', context.signal)
    for (const each of cases) context.print(JSON.stringify(each))
  })
}

function withReviews(
  { config, signal }: CommandContext,
  work: (client: DoorClient) => Promise<void>,
): Promise<void> {
  return withService({ config, needsChat: false, readsLibrary: false, signal }, work)
}

const PAGE = 100

async function listAll<Item>(
  client: DoorClient,
  path: string,
  signal: AbortSignal,
): Promise<readonly Item[]> {
  const all: Item[] = []
  for (let next: string | null = ''; next !== null;) {
    const cursor: string = next === '' ? '' : `&cursor=${encodeURIComponent(next)}`
    const page = (await client.request(`${path}?limit=${PAGE}${cursor}`, { signal })) as Page<Item>
    all.push(...page.items)
    next = page.next
  }
  return all
}

function pathOf(id: string): string {
  return `/v1/reviews/${encodeURIComponent(id)}`
}

/** Which options go together is for the service to say; it is asked for one thing. */
function toSettlement({ dismiss, correct, golden, case: given }: SettleOptions): object {
  const named = [...(golden === true ? ['golden'] : []), ...(dismiss === true ? ['dismiss'] : [])]
  const [action, ...others] = named.length === 0 && correct !== undefined ? ['correct'] : named
  if (action === undefined || others.length > 0) {
    const message = 'settle takes one of --dismiss, --correct TEXT and --golden.'
    throw new AppError('invalid-request', message)
  }
  return {
    action,
    ...(correct === undefined ? {} : { correction: correct }),
    ...(given === undefined ? {} : toCase(given)),
  }
}

function toCase(json: string): object {
  try {
    return { case: JSON.parse(json) as unknown }
  } catch (cause) {
    throw new AppError('invalid-request', '--case must be JSON, such as {"facts":[["8000"]]}.', {
      cause,
    })
  }
}

function formatReview(review: SentReview, answers: readonly KeptAnswer[]): string {
  const { id, question, reasons, state, action, correction } = review
  const head = [
    question,
    `${id}: ${action === null ? state : `${state}, ${action}`}; ${reasons.join(', ')}`,
    ...(correction === null ? [] : [`Correction: ${correction}`]),
  ]
  return [head.join('\n'), ...answers.map((answer) => formatReviewed(answer, review))].join('\n\n')
}

function formatReviewed(answer: KeptAnswer, { feedback }: SentReview): string {
  const about = `${answer.id}: ${answer.status}${answer.reason === null ? '' : `, ${answer.reason}`}`
  const dropped = answer.trace.dropped.map(({ text, why }) => `Dropped: ${text} (${why})`)
  const said = feedback
    .filter(({ answerId }) => answerId === answer.id)
    .map(({ rating, comment, correction }) =>
      [
        `Thumb ${rating}`,
        ...(comment === null ? [] : [`comment: ${comment}`]),
        ...(correction === null ? [] : [`correction: ${correction}`]),
      ].join('; '),
    )
  return ['—'.repeat(8), about, formatAnswer(answer), ...dropped, ...said].join('\n')
}

function countAnswers({ length }: readonly string[]): string {
  return `${length} ${length === 1 ? 'answer' : 'answers'}`
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ')
}

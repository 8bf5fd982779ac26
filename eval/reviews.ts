import { createHash, randomBytes } from 'node:crypto'
import type { Answered } from '../src/answering/answer-question.ts'
import { transaction, type Database, type Queryable } from '../src/db/database.ts'
import { AppError } from '../src/errors.ts'
import { loadAnswer } from '../src/store/answers.ts'
import { insertFeedback, type GivenFeedback } from '../src/store/feedback.ts'
import { insertKeptCase } from '../src/store/kept-cases.ts'
import { listGuids } from '../src/store/library-texts.ts'
import {
  addToReview,
  loadReview,
  openReview,
  settleReview,
  type Review,
  type ReviewAction,
  type ReviewReason,
} from '../src/store/reviews.ts'
import {
  reviewedAnswer,
  toKeptCase,
  type CaseArticles,
  type GivenCase,
  type ReviewedAnswer,
} from './kept-case.ts'
import { loadLibrary } from './library.ts'

interface AskedQuestion {
  readonly question: string
  /** The question before it, for a follow-up: "And why?" is another one in each conversation. */
  readonly earlier: string | null
}

/** The same for questions that differ in case, spaces and punctuation alone. */
export function toQuestionKey({ question, earlier }: AskedQuestion): string {
  const folded = [earlier ?? '', question].map(foldQuestion).join('\n')
  return createHash('sha256').update(folded).digest('hex')
}

/** `#` stays, since C# is not C; and a question of marks alone stays as it is. */
function foldQuestion(text: string): string {
  const plain = text.normalize('NFKC').toLowerCase()
  const words = plain.replaceAll(/[^\P{P}#]|[\p{Z}\p{C}]/gu, ' ').match(/\S+/g)
  return words?.join(' ') ?? plain.trim()
}

/** Why an answer is looked at without anyone having asked for it. */
export function toOwnReasons({
  answer,
  trace,
}: {
  readonly answer: Pick<Answered['answer'], 'status'>
  readonly trace: Pick<Answered['trace'], 'dropped'>
}): readonly ReviewReason[] {
  return [
    ...(trace.dropped.length > 0 ? (['dropped-sentence'] as const) : []),
    ...(answer.status === 'refused' ? (['refused'] as const) : []),
  ]
}

/** Queues an answer that refuses or lost sentences. Must run in the transaction that keeps it. */
export async function queueUnsureAnswer(db: Queryable, answered: Answered): Promise<void> {
  const reasons = toOwnReasons(answered)
  if (reasons.length === 0) return
  const { answer, trace } = answered
  const asked = { question: answer.question, earlier: trace.understood.earlier }
  await queueAnswer(db, { answerId: answer.id, ...asked, reasons, reopens: false })
}

interface QueuedAnswer extends AskedQuestion {
  readonly answerId: string
  readonly reasons: readonly ReviewReason[]
  readonly reopens: boolean
}

async function queueAnswer(db: Queryable, queued: QueuedAnswer) {
  const opened = await openReview(db, { ...queued, questionKey: toQuestionKey(queued) })
  if (opened !== undefined) await addToReview(db, opened.id, queued)
  return opened
}

/** Keeps what a reader said; a thumb down or a correction queues the answer. False: no such answer. */
export async function giveFeedback(
  database: Pick<Database, 'pool'>,
  answerId: string,
  given: GivenFeedback,
): Promise<boolean> {
  return transaction(database, async (client) => {
    if (!(await insertFeedback(client, answerId, given))) return false
    if (given.rating === 'down') await requeue(client, answerId, 'thumb-down')
    else if (given.correction !== null) await requeue(client, answerId, 'asked-for')
    return true
  })
}

interface AskedReview {
  readonly review: Review
  readonly isNew: boolean
}

/** Undefined where there is no such answer. */
export function askForReview(
  database: Pick<Database, 'pool'>,
  answerId: string,
): Promise<AskedReview | undefined> {
  return transaction(database, async (client) => {
    const opened = await requeue(client, answerId, 'asked-for')
    if (opened === undefined) return undefined
    return { review: await requireReview(client, opened.id), isNew: opened.isNew }
  })
}

async function requeue(db: Queryable, answerId: string, reason: ReviewReason) {
  const answer = await loadReviewedAnswer(db, answerId)
  if (answer === null) return undefined
  const { question } = answer.body
  const { earlier } = answer.trace.understood
  return queueAnswer(db, { answerId, question, earlier, reasons: [reason], reopens: true })
}

interface Settlement {
  readonly action: ReviewAction
  readonly correction: string | null
  readonly given: GivenCase
}

/** Settles a review once; a golden case is kept in the same transaction. */
export function settle(
  database: Pick<Database, 'pool'>,
  id: string,
  { action, correction, given }: Settlement,
): Promise<Review> {
  return transaction(database, async (client) => {
    const isSettled = await settleReview(client, id, { action, correction })
    const review = await requireReview(client, id)
    if (!isSettled) throw new AppError('conflict', 'This review is done already.')
    if (action === 'golden') await keepCase(client, review, given)
    return review
  })
}

async function requireReview(db: Queryable, id: string): Promise<Review> {
  const review = await loadReview(db, id)
  if (review === undefined) throw new AppError('not-found', 'There is no review with this id.')
  return review
}

const CASE_ID_BYTES = 4

/** Of the last answer that was given to the question. */
async function keepCase(db: Queryable, review: Review, given: GivenCase): Promise<void> {
  const answerId = review.answerIds.at(-1)
  const answer = answerId === undefined ? null : await loadReviewedAnswer(db, answerId)
  const articles = await loadCaseArticles(db, answer, given)
  const golden = toKeptCase({
    id: `rev-${randomBytes(CASE_ID_BYTES).toString('hex')}`,
    question: review.question,
    answer,
    articles,
    correction: review.correction,
    given,
  })
  if (!(await insertKeptCase(db, { id: golden.id, reviewId: review.id, body: golden }))) {
    throw new AppError('conflict', `There is a case ${golden.id} already: give another case.id.`)
  }
}

async function loadCaseArticles(
  db: Queryable,
  answer: ReviewedAnswer | null,
  { articles = [], evidence = [] }: GivenCase,
): Promise<CaseArticles> {
  const guids = await listGuids(db)
  const guidOf = (articleId: string) => guids.get(articleId)
  const wanted = new Set([
    ...articles,
    ...evidence.map(({ article }) => article),
    ...(answer?.body.citations ?? []).flatMap(({ articleId }) => guidOf(articleId) ?? []),
  ])
  return { guidOf, library: await loadLibrary(db, [...wanted]) }
}

async function loadReviewedAnswer(db: Queryable, id: string): Promise<ReviewedAnswer | null> {
  const kept = await loadAnswer(db, id)
  return kept === undefined ? null : reviewedAnswer.parse(kept)
}

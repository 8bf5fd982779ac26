import { answerQuestion, type Answered } from '../src/answering/answer-question.ts'
import type { AnswerSteps } from '../src/answering/answer-steps.ts'
import { toKeptAnswer } from '../src/answering/keep-answer.ts'
import type { Queryable } from '../src/db/database.ts'
import type { Passage } from '../src/domain.ts'
import { AppError } from '../src/errors.ts'
import { toPassage } from '../src/retrieval/passages.ts'
import type { Baseline } from './baseline.ts'
import type { Regenerated } from './blame.ts'
import type { ArticleSpan, CaseAnswer } from './case-answer.ts'
import type { ArmCase } from './compare.ts'
import type { GoldenCase } from './golden-case.ts'
import { loadLibrary, type Library } from './library.ts'
import { loadKeptAnswers } from './load-rows.ts'
import { scoreCase } from './score-case.ts'
import { toCaseAnswer } from './sent-answer.ts'
import { toRequest } from './service-target.ts'

interface AskAgainOptions {
  readonly db: Queryable
  readonly steps: AnswerSteps
  readonly baseline: Baseline
  readonly guids: ReadonlyMap<string, string>
  readonly signal: AbortSignal
}

/**
 * Answers a case again from the passages that the baseline's run gave the model: what comes out tells a
 * fault of the search from one of the model. Null where that run, or a passage, is no longer kept here.
 */
export async function askAgain(
  { arm, caseId }: ArmCase,
  golden: GoldenCase,
  options: AskAgainOptions,
): Promise<Regenerated | null> {
  const { db, baseline, guids } = options
  const runId = baseline.arms[arm]?.run ?? ''
  const [before] = await loadKeptAnswers(db, { runId, arm, caseId }, guids)
  const passages = before === undefined ? null : await findPassages(db, before)
  if (passages === null) return null
  const answered = await answer(golden, { ...options, passages })
  // Extracts that stand in for a model that is away tell nothing of it.
  if (answered === null || answered.trace.generated === null) return null
  const again = toCaseAnswer(toKeptAnswer(answered), { guids })
  return again === null ? null : { correct: scoreCase({ golden, answer: again }).correct }
}

interface AnswerOptions extends AskAgainOptions {
  readonly passages: readonly Passage[]
}

/** A run that is done must not fail because the model is busy or slow now: then nobody knows. */
async function answer(
  golden: GoldenCase,
  { steps, passages, signal }: AnswerOptions,
): Promise<Answered | null> {
  try {
    return await answerQuestion(toRequest(golden, signal), {
      ...steps,
      retrieve: async (request) => ({ ...(await steps.retrieve(request)), passages }),
    })
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof AppError && error.code.startsWith('model-')) return null
    throw error
  }
}

async function findPassages(
  db: Queryable,
  { passages }: CaseAnswer,
): Promise<readonly Passage[] | null> {
  const library = await loadLibrary(db, [...new Set(passages.map(({ guid }) => guid))])
  const found = passages.flatMap((span) => findPassage(span, library) ?? [])
  return found.length === passages.length ? found : null
}

function findPassage(span: ArticleSpan, library: Library): Passage | undefined {
  const held = library.get(span.guid)
  if (held?.text.slice(span.start, span.end) !== span.text) return undefined
  const scores = { keyword: null, vector: null, fused: 1 }
  for (const chunk of held.chunks) {
    const sentences = chunk.sentences.filter(
      ({ start, end }) => start >= span.start && end <= span.end,
    )
    if (sentences.length > 0) return toPassage({ ...chunk, scores }, sentences)
  }
  return undefined
}

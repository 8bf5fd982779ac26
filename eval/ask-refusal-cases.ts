import type { AnswerSteps } from '../src/answering/answer-steps.ts'
import { AppError } from '../src/errors.ts'
import { libraryChanged } from './calibration-sets.ts'
import type { CaseAnswer } from './case-answer.ts'
import type { RefusalCase, RefusalKind } from './fit-refusal.ts'
import { isAnswerable, isNearMiss, type Split } from './golden-case.ts'
import { openRunTarget, type RunParts } from './open-run-target.ts'
import { prepareRun, type PreparedRun } from './prepare-run.ts'
import type { HeldOut } from './report.ts'
import { tasksOf, type Task } from './run-plan.ts'
import { askWhenFree, isOfTheCase } from './run-slice.ts'
import { scoreCase } from './score-case.ts'
import { toCaseAnswer } from './sent-answer.ts'
import type { Target } from './target.ts'

/** A set's questions, and of the answerable ones those that may also stand without their evidence. */
export interface RefusalQuestions {
  readonly prepared: PreparedRun
  readonly tasks: readonly Task[]
}

export async function prepareRefusals(set: string, parts: RunParts): Promise<RefusalQuestions> {
  const prepared = await prepareRun({ set, arms: ['system', 'hidden-evidence'] }, parts)
  const heldOut = new Set(prepared.plan.heldOut.map(({ caseId }) => caseId))
  const tasks = tasksOf(prepared.plan).filter(({ golden }) => !heldOut.has(golden.id))
  return { prepared, tasks }
}

interface AskOptions {
  readonly parts: RunParts
  readonly signal: AbortSignal
  /** Called after each question. */
  readonly onAsked: () => void
}

export type AskedRefusals = Readonly<Record<Split, readonly RefusalCase[]>> & {
  /** Cases whose evidence has changed, and questions that the model did not answer. */
  readonly heldOut: readonly HeldOut[]
}

/** So many faults one after the other are no bad questions, but a model that is gone. */
const MAX_FAULTS_IN_A_ROW = 5

/** Each question's draft, whatever the threshold in use makes of it. */
export async function askRefusals(
  { prepared, tasks }: RefusalQuestions,
  { parts, signal, onAsked }: AskOptions,
): Promise<AskedRefusals> {
  const { plan, corpusRevision } = prepared
  const accepting = { ...parts, steps: withoutThreshold(parts.steps) }
  const target = await openRunTarget(accepting, { plan, address: undefined, signal })
  const asked = { tuning: [] as RefusalCase[], test: [] as RefusalCase[] }
  const heldOut: HeldOut[] = [...plan.heldOut]
  let faultsInARow = 0
  for (const task of tasks) {
    const outcome = await askTask(task, { target, corpusRevision, signal })
    onAsked()
    if (!(outcome instanceof AppError)) asked[task.golden.split].push(outcome)
    else heldOut.push({ caseId: task.golden.id, why: outcome.message })
    faultsInARow = outcome instanceof AppError ? faultsInARow + 1 : 0
    if (outcome instanceof AppError && faultsInARow === MAX_FAULTS_IN_A_ROW) throw outcome
  }
  return { ...asked, heldOut }
}

/** Nothing is less likely than 0; what is refused for another reason stays so. */
function withoutThreshold(steps: AnswerSteps): AnswerSteps {
  return { ...steps, thresholds: { ...steps.thresholds, stated: () => 0 } }
}

interface TaskOptions {
  readonly target: Target
  readonly corpusRevision: number
  readonly signal: AbortSignal
}

/** The model's faults are the question's. */
async function askTask(
  task: Task,
  { target, corpusRevision, signal }: TaskOptions,
): Promise<RefusalCase | AppError> {
  try {
    const kept = await askWhenFree({ target, signal }, task)
    if (kept.corpusRevision !== corpusRevision) throw libraryChanged()
    const answer = toCaseAnswer(kept, target)
    if (answer === null) throw new AppError('internal', 'An answer of our own cannot be read.')
    return toRefusalCase(task, answer)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof AppError && isOfTheCase(error)) return error
    throw error
  }
}

function toRefusalCase({ arm, golden }: Task, answer: CaseAnswer): RefusalCase {
  const { answerable, refused, correct } = scoreCase({ golden, answer })
  return {
    kind: kindOf({ arm, golden }),
    statesAnswer: answer.statesAnswer,
    refusedAnyway: refused,
    correct: answerable && correct,
  }
}

function kindOf({ arm, golden }: Pick<Task, 'arm' | 'golden'>): RefusalKind {
  if (arm === 'hidden-evidence') return 'hidden-evidence'
  if (isAnswerable(golden)) return 'answerable'
  return isNearMiss(golden) ? 'near-miss' : 'off-corpus'
}

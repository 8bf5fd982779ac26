import { setTimeout as sleep } from 'node:timers/promises'
import { transaction, type Database } from '../src/db/database.ts'
import { AppError, messageOf } from '../src/errors.ts'
import { insertAnswer, type KeptAnswer } from '../src/store/answers.ts'
import {
  insertEvaluationRow,
  listFinishedCases,
  loadEvaluationState,
  type EvaluationRow,
} from '../src/store/evaluations.ts'
import type { CaseAnswer } from './case-answer.ts'
import type { JudgeInput, JudgeScores } from './judge.ts'
import { toJudgeChecks, type JudgeCheck } from './judge-check.ts'
import type { GoldenCase } from './golden-case.ts'
import type { RowResult } from './row-result.ts'
import { JUDGE_ARM, JUDGE_SEED, taskKey, tasksOf, type RunPlan, type Task } from './run-plan.ts'
import { scoreCase } from './score-case.ts'
import { toCaseAnswer } from './sent-answer.ts'
import type { Target } from './target.ts'
import { toStages } from './to-stages.ts'

interface SliceOptions {
  readonly database: Database
  readonly runId: string
  readonly plan: RunPlan
  readonly target: Target
  /** Null where no judge is configured. */
  readonly judge: Judge | null
  /** Counted over all of a run's slices: what hangs may take longer than one. */
  readonly faults: { inARow: number }
  /** How long to go on: a job's time is short, and the next job goes on behind the last row. */
  readonly budgetMs: number
  readonly signal: AbortSignal
}

/** Null where it gives nothing for an answer. */
export type Judge = (input: JudgeInput) => Promise<JudgeScores | null>

/** `stopped` where someone stopped the run meanwhile. */
export type SliceEnd = 'done' | 'more' | 'stopped'

/** A queue full of people's questions empties within seconds. */
const BUSY_WAIT_MS = 2_000
const MAX_BUSY_MS = 60_000
/** So many faults one after the other are no bad questions, but a model or a target that is gone. */
const MAX_FAULTS_IN_A_ROW = 5

interface Work {
  readonly key: string
  /** What went wrong with the case, or null. */
  readonly run: () => Promise<string | null>
}

/** Asks what has not been asked yet, one case at a time; each finished case is one row. */
export async function runSlice(options: SliceOptions): Promise<SliceEnd> {
  const { database, runId, signal, budgetMs, faults } = options
  const endsAt = performance.now() + budgetMs
  const finished = new Set((await listFinishedCases(database.pool, runId)).map(taskKey))
  const open = workOf(options).filter(({ key }) => !finished.has(key))
  for (const { run } of open) {
    if (performance.now() > endsAt) return 'more'
    if ((await loadEvaluationState(database.pool, runId)) !== 'running') return 'stopped'
    const error = await run()
    faults.inARow = error === null ? 0 : faults.inARow + 1
    if (error !== null && faults.inARow >= MAX_FAULTS_IN_A_ROW) throw gone(error)
    signal.throwIfAborted()
  }
  // What a run says takes its own time, and gets a job of its own.
  return open.length === 0 ? 'done' : 'more'
}

function workOf(options: SliceOptions): readonly Work[] {
  const { plan, judge } = options
  const asked = tasksOf(plan).map((task) => ({
    key: taskKey({ ...task, caseId: task.golden.id }),
    run: () => runTask(options, task),
  }))
  if (judge === null) return asked
  const tried = toJudgeChecks(plan.cases, { seed: JUDGE_SEED }).map((check) => ({
    key: taskKey({ arm: JUDGE_ARM, repetition: 1, caseId: check.id }),
    run: () => runCheck(options, check, judge),
  }))
  return [...asked, ...tried]
}

/** A judge is tried in every run on answers whose worth is known. */
async function runCheck(
  { database, runId, signal }: SliceOptions,
  check: JudgeCheck,
  judge: Judge,
): Promise<null> {
  const scores = await judgeOrNull(judge, { ...check, signal })
  await insertEvaluationRow(database.pool, runId, {
    arm: JUDGE_ARM,
    caseId: check.id,
    repetition: 1,
    answerId: null,
    result: { judge: scores },
    error: null,
  })
  return null
}

function gone(error: string): AppError {
  return new AppError(
    'model-unavailable',
    `${MAX_FAULTS_IN_A_ROW} cases in a row could not be asked: ${error} When that is mended, go on with --resume.`,
  )
}

/** The case's row, with its answer in one transaction; what went wrong, or null. */
async function runTask(options: SliceOptions, task: Task): Promise<string | null> {
  const { database, runId, signal } = options
  const name = { arm: task.arm, caseId: task.golden.id, repetition: task.repetition }
  try {
    const kept = await askWhenFree(options, task)
    const result = await toResult(options, task, kept)
    await keepRow(options, { ...name, answerId: kept.id, result, error: null }, kept)
    return null
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof AppError) || !isOfTheCase(error)) throw error
    const row = { ...name, answerId: null, result: null, error: messageOf(error) }
    await insertEvaluationRow(database.pool, runId, row)
    return row.error
  }
}

/** The model's faults are the case's; the database's end the slice, and the job is tried again. */
export function isOfTheCase({ code }: AppError): boolean {
  return code === 'model-unavailable' || code === 'model-timeout' || code === 'invalid-request'
}

export async function askWhenFree(
  { target, signal }: Pick<SliceOptions, 'target' | 'signal'>,
  task: Task,
): Promise<KeptAnswer> {
  const waitsUntil = performance.now() + MAX_BUSY_MS
  for (;;) {
    try {
      return await target.ask(task, signal)
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'model-busy') throw error
      // A quota that is used up says the same, and does not end by itself.
      if (performance.now() > waitsUntil) {
        throw new AppError('model-timeout', 'It was busy all the time.', { cause: error })
      }
    }
    await sleep(BUSY_WAIT_MS, undefined, { signal })
  }
}

async function toResult(
  { plan, target, judge, signal }: SliceOptions,
  task: Task,
  kept: KeptAnswer,
): Promise<RowResult> {
  const { golden } = task
  const answer = toCaseAnswer(kept, target)
  if (answer === null) throw new AppError('internal', 'An answer of our own cannot be read.')
  const labelled = new Set(plan.labelled)
  return {
    scores: scoreCase({ golden, answer, labelled }),
    stages: toStages(golden, answer),
    // A refusal is right or wrong without a judge.
    judge:
      judge === null || answer.status === 'refused'
        ? null
        : await judgeOrNull(judge, { ...toJudged(golden, answer), signal }),
  }
}

/** A judge gates nothing: where it fails, the answer is unjudged, and its row is none the worse. */
async function judgeOrNull(judge: Judge, input: JudgeInput): Promise<JudgeScores | null> {
  try {
    return await judge(input)
  } catch (error) {
    input.signal.throwIfAborted()
    if (error instanceof AppError && isOfTheCase(error)) return null
    throw error
  }
}

async function keepRow(
  { database, runId }: SliceOptions,
  row: EvaluationRow,
  kept: KeptAnswer,
): Promise<void> {
  await transaction(database, async (client) => {
    await insertAnswer(client, kept)
    await insertEvaluationRow(client, runId, row)
  })
}

/** Where a target tells no passages, the case's own evidence is what an answer must rest on. */
function toJudged({ question, reference, evidence }: GoldenCase, { answer, passages }: CaseAnswer) {
  const told = passages.map(({ text }) => text)
  const own = evidence.map(({ quote }) => quote)
  return { question, reference, answer, passages: told.length > 0 ? told : own }
}

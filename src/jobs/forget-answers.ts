import { listSets, loadBaseline } from '../../eval/set-folder.ts'
import type { Database } from '../db/database.ts'
import { deleteOldAnswers, reuseRoomOfAnswers } from '../store/answers.ts'
import type { JobHandlers, JobQueue } from './queue.ts'

interface ForgetDependencies {
  readonly database: Pick<Database, 'pool' | 'engine'>
  readonly keepDays: number
  readonly now?: () => Date
  /** The runs of which every answer is kept. */
  readonly listKeptRuns?: () => Promise<readonly string[]>
}

const DAY_MS = 24 * 60 * 60_000
/** Some 20 kB an answer with its trace: short statements, between which others have their turn. */
const BATCH = 200
/** A job's time is short (queue.ts); what is left has the next hour. */
const BUDGET_MS = 60_000
const HOURLY = '23 * * * *'
/** A start has better things to do; but a service may never be up at the minute of the schedule. */
const AFTER_START_SECONDS = 60

export async function scheduleForgetting(queue: JobQueue): Promise<void> {
  await queue.schedule('forget-answers', HOURLY)
  await queue.send('forget-answers', {}, { delaySeconds: AFTER_START_SECONDS })
}

/** Deletes answers, with their traces, that are older than they are to be kept. */
export function forgetAnswersHandlers(dependencies: ForgetDependencies): JobHandlers<object> {
  return {
    run: (_data, signal) => forget(dependencies, signal),
    giveUp: () => Promise.resolve(),
  }
}

async function forget(
  {
    database: { pool, engine },
    keepDays,
    now = () => new Date(),
    listKeptRuns = listBlessedRuns,
  }: ForgetDependencies,
  signal: AbortSignal,
): Promise<void> {
  const before = new Date(now().getTime() - keepDays * DAY_MS)
  const options = { before, keptRuns: await listKeptRuns(), limit: BATCH }
  const endsAt = performance.now() + BUDGET_MS
  let deleted = 0
  for (;;) {
    const count = await deleteOldAnswers(pool, options)
    deleted += count
    if (count < BATCH || signal.aborted || performance.now() > endsAt) break
  }
  if (deleted > 0 && engine === 'embedded') await reuseRoomOfAnswers(pool)
}

/** Later runs are held against their answers, stage by stage. */
async function listBlessedRuns(): Promise<readonly string[]> {
  const baselines = await Promise.all((await listSets()).map((name) => loadBaseline(name)))
  return baselines.flatMap((baseline) => Object.values(baseline?.arms ?? {}).map(({ run }) => run))
}

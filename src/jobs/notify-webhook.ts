import { setTimeout as sleep } from 'node:timers/promises'
import type { Flip, Report } from '../../eval/report.ts'
import type { Database } from '../db/database.ts'
import type { Logger } from '../logger.ts'
import {
  listEvaluations,
  type EvaluationSummary,
  type StoredEvaluation,
} from '../store/evaluations.ts'

interface NotifierOptions {
  readonly database: Database
  /** Unset: nobody is told. */
  readonly url: string | undefined
  readonly logger: Logger
  /** Between attempts: a receiver that restarts is there again by then. */
  readonly pauseMs?: number
}

type Told = (run: StoredEvaluation) => Promise<void>

const TIMEOUT_MS = 10_000
const ATTEMPTS = 3
const PAUSE_MS = 5_000
const WORST_FLIPS = 3
/** So many runs back the last nightly one of the set is looked for. */
const RUNS_LOOKED_AT = 100

/**
 * Tells of the night on which a set goes red, on which it is red for another reason, and on which it is
 * green again; a person who starts a run sees its end, and is not told.
 */
export function createNotifier({
  database,
  url,
  logger,
  pauseMs = PAUSE_MS,
}: NotifierOptions): Told {
  return async (run) => {
    if (url === undefined || run.origin !== 'nightly') return
    const event = toEvent(run, await findPrevious(database, run))
    if (event === null) return
    const failure = await post(url, describeRun(run, event), pauseMs)
    if (failure !== null) logger.error({ run: run.id, failure }, 'the webhook was not reached')
  }
}

async function findPrevious(
  { pool }: Database,
  { id, setName }: StoredEvaluation,
): Promise<EvaluationSummary | undefined> {
  const search = { setName, origin: 'nightly', after: id, limit: RUNS_LOOKED_AT } as const
  const runs = await listEvaluations(pool, search)
  return runs.find(({ state }) => isEnded(state))
}

function isEnded(state: string): boolean {
  return state === 'done' || state === 'failed'
}

export type NightEvent = 'breach' | 'recovery'

/** Null where the night is as the one before it. */
export function toEvent(
  run: Pick<EvaluationSummary, 'state' | 'report' | 'error'>,
  previous: Pick<EvaluationSummary, 'state' | 'report' | 'error'> | undefined,
): NightEvent | null {
  const [now, before] = [complaintsOf(run), previous === undefined ? [] : complaintsOf(previous)]
  if (now.length === 0) return before.length === 0 ? null : 'recovery'
  return now.every((complaint) => before.includes(complaint)) ? null : 'breach'
}

/** A passed run has none. */
function complaintsOf({
  report,
  error,
}: Pick<EvaluationSummary, 'report' | 'error'>): readonly string[] {
  if (error !== null) return [error.replaceAll(/\d+/g, '#')]
  const { verdict, reasons } = report as Report
  return verdict === 'passed' ? [] : reasons.map(toComplaint)
}

/** What stands before a reason's figures, which are others every night: "system: hit@1 fell by". */
function toComplaint(reason: string): string {
  const words = reason.split(' ')
  const figure = words.findIndex((word) => /^\d/.test(word))
  return figure === -1 ? reason : words.slice(0, figure).join(' ')
}

function describeRun(run: StoredEvaluation, event: NightEvent): object {
  const report = run.report as Report | null
  return {
    event,
    run: run.id,
    set: run.setName,
    verdict: report?.verdict ?? null,
    error: run.error,
    reasons: report?.reasons ?? [],
    worstFlips: [...(report?.flips ?? [])].sort(byWeight).slice(0, WORST_FLIPS),
    report: `/v1/evaluations/${run.id}`,
    endedAt: run.endedAt?.toISOString() ?? null,
  }
}

/** A broken case whose stage is known is the one to begin with; noise is the last. */
function byWeight(a: Flip, b: Flip): number {
  return weightOf(b) - weightOf(a)
}

function weightOf({ of, direction, stage }: Flip): number {
  const isKnown = stage !== 'noise' && stage !== 'unclear'
  return (direction === 'broken' ? 4 : 0) + (of === 'answer' ? 2 : 0) + (isKnown ? 1 : 0)
}

/** What kept it from being told, or null. */
async function post(url: string, body: object, pauseMs: number): Promise<string | null> {
  let failure: string | null = null
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (attempt > 0) await sleep(pauseMs)
    failure = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).then(
      (response) => (response.ok ? null : `it answered ${response.status}`),
      (error: unknown) => (error instanceof Error ? error.message : 'it does not answer'),
    )
    if (failure === null) return null
  }
  return failure
}

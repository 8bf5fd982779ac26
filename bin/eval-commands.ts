import { writeFile } from 'node:fs/promises'
import { isWholeRun, type EvaluationRequest } from '../eval/evaluation-request.ts'
import { REVIEWED_SET } from '../eval/run-plan.ts'
import { loadBaseline, loadSet } from '../eval/set-folder.ts'
import { AppError } from '../src/errors.ts'
import type { CommandContext } from './commands.ts'
import type { DoorClient } from './door-client.ts'
import {
  asksChat,
  cannotBeWritten,
  toEvaluationRequest,
  toWritablePath,
  type EvalFlags,
} from './eval-flags.ts'
import { EXIT_INTERRUPTED, toRunFault } from './exit-codes.ts'
import { describeResume, LAST_WORDS_MS, untilEnded, type SentRun } from './until-ended.ts'
import { withService } from './with-service.ts'

interface SentDryRun {
  readonly set: string
  readonly arms: readonly string[]
  readonly cases: number
  readonly total: number
  readonly heldOut: readonly { readonly caseId: string; readonly why: string }[]
  readonly missing: readonly string[]
}

/** As evaluation.md has it: 0 fine, 1 regression or floor missed. */
const EXIT_REGRESSED = 1

/** Runs a golden set and prints its report; gives the exit code of its verdict. */
export async function evalRun(context: CommandContext, flags: EvalFlags): Promise<number> {
  const { config, signal } = context
  const request = toEvaluationRequest(flags)
  await loadWhatIsNamed(request)
  const file = flags.report === undefined ? undefined : await toWritablePath(flags.report)
  let exitCode = 0
  const options = { config, needsChat: asksChat(flags), readsLibrary: true, signal }
  await withService(options, async (client) => {
    if (request.dryRun === true) return printDryRun(context, client, request)
    const run = await untilEnded(context, client, await begin(client, request, signal))
    exitCode = toExitCode(context, run)
    if (run.state === 'done') await printReport(context, client, { id: run.id, file })
  })
  return exitCode
}

/** A service that loads its models for minutes should not begin over a misspelt name. */
async function loadWhatIsNamed({ set, baseline }: EvaluationRequest): Promise<void> {
  if (set !== undefined && set !== REVIEWED_SET) await loadSet(set)
  if (baseline !== undefined) await loadBaseline(baseline)
}

/** Whoever interrupts now leaves a run behind, so its name is waited for a little. */
async function begin(
  client: DoorClient,
  body: EvaluationRequest,
  signal: AbortSignal,
): Promise<SentRun> {
  signal.throwIfAborted()
  const late = new AbortController()
  const giveUp = () => setTimeout(() => late.abort(signal.reason), LAST_WORDS_MS).unref()
  signal.addEventListener('abort', giveUp, { once: true })
  const options = { method: 'POST', body, signal: late.signal } as const
  return (await client.request('/v1/evaluations', options)) as SentRun
}

function toExitCode({ note }: CommandContext, run: SentRun): number {
  if (run.state === 'failed') {
    // After a conflict it cannot go on: its error says to start it anew.
    const rest = run.code === 'conflict' ? '' : `. ${describeResume(run)}`
    note(`${run.id} failed at ${run.done} of ${run.total}${rest}`)
    const unsaid = 'The run failed; the service’s log says why.'
    throw new AppError(toRunFault(run.code ?? 'internal'), run.error ?? unsaid)
  }
  if (run.state !== 'stopped') return run.verdict === 'passed' ? 0 : EXIT_REGRESSED
  note(`Somebody else stopped the run. ${describeResume(run)}`)
  return EXIT_INTERRUPTED
}

async function printDryRun(
  { print, isJson, signal }: CommandContext,
  client: DoorClient,
  body: EvaluationRequest,
): Promise<void> {
  const checked = (await client.request('/v1/evaluations', {
    method: 'POST',
    body,
    signal,
  })) as SentDryRun
  if (isJson) return print(JSON.stringify(checked))
  const { set, cases, arms, total, heldOut, missing } = checked
  print(
    `The set ${set} is sound. ${countOf(cases, 'case')} and ${countOf(arms.length, 'arm')} (${arms.join(', ')}) make ${countOf(total, 'question')}.`,
  )
  for (const guid of missing) print(`missing from the library: ${guid}`)
  for (const { caseId, why } of heldOut) print(`held out: ${caseId}: ${why}`)
}

function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

interface Printed {
  /** Of this half alone. */
  readonly split?: string | undefined
  readonly id: string
  /** An absolute path where the report is written as well. */
  readonly file: string | undefined
}

/** Printed first: what is on the screen stays, whatever happens to the file. */
async function printReport(
  { signal, isJson, print, note }: CommandContext,
  client: DoorClient,
  { id, file, split }: Printed,
): Promise<void> {
  const half = new URLSearchParams(split === undefined ? {} : { split }).toString()
  const path = `/v1/evaluations/${encodeURIComponent(id)}/report?${half}`
  if (isJson) print(JSON.stringify(await client.request(path, { signal })))
  else print(await client.text(`${path}&${lookOfTerminal()}`, { accept: 'text/plain', signal }))
  if (file === undefined) return
  const html = await client.text(path, { accept: 'text/html', signal })
  await writeFile(file, html).catch((cause: unknown) => {
    note(`The run is kept. Write its report with: footnote eval show ${id} --report FILE`)
    throw cannotBeWritten(file, cause)
  })
  note(`report: ${file}`)
}

function lookOfTerminal(): string {
  const { stdout } = process
  return new URLSearchParams({
    width: String(Math.min(400, Math.max(40, stdout.columns || 100))),
    // Undefined, and not false, where it is no terminal.
    colour: stdout.isTTY ? String(stdout.hasColors()) : 'false',
  }).toString()
}

/** The latest hundred, of one set or of all. */
export async function evalList(
  { config, signal, isJson, print }: CommandContext,
  { set }: Pick<EvalFlags, 'set'>,
): Promise<void> {
  await withRuns({ config, signal }, async (client) => {
    const page = await listLatest(client, set, signal)
    if (isJson) return print(JSON.stringify(page))
    if (page.items.length === 0) print('There are no runs yet. Start one with: footnote eval')
    for (const { id, set, arms, state, verdict, origin, createdAt, done, total } of page.items) {
      const outcome = verdict ?? `${state} (${done} of ${total})`
      print([createdAt, id, set, arms.join(','), origin, outcome].join('\t'))
    }
  })
}

export async function evalShow(
  context: CommandContext,
  runId: string,
  { report, split }: Pick<EvalFlags, 'report' | 'split'>,
): Promise<void> {
  const file = report === undefined ? undefined : await toWritablePath(report)
  await withRuns(context, (client) => printReport(context, client, { id: runId, file, split }))
}

interface SentComparison {
  readonly verdict: string
  readonly reasons: readonly string[]
  readonly flips: readonly {
    readonly caseId: string
    readonly arm: string
    readonly direction: string
    readonly stage: string
    readonly explanation: string
  }[]
  readonly notes: readonly string[]
}

/** Holds the second run against the first, as if that one were the baseline. */
export async function evalCompare(
  { config, signal, isJson, print }: CommandContext,
  before: string,
  now: string,
): Promise<void> {
  await withRuns({ config, signal }, async (client) => {
    const query = new URLSearchParams({ with: before })
    const path = `/v1/evaluations/${encodeURIComponent(now)}/comparison?${query.toString()}`
    const compared = (await client.request(path, { signal })) as SentComparison
    if (isJson) return print(JSON.stringify(compared))
    print(`${compared.verdict}; ${countOf(compared.flips.length, 'case')} flipped`)
    for (const reason of compared.reasons) print(`  ${reason}`)
    for (const { caseId, arm, direction, stage, explanation } of compared.flips) {
      print(`${direction}\t${arm}\t${caseId}\t${stage}\t${explanation}`)
    }
    for (const note of compared.notes) print(note)
  })
}

interface BlessFlags {
  readonly why: string
  readonly run?: string
  readonly set?: string
}

/** Makes a run, the latest of its set that is done, the baseline. */
export async function evalBless(context: CommandContext, flags: BlessFlags): Promise<void> {
  const { config, signal, isJson, print } = context
  await withRuns({ config, signal }, async (client) => {
    const id = flags.run ?? (await findLatest(client, flags, signal))
    const path = `/v1/evaluations/${encodeURIComponent(id)}/bless`
    const body = { why: flags.why }
    const blessed = (await client.request(path, { method: 'POST', body, signal })) as {
      set: string
      arms: string[]
    }
    if (isJson) return print(JSON.stringify(blessed))
    print(
      `golden-set/${blessed.set}/baseline.json now holds ${id} (${blessed.arms.join(', ')}). Commit it.`,
    )
  })
}

async function findLatest(
  client: DoorClient,
  { set }: Pick<BlessFlags, 'set'>,
  signal: AbortSignal,
): Promise<string> {
  const { items } = await listLatest(client, set, signal)
  const whole = items.filter(({ state, request }) => state === 'done' && isWholeRun(request))
  // What was kept from reviews has no baseline, and its runs come every night beside the others.
  const own = set === undefined ? whole.filter((run) => run.set !== REVIEWED_SET) : whole
  const [latest] = own
  requireOneSet([...new Set(own.map((run) => run.set))])
  if (latest !== undefined) return latest.id
  throw new AppError(
    'not-found',
    'There is no run of this service over a whole set that is done. Start one with: footnote eval',
  )
}

/** The newest is of one or the other by chance. */
function requireOneSet(sets: readonly string[]): void {
  if (sets.length <= 1) return
  throw new AppError(
    'invalid-request',
    `There are runs of the sets ${sets.toSorted().join(', ')}: name the one to bless with --set.`,
  )
}

async function listLatest(
  client: DoorClient,
  set: string | undefined,
  signal: AbortSignal,
): Promise<{ readonly items: readonly SentRun[] }> {
  const query = new URLSearchParams({ limit: '100', ...(set === undefined ? {} : { set }) })
  const page = await client.request(`/v1/evaluations?${query.toString()}`, { signal })
  return page as { items: SentRun[] }
}

function withRuns(
  options: Pick<CommandContext, 'config' | 'signal'>,
  work: (client: DoorClient) => Promise<void>,
): Promise<void> {
  return withService({ ...options, needsChat: false, readsLibrary: false }, work)
}

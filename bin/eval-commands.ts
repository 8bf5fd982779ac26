import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { needsChat } from '../eval/arms.ts'
import { AppError, type ErrorCode } from '../src/errors.ts'
import type { CommandContext } from './commands.ts'
import type { DoorClient } from './door-client.ts'
import { withService } from './with-service.ts'

/** The flags of `footnote eval`, as they are typed. */
export interface EvalFlags {
  readonly set?: string
  readonly arm?: readonly string[]
  readonly target?: string
  readonly filter?: string
  readonly split?: string
  readonly limit?: string
  readonly repeat?: string
  readonly resume?: string
  readonly onlyFailing?: string
  readonly baseline?: string
  readonly report?: string
  readonly dryRun?: boolean
}

interface SentRun {
  readonly id: string
  readonly set: string
  readonly arms: readonly string[]
  readonly state: 'waiting' | 'running' | 'done' | 'stopped' | 'failed'
  readonly origin: string
  readonly createdAt: string
  readonly done: number
  readonly total: number
  readonly verdict: string | null
  readonly reasons: readonly string[]
  readonly error: string | null
  readonly code: ErrorCode | null
}

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
const POLL_MS = 400
const ENOUGH_OF_A_LINE = 24

/** Runs a golden set and prints its report; gives the exit code of its verdict. */
export async function evalRun(context: CommandContext, flags: EvalFlags): Promise<number> {
  const { config, signal, isJson, print } = context
  const body = toRequest(flags)
  let exitCode = 0
  const options = { config, needsChat: asksChat(flags), readsLibrary: true, signal }
  await withService(options, async (client) => {
    if (flags.dryRun === true) return printDryRun(context, client, body)
    const started = (await client.request('/v1/evaluations', {
      method: 'POST',
      body,
      signal,
    })) as SentRun
    const run = await untilEnded(context, client, started)
    if (run.state === 'failed' && run.error !== null) {
      throw new AppError(run.code ?? 'internal', run.error)
    }
    if (flags.report !== undefined) await saveHtml(context, client, { run, file: flags.report })
    const path = `/v1/evaluations/${run.id}/report`
    if (isJson) print(JSON.stringify(await client.request(path, { signal })))
    else print(await client.text(`${path}?${lookOfTerminal()}`, { accept: 'text/plain', signal }))
    exitCode = run.verdict === 'passed' ? 0 : EXIT_REGRESSED
  })
  return exitCode
}

/** What cannot be meant is told before a service is started for it. */
function toRequest(flags: EvalFlags): object {
  const { arm, limit, repeat, baseline, report: _report, ...rest } = flags
  return {
    ...rest,
    ...(arm === undefined ? {} : { arms: arm }),
    ...(limit === undefined ? {} : { limit: toCount('--limit', limit) }),
    ...(repeat === undefined ? {} : { repeat: toCount('--repeat', repeat) }),
    ...(baseline === undefined ? {} : { baseline: resolve(baseline) }),
  }
}

function toCount(flag: string, value: string): number {
  if (/^[1-9]\d{0,6}$/.test(value)) return Number(value)
  throw new AppError('invalid-request', `${flag} takes a whole number from 1, and not "${value}".`)
}

/** A run without the chat model starts no service with it. */
function asksChat({ arm, target, dryRun }: EvalFlags): boolean {
  if (target !== undefined || dryRun === true) return false
  return arm === undefined || arm.some(needsChat)
}

async function printDryRun(
  { print, isJson, signal }: CommandContext,
  client: DoorClient,
  body: object,
): Promise<void> {
  const checked = (await client.request('/v1/evaluations', {
    method: 'POST',
    body,
    signal,
  })) as SentDryRun
  if (isJson) return print(JSON.stringify(checked))
  const { set, cases, arms, total, heldOut, missing } = checked
  print(`The set ${set} is sound: ${cases} cases, ${total} questions for ${arms.join(', ')}.`)
  for (const guid of missing) print(`missing from the library: ${guid}`)
  for (const { caseId, why } of heldOut) print(`held out: ${caseId}: ${why}`)
}

/** Whoever interrupts the command stops the run as well; it goes on with --resume. */
async function untilEnded(
  { signal, note }: CommandContext,
  client: DoorClient,
  started: SentRun,
): Promise<SentRun> {
  const path = `/v1/evaluations/${started.id}`
  const progress = createProgress(note)
  let run = started
  try {
    while (run.state === 'waiting' || run.state === 'running') {
      progress.show(run)
      await sleep(POLL_MS, undefined, { signal })
      run = (await client.request(path, { signal })) as SentRun
    }
  } catch (error) {
    if (!signal.aborted) throw error
    await client.request(path, { method: 'DELETE', signal: AbortSignal.timeout(5_000) })
    note(`stopped; go on with: footnote eval --resume ${run.id}`)
    throw error
  } finally {
    progress.end()
  }
  if (run.state !== 'stopped') return run
  throw new AppError(
    'conflict',
    `The run was stopped from elsewhere. Go on with: footnote eval --resume ${run.id}`,
  )
}

/** A bar on a terminal; elsewhere a line each tenth. */
function createProgress(note: (text: string) => void) {
  const { stderr } = process
  const startedAt = performance.now()
  let shown = ''
  return {
    show({ id, state, done, total }: SentRun): void {
      const what =
        state === 'waiting' ? 'waiting for the library to stand still' : timeLeft(done, total)
      if (stderr.isTTY) {
        stderr.write(`\r\u001b[K${bar(done, total)} ${done} of ${total} ${what}`)
        return
      }
      const line = state === 'waiting' ? what : String(Math.floor((10 * done) / Math.max(1, total)))
      if (line === shown) return
      shown = line
      note(`${id}: ${done} of ${total}${state === 'waiting' ? `, ${what}` : ''}`)
    },
    end(): void {
      if (stderr.isTTY) stderr.write('\r\u001b[K')
    },
  }

  function timeLeft(done: number, total: number): string {
    if (done === 0) return ''
    const seconds = ((performance.now() - startedAt) / done / 1_000) * (total - done)
    return seconds < 90
      ? `· ${Math.round(seconds)} s left`
      : `· ${Math.round(seconds / 60)} min left`
  }
}

function bar(done: number, total: number): string {
  const filled = total === 0 ? 0 : Math.floor((ENOUGH_OF_A_LINE * done) / total)
  return `[${'█'.repeat(filled)}${'░'.repeat(ENOUGH_OF_A_LINE - filled)}]`
}

interface Saved {
  readonly run: SentRun
  readonly file: string
}

async function saveHtml(
  { signal, note }: CommandContext,
  client: DoorClient,
  { run, file }: Saved,
): Promise<void> {
  const html = await client.text(`/v1/evaluations/${run.id}/report`, {
    accept: 'text/html',
    signal,
  })
  const path = resolve(file)
  await writeFile(path, html).catch((cause: unknown) => {
    throw new AppError('invalid-request', `The report cannot be written to ${path}.`, { cause })
  })
  note(`report: ${path}`)
}

function lookOfTerminal(): string {
  const { stdout } = process
  return new URLSearchParams({
    width: String(Math.min(400, Math.max(40, stdout.columns || 100))),
    // Undefined, and not false, where it is no terminal.
    colour: stdout.isTTY ? String(stdout.hasColors()) : 'false',
  }).toString()
}

export async function evalList({ config, signal, isJson, print }: CommandContext): Promise<void> {
  await withRuns({ config, signal }, async (client) => {
    const page = (await client.request('/v1/evaluations?limit=100', { signal })) as {
      items: SentRun[]
    }
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
  { report }: Pick<EvalFlags, 'report'>,
): Promise<void> {
  const { config, signal, isJson, print } = context
  await withRuns({ config, signal }, async (client) => {
    const path = `/v1/evaluations/${encodeURIComponent(runId)}`
    const run = (await client.request(path, { signal })) as SentRun
    if (report !== undefined) await saveHtml(context, client, { run, file: report })
    if (isJson) return print(JSON.stringify(await client.request(`${path}/report`, { signal })))
    print(await client.text(`${path}/report?${lookOfTerminal()}`, { accept: 'text/plain', signal }))
  })
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
    print(compared.verdict)
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
  const query = new URLSearchParams({ limit: '100', ...(set === undefined ? {} : { set }) })
  const { items } = (await client.request(`/v1/evaluations?${query.toString()}`, { signal })) as {
    items: SentRun[]
  }
  const latest = items.find(({ state }) => state === 'done')
  if (latest !== undefined) return latest.id
  throw new AppError('not-found', 'There is no run that is done. Start one with: footnote eval')
}

function withRuns(
  options: Pick<CommandContext, 'config' | 'signal'>,
  work: (client: DoorClient) => Promise<void>,
): Promise<void> {
  return withService({ ...options, needsChat: false, readsLibrary: false }, work)
}

import { open, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ARMS, needsChat } from '../eval/arms.ts'
import { evaluationRequest, type EvaluationRequest } from '../eval/evaluation-request.ts'
import { AppError } from '../src/errors.ts'

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

/** By the request's field: its flag, and what it takes. */
const FLAGS = {
  set: ['--set', 'the name of a golden set'],
  arms: ['--arm', `one of ${ARMS.join(', ')}`],
  split: ['--split', 'tuning or test'],
  filter: ['--filter', 'kind=, tag=, article= or id= with a value, such as kind=multi'],
  limit: ['--limit', 'a whole number from 1 to 1000000'],
  repeat: ['--repeat', 'a whole number from 1 to 20'],
  resume: ['--resume', 'the id of a run'],
  onlyFailing: ['--only-failing', 'the id of a run'],
  target: ['--target', 'an http or https address, such as http://127.0.0.1:3000'],
  baseline: ['--baseline', 'a file'],
  dryRun: ['--dry-run', 'no value'],
} satisfies Record<keyof EvaluationRequest, readonly [string, string]>

/** What cannot be meant is told before a service is started for it, in the words of the flags. */
export function toEvaluationRequest(flags: EvalFlags): EvaluationRequest {
  const { success, data, error } = evaluationRequest.safeParse(toFields(flags))
  if (!success) throw cannotBeMeant(error.issues.map(({ path }) => describeFlag(path, flags)))
  refuseTogether(data, flags)
  return data
}

function toFields({ arm, limit, repeat, baseline, ...flags }: EvalFlags): object {
  const { set, split, filter, resume, onlyFailing, target, dryRun } = flags
  const fields = {
    ...{ set, arms: arm, split, filter, resume, onlyFailing, target, dryRun },
    limit: limit === undefined ? undefined : toCount(limit),
    repeat: repeat === undefined ? undefined : toCount(repeat),
    baseline: baseline === undefined ? undefined : resolve(baseline),
  }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

function toCount(value: string): number {
  return /^\d+$/.test(value) ? Number(value) : Number.NaN
}

function describeFlag([field, at]: readonly PropertyKey[], flags: EvalFlags): string {
  const [flag, wanted] = FLAGS[field as keyof typeof FLAGS]
  // An address may hold a key.
  if (field === 'target') return `${flag} takes ${wanted}`
  const value = field === 'arms' ? flags.arm?.[at as number] : flags[field as keyof EvalFlags]
  return `${flag} takes ${wanted}, and not "${String(value)}"`
}

/** The rest of a run is asked as its beginning was; an address may be named again, for its key. */
function refuseTogether({ resume, ...request }: EvaluationRequest, { report }: EvalFlags): void {
  if (request.dryRun === true && report !== undefined) {
    throw cannotBeMeant([
      '--dry-run asks nothing, so there is nothing to write: leave --report away',
    ])
  }
  if (resume === undefined) return
  const others = Object.keys(request).filter((field) => field !== 'target')
  if (others.length === 0) return
  const names = others.map((field) => FLAGS[field as keyof typeof FLAGS][0]).join(', ')
  throw cannotBeMeant([`--resume goes on with a run as it was begun: leave ${names} away`])
}

function cannotBeMeant(problems: readonly string[]): AppError {
  return new AppError('invalid-request', `${problems.join('; ')}.`)
}

/** A run without the chat model starts no service with it. */
export function asksChat({ arm, target, dryRun }: EvalFlags): boolean {
  if (target !== undefined || dryRun === true) return false
  return arm === undefined || arm.some(needsChat)
}

const WRITE_FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'a part of the path is a file',
  EISDIR: 'it is a folder',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the disk is read-only',
}

/** The absolute path of a file that can be written: an hour's run must not end in one that cannot. */
export async function toWritablePath(file: string): Promise<string> {
  const path = resolve(file)
  try {
    if (await isNew(path)) await rm(path)
    return path
  } catch (cause) {
    throw cannotBeWritten(path, cause)
  }
}

/** Makes the file where there is none. */
async function isNew(path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx')).close()
    return true
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    await (await open(path, 'a')).close()
    return false
  }
}

export function cannotBeWritten(path: string, cause: unknown): AppError {
  const code = codeOf(cause)
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new AppError('storage-full', `The disk is full: ${path} cannot be written.`, { cause })
  }
  const why = WRITE_FAULTS[code] ?? code
  return new AppError('invalid-request', `${path} cannot be written: ${why}.`, { cause })
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
}

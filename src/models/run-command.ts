import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { stripVTControlCharacters } from 'node:util'

const OUTPUT_TAIL_CHARACTERS = 8_000
const REASON_CHARACTERS = 200
// What `env` answers with when there is no such program.
const NOT_FOUND_STATUS = 127

interface RunOptions {
  /** Where the program runs and keeps its temporary files. */
  readonly folder: string
  readonly signal: AbortSignal
}

export type RunCommand = (
  program: string,
  parameters: readonly string[],
  options: RunOptions,
) => Promise<void>

/** Runs a program to its end; when it fails, throws what it complained about. */
export const runCommand: RunCommand = async (program, parameters, options) => {
  const { folder, signal } = options
  signal.throwIfAborted()
  // `env` gives it a temporary folder of ours, so that nothing stays behind when it is killed.
  const child = spawn('env', [`TMPDIR=${folder}`, program, ...parameters], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const keepTail = (text: string) => {
    output = (output + text).slice(-OUTPUT_TAIL_CHARACTERS)
  }
  // pip complains on standard error, Maven on standard output.
  child.stdout.setEncoding('utf8').on('data', keepTail)
  child.stderr.setEncoding('utf8').on('data', keepTail)
  const kill = () => child.kill('SIGKILL')
  signal.addEventListener('abort', kill)
  try {
    const [status] = (await once(child, 'close')) as [number | null]
    signal.throwIfAborted()
    if (status !== 0) throw toCommandError({ program, status, output })
  } finally {
    signal.removeEventListener('abort', kill)
  }
}

function toCommandError(ended: { program: string; status: number | null; output: string }): Error {
  if (/no space left on device|errno 28/i.test(ended.output)) {
    return Object.assign(new Error(`${ended.program}: no space left on device`), { code: 'ENOSPC' })
  }
  if (ended.status === NOT_FOUND_STATUS) return new Error(`${ended.program} is not installed`)
  const reason = toReason(ended.output)
  return new Error(reason || `${ended.program} ended with status ${String(ended.status)}`)
}

/** The last line marked as an error, else the last line; without the credentials of an address. */
function toReason(output: string): string {
  const lines = stripVTControlCharacters(output)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const line = lines.findLast((text) => /^\[?error\b/i.test(text)) ?? lines.at(-1) ?? ''
  return line.replace(/\/\/[^/@\s]+@/g, '//').slice(0, REASON_CHARACTERS)
}

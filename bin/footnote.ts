#!/usr/bin/env node
import { existsSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { loadConfig } from '../src/config.ts'
import { AppError, messageOf } from '../src/errors.ts'
import * as commands from './commands.ts'
import { exitCodeOf } from './exit-codes.ts'
import { serve } from './serve.ts'

const interrupted = new AbortController()

/** Asked once, everything is closed in order; asked again, the process ends at once. */
function onSignal(): void {
  if (interrupted.signal.aborted) process.exit(EXIT_INTERRUPTED)
  interrupted.abort(new AppError('shutting-down', 'Interrupted.'))
}

const DIM = '\u001b[2m'
const PLAIN = '\u001b[0m'

const EXIT_USAGE = 64
const EXIT_INTERNAL = 70
const EXIT_INTERRUPTED = 130

interface Options {
  readonly json?: boolean
}

function context(options: Options): commands.CommandContext {
  return {
    config: loadConfig(process.env),
    signal: interrupted.signal,
    isJson: options.json === true,
    print: (text) => console.log(text),
    preview: (text) => {
      if (process.stderr.isTTY) process.stderr.write(`${DIM}${text}${PLAIN}`)
    },
    note: (text) => console.error(text),
  }
}

function createProgram(): Command {
  const program = new Command('footnote')
    .description('Answers questions over feeds, each statement with the sentence that supports it.')
    .exitOverride()
    .showHelpAfterError()
  const command = (name: string, description: string) =>
    program.command(name).description(description).option('--json', 'for programs')
  program
    .command('serve')
    .description('runs the service')
    .action(() => serve(loadConfig(process.env), interrupted.signal))
  command('ingest [feed...]', 'fetches feeds now: those named, or all').action(
    (feeds: string[], options: Options) => commands.ingest(context(options), feeds),
  )
  command('ask <question>', 'answers a question').action((question: string, options: Options) =>
    commands.ask(context(options), question),
  )
  command('search <query>', 'finds passages')
    .option('-k <number>', 'how many', '10')
    .action((query: string, options: { k: string; json?: boolean }) =>
      commands.search(context(options), query, options.k),
    )
  addFeedCommands(program)
  addModelCommands(program)
  command('migrate <up|down|status>', 'changes the database’s schema; no service may run').action(
    (action: string, options: Options) =>
      commands.migrateDatabase(context(options), toMigration(action)),
  )
  return program
}

function addFeedCommands(program: Command): void {
  const feeds = program.command('feeds').description('the feeds that are read')
  feeds
    .command('add <feed...>')
    .option('--json', 'for programs')
    .description('addresses or files')
    .action((urls: string[], options: Options) => commands.feedsAdd(context(options), urls))
  feeds
    .command('list')
    .option('--json', 'for programs')
    .action((options: Options) => commands.feedsList(context(options)))
  feeds
    .command('remove <feed>')
    .option('--json', 'for programs')
    .description('an address, a file or an id; its articles go with it')
    .action((feed: string, options: Options) => commands.feedsRemove(context(options), feed))
}

function addModelCommands(program: Command): void {
  const models = program.command('models').description('the weights of the local models')
  models
    .command('list')
    .option('--json', 'for programs')
    .action((options: Options) => commands.modelsList(context(options)))
  models
    .command('pull [model...]')
    .option('--json', 'for programs')
    .description('fetches those named, or the configured ones')
    .action((names: string[], options: Options) => commands.modelsPull(context(options), names))
  models
    .command('check')
    .option('--json', 'for programs')
    .description('reads every file and compares its checksum')
    .action((options: Options) => commands.modelsCheck(context(options)))
}

function toMigration(action: string): 'up' | 'down' | 'status' {
  if (action === 'up' || action === 'down' || action === 'status') return action
  throw new AppError('invalid-request', `migrate takes up, down or status, and not "${action}".`)
}

/** What went wrong, on standard error, and its exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE
  if (interrupted.signal.aborted) return EXIT_INTERRUPTED
  console.error(`footnote: ${messageOf(error)}`)
  if (error instanceof AppError) return exitCodeOf(error)
  console.error(error)
  return EXIT_INTERNAL
}

// What the environment has already wins over the file.
if (existsSync('.env')) process.loadEnvFile()
process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
try {
  await createProgram().parseAsync()
  process.exitCode ??= 0
} catch (error) {
  process.exitCode = report(error)
}
// The models' native threads may outlive what was closed; nothing is left to wait for.
process.exit()

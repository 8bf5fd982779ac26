#!/usr/bin/env node
import { existsSync } from 'node:fs'
import { Argument, Command, CommanderError } from 'commander'
import { ARMS } from '../eval/arms.ts'
import { loadConfig } from '../src/config.ts'
import { AppError, messageOf } from '../src/errors.ts'
import { calibrate, CALIBRATED, type CalibrateFlags } from './calibrate-commands.ts'
import * as commands from './commands.ts'
import * as evaluations from './eval-commands.ts'
import type { EvalFlags } from './eval-flags.ts'
import {
  evalExitCodeOf,
  EXIT_EVAL_INFRASTRUCTURE,
  EXIT_EVAL_USAGE,
  EXIT_INTERRUPTED,
  exitCodeOf,
} from './exit-codes.ts'
import * as models from './model-commands.ts'
import * as reviews from './review-commands.ts'
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
  command('ask <question>', 'answers a question')
    .option('--fresh', 'answers it anew, where an answer is kept already')
    .action((question: string, options: commands.AskFlags & Options) =>
      commands.ask(context(options), question, options),
    )
  command('search <query>', 'finds passages')
    .option('-k <number>', 'how many; unset: 10')
    .option('--tokens <number>', 'instead of -k: as the model would read them, in so many tokens')
    .option('--explain <article>', 'says why the article with this id is among them, or is not')
    .action((query: string, options: commands.SearchFlags & Options) =>
      commands.search(context(options), query, options),
    )
  addFeedCommands(program)
  addEvalCommands(program)
  addReviewCommands(program)
  addCalibrateCommand(program)
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

const EVAL_EXIT_CODES = `
Exit codes:
  0    passed
  1    worse than the baseline, below a floor, or not to be compared
  2    wrong usage, or a golden set with faults
  3    the database, a model or the target failed
  130  interrupted; --resume goes on`

const repeated = (value: string, before: readonly string[] = []) => [...before, value]

function addEvalCommands(program: Command): void {
  const evaluate = program
    .command('eval')
    .description('runs a golden set and compares it with its baseline')
    .option('--set <name>', 'a folder of golden-set/, or reviews; unset: the one of the library')
    .option('--arm <name>', `one of ${ARMS.join(', ')}; may be repeated; unset: system`, repeated)
    .option('--target <url>', 'asks another Footnote, or an OpenAI-compatible server, instead')
    .option(
      '--filter <field=value>',
      'only cases such as kind=multi, tag=code, article=GUID, id=gl-001',
    )
    .option('--split <half>', 'only the half tuning, or test')
    .option('--limit <number>', 'only so many cases, from all over the set')
    .option('--repeat <number>', 'asks each case so many times')
    .option('--resume <run>', 'goes on with a run that was interrupted or failed')
    .option('--only-failing <run>', 'only the cases that this run got wrong')
    .option('--baseline <file>', 'compares with this file instead of the set’s own baseline')
    .option('--report <file.html>', 'writes the report there as well')
    .option('--dry-run', 'checks the set and says what would be asked')
    .option('--json', 'prints the report as JSON')
    .addHelpText('after', EVAL_EXIT_CODES)
    .allowExcessArguments()
    .action(async (flags: EvalFlags & Options, { args: [word] }: Command) => {
      // Commander would speak of too many arguments.
      if (word !== undefined) evaluate.error(`error: unknown command '${word}'`)
      process.exitCode = await evaluations.evalRun(context(flags), flags)
    })
  const sub = (usage: string, description: string) =>
    evaluate.command(usage).description(description)
  const withParents = (command: Command) => context(command.optsWithGlobals<Options>())
  sub('bless', 'makes a run the baseline of its set')
    .requiredOption('--why <text>', 'the reason, kept in the baseline')
    .option('--run <run>', 'unset: the latest whole run of --set, or of the only set that has one')
    .action((_flags: object, command: Command) =>
      evaluations.evalBless(withParents(command), command.optsWithGlobals()),
    )
  sub('list', 'the runs, newest first, of --set or of all sets').action(
    (_flags: object, command: Command) =>
      evaluations.evalList(withParents(command), command.optsWithGlobals()),
  )
  sub('show <run>', 'prints the report of a run, and writes it where --report says').action(
    (run: string, _flags: object, command: Command) =>
      evaluations.evalShow(withParents(command), run, command.optsWithGlobals()),
  )
  const compare = sub(
    'compare <before> <now>',
    'holds the later run against the earlier, as if that were the baseline',
  ).action((before: string, now: string) =>
    evaluations.evalCompare(withParents(compare), before, now),
  )
  sub('export', 'the cases kept from reviews, as lines to commit').action(
    (_flags: object, command: Command) => reviews.evalExport(withParents(command)),
  )
}

function addReviewCommands(program: Command): void {
  const review = program
    .command('review')
    .description('lists the answers that wait for a review, or settles them')
    .option('--json', 'for programs')
    .action((options: Options) => reviews.reviewList(context(options)))
  // An option of `review` itself is met first, wherever it stands.
  const withParents = (command: Command) => context(command.optsWithGlobals<Options>())
  review
    .command('show <review>')
    .description('its question, its answers and what was said of them')
    .action((id: string, _options: Options, command: Command) =>
      reviews.reviewShow(withParents(command), id),
    )
  review
    .command('settle <review>')
    .description('ends a review in one of three ways')
    .option('--dismiss', 'nothing is to be done')
    .option('--correct <text>', 'what the answer should have been')
    .option('--golden', 'keeps a golden case, with --correct as its reference')
    .option('--case <json>', 'fields of the golden case to set by hand')
    .action((id: string, options: reviews.SettleOptions, command: Command) =>
      reviews.reviewSettle(withParents(command), id, options),
    )
}

function addCalibrateCommand(program: Command): void {
  program
    .command('calibrate')
    .description('fits a weight or a threshold on the tuning cases, for the calibration file')
    .addArgument(new Argument('<what>', 'what is fitted').choices(CALIBRATED))
    .option('--set <name>', 'a golden set; may be repeated; unset: those of the library', repeated)
    .option('--dry-run', 'writes nothing')
    .option('--json', 'for programs')
    .action((what: (typeof CALIBRATED)[number], options: CalibrateFlags & Options) =>
      calibrate(context(options), what, options),
    )
}

function addModelCommands(program: Command): void {
  const command = program.command('models').description('the models and their weights')
  command
    .command('list')
    .option('--json', 'for programs')
    .action((options: Options) => models.modelsList(context(options)))
  command
    .command('pull [model...]')
    .option('--json', 'for programs')
    .description('fetches those named, or the configured ones; ollama:NAME through Ollama')
    .action((names: string[], options: Options) => models.modelsPull(context(options), names))
  command
    .command('check')
    .option('--json', 'for programs')
    .description('reads every file and compares its checksum; asks the configured servers')
    .action((options: Options) => models.modelsCheck(context(options)))
}

function toMigration(action: string): 'up' | 'down' | 'status' {
  if (action === 'up' || action === 'down' || action === 'status') return action
  throw new AppError('invalid-request', `migrate takes up, down or status, and not "${action}".`)
}

/** What went wrong, on standard error, and its exit code. */
function report(error: unknown): number {
  const isEval = process.argv[2] === 'eval'
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0
    return isEval ? EXIT_EVAL_USAGE : EXIT_USAGE
  }
  if (interrupted.signal.aborted) return EXIT_INTERRUPTED
  console.error(`footnote: ${messageOf(error)}`)
  if (error instanceof AppError) {
    for (const { path, message } of error.errors) console.error(`  ${path}: ${message}`)
    return isEval ? evalExitCodeOf(error) : exitCodeOf(error)
  }
  console.error(error)
  return isEval ? EXIT_EVAL_INFRASTRUCTURE : EXIT_INTERNAL
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
// What is still on its way into a pipe would be lost with the process.
for (const stream of [process.stdout, process.stderr]) {
  await new Promise<void>((resolve) => stream.write('', () => resolve()))
}
// The models' native threads may outlive what was closed; nothing is left to wait for.
process.exit()

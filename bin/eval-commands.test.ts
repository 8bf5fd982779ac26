import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as readText } from 'node:stream/consumers'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { goldenSetsDir } from '../eval/set-folder.ts'
import { openTestServices, type TestServices } from '../test/open-test-services.ts'
import { createScriptedChat } from '../test/scripted-chat.ts'
import { LIBRARY, LIMIT, toRss } from '../test/test-feed.ts'
import { loadConfig } from '../src/config.ts'
import { claimDoor } from '../src/door.ts'
import { AppError, type ErrorCode } from '../src/errors.ts'
import { createApp } from '../src/http/app.ts'
import { createMetrics } from '../src/http/metrics.ts'
import { Readiness } from '../src/readiness.ts'
import type { Services } from '../src/services.ts'
import type { CommandContext } from './commands.ts'
import { evalBless, evalCompare, evalList, evalRun, evalShow } from './eval-commands.ts'
import type { EvalFlags } from './eval-flags.ts'
import { evalExitCodeOf } from './exit-codes.ts'
import { evalExport } from './review-commands.ts'

const folder = mkdtempSync(join(tmpdir(), 'footnote-eval-commands-'))
const dataDir = join(folder, 'data')
let listener: RequestListener
const door = createServer((request, response) => listener(request, response))

beforeAll(() => claimDoor(door, dataDir))

afterAll(async () => {
  door.closeAllConnections()
  await new Promise((resolve) => door.close(resolve))
  rmSync(folder, { recursive: true })
})

interface Outcome {
  /** On standard output, a line each. */
  readonly printed: readonly string[]
  /** On standard error. */
  readonly noted: readonly string[]
  /** What the process would end with. */
  readonly exit: number
  readonly error: unknown
}

interface RunOptions {
  readonly isJson?: boolean
  readonly signal?: AbortSignal
  readonly onNote?: (text: string) => void
}

type Command = (context: CommandContext) => Promise<number | void>

/** As a command of another process, beside the service that runs. */
async function run(command: Command, options: RunOptions = {}): Promise<Outcome> {
  const { isJson = false, signal = new AbortController().signal, onNote } = options
  const printed: string[] = []
  const noted: string[] = []
  const context: CommandContext = {
    config: loadConfig({ DATA_DIR: dataDir }),
    signal,
    isJson,
    print: (text) => void printed.push(text),
    preview: () => undefined,
    note: (text) => {
      noted.push(text)
      onNote?.(text)
    },
  }
  try {
    return { printed, noted, exit: (await command(context)) ?? 0, error: undefined }
  } catch (error) {
    const exit = signal.aborted ? 130 : error instanceof AppError ? evalExitCodeOf(error) : 3
    return { printed, noted, exit, error }
  }
}

const runEval = (flags: EvalFlags = {}, options: RunOptions = {}) =>
  run((context) => evalRun(context, flags), options)

const messageOf = ({ error }: Outcome) =>
  error instanceof AppError ? error.message : String(error)

interface Call {
  readonly name: string
  readonly body: unknown
}

type Reply = { readonly status?: number; readonly json?: unknown; readonly text?: string }

/** A service that answers what it is told to, by method and path; of several it gives one after the other. */
function answerWith(replies: Readonly<Record<string, readonly Reply[] | Reply>>): readonly Call[] {
  const calls: Call[] = []
  const left = new Map(Object.entries(replies).map(([name, reply]) => [name, [reply].flat()]))
  listener = (request, response) => void answer(request, response)
  return calls

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = nameOf(request)
    const text = await readText(request)
    calls.push({ name, body: text === '' ? undefined : JSON.parse(text) })
    const list = left.get(name) ?? []
    send(response, (list.length > 1 ? list.shift() : list[0]) ?? NO_REPLY)
  }
}

function nameOf({ method, url, headers }: IncomingMessage): string {
  return `${method} ${url?.split('?')[0]}${headers.accept === 'text/html' ? ' as html' : ''}`
}

function send(response: ServerResponse, { status = 200, json, text }: Reply): void {
  if (status === 0) return void response.destroy()
  response.writeHead(status).end(text ?? (json === undefined ? undefined : JSON.stringify(json)))
}

const NO_REPLY: Reply = { status: 500, json: {} }

const problem = (code: ErrorCode, detail: string): Reply => ({
  status: 400,
  json: { type: '', title: '', status: 400, detail, instance: '', code, errors: [] },
})

const RUN = {
  request: { set: 'handbook' },
  id: 'run_1',
  set: 'handbook',
  arms: ['system'],
  state: 'running',
  origin: 'asked',
  createdAt: '2026-01-02T03:04:05.000Z',
  done: 0,
  total: 20,
  verdict: null,
  reasons: [],
  error: null,
  code: null,
}
const DONE = { ...RUN, state: 'done', done: 20, verdict: 'passed' }
const START = 'POST /v1/evaluations'
const LOOK = 'GET /v1/evaluations/run_1'
const REPORT = 'GET /v1/evaluations/run_1/report'
const STOP = 'DELETE /v1/evaluations/run_1'

/** A run that ends as is said. */
const ending = (end: object): Record<string, Reply> => ({
  [START]: { status: 202, json: { ...RUN, state: 'waiting' } },
  [LOOK]: { json: { ...DONE, ...end } },
  [REPORT]: { text: 'The report.' },
  [`${REPORT} as html`]: { text: '<html>The report.</html>' },
})

function writeBaseline(set: string): string {
  const file = join(folder, `${set}.json`)
  const blessed = { at: '2026-01-02T03:04:05.000Z', why: 'First.', commit: null }
  writeFileSync(file, JSON.stringify({ set, blessed, articles: {}, arms: {} }))
  return file
}

describe('the flags', () => {
  it('are what the service is asked', async () => {
    const calls = answerWith(ending({}))
    const baseline = writeBaseline('handbook')
    await runEval({
      set: 'handbook',
      arm: ['keyword', 'extracted'],
      split: 'tuning',
      filter: 'kind=multi',
      limit: '20',
      repeat: '2',
      onlyFailing: 'run_0',
      target: 'http://127.0.0.1:3000',
      baseline,
    })
    expect(calls[0]).toEqual({
      name: START,
      body: {
        set: 'handbook',
        arms: ['keyword', 'extracted'],
        split: 'tuning',
        filter: 'kind=multi',
        limit: 20,
        repeat: 2,
        onlyFailing: 'run_0',
        target: 'http://127.0.0.1:3000',
        baseline,
      },
    })
  })

  it('that are not given are not sent', async () => {
    const calls = answerWith(ending({}))
    await runEval()
    expect(calls[0]).toEqual({ name: START, body: {} })
  })

  it.each<[EvalFlags, RegExp]>([
    [{ limit: '0' }, /^--limit takes a whole number from 1 to 1000000, and not "0"\.$/],
    [{ limit: '-3' }, /^--limit takes .* and not "-3"\.$/],
    [{ limit: '1e3' }, /^--limit takes .* and not "1e3"\.$/],
    [{ limit: '' }, /^--limit takes .* and not ""\.$/],
    [{ repeat: '2.5' }, /^--repeat takes a whole number from 1 to 20, and not "2\.5"\.$/],
    [{ repeat: '21' }, /^--repeat takes .* and not "21"\.$/],
    [{ arm: ['keyword', 'bm25'] }, /^--arm takes one of system, keyword, .* and not "bm25"\.$/],
    [{ split: 'half' }, /^--split takes tuning or test, and not "half"\.$/],
    [{ filter: 'colour=red' }, /^--filter takes kind=, tag=, .* and not "colour=red"\.$/],
    [{ target: 'ftp://key@host' }, /^--target takes an http or https address, such as \S+\.$/],
    [{ split: 'half', limit: 'ten' }, /^--split takes .*; --limit takes .*\.$/],
    [{ set: 'none' }, /^There is no golden set “none”; there is glad-labs, handbook\.$/],
    [{ baseline: 'none.json' }, /^There is no baseline file \/.*none\.json\.$/],
    [{ resume: 'run_1', limit: '5' }, /^--resume goes on .* leave --limit away\.$/],
    [{ resume: 'run_1', arm: ['keyword'], dryRun: true }, /leave --arm, --dry-run away\.$/],
    [{ dryRun: true, report: 'a.html' }, /^--dry-run asks nothing, .* leave --report away\.$/],
  ])('%j cannot be meant: it ends with 2, and no service is asked', async (flags, message) => {
    const calls = answerWith(ending({}))
    const outcome = await runEval(flags)
    expect(messageOf(outcome)).toMatch(message)
    expect(outcome.exit).toBe(2)
    expect(outcome.printed).toEqual([])
    expect(calls).toEqual([])
  })

  it('may name the address again, with its key, for a run that goes on', async () => {
    const calls = answerWith(ending({}))
    await runEval({ resume: 'run_1', target: 'http://:key@127.0.0.1:3000' })
    expect(calls[0]?.body).toEqual({ resume: 'run_1', target: 'http://:key@127.0.0.1:3000' })
  })
})

describe('a run', () => {
  it.each([
    ['passed', 0],
    ['regressed', 1],
    ['floor-missed', 1],
    ['not-comparable', 1],
    [null, 1],
  ])('with the verdict %s prints its report and ends with %i', async (verdict, exit) => {
    answerWith(ending({ verdict }))
    const outcome = await runEval()
    expect(outcome).toMatchObject({ printed: ['The report.'], exit, error: undefined })
  })

  it('gives programs one JSON document and nothing else', async () => {
    answerWith({ ...ending({}), [REPORT]: { json: { run: { id: 'run_1' } } } })
    const { printed } = await runEval({}, { isJson: true })
    expect(printed).toEqual(['{"run":{"id":"run_1"}}'])
  })

  it('says how far it is, a line each tenth, where there is no terminal', async () => {
    const at = (done: number, state = 'running') => ({ json: { ...RUN, state, done } })
    answerWith({
      ...ending({}),
      [LOOK]: [at(0, 'waiting'), at(0, 'waiting'), at(1), at(5), at(5), at(6), { json: DONE }],
    })
    const { noted } = await runEval()
    expect(noted).toEqual([
      'run_1: 0 of 20, waiting for another run, or for a feed that is being read',
      'run_1: 1 of 20',
      'run_1: 5 of 20',
      'run_1: 6 of 20',
      'run_1: 20 of 20',
    ])
  })

  it.each<[ErrorCode, number]>([
    ['model-unavailable', 3],
    ['database-unavailable', 3],
    ['internal', 3],
    ['config-invalid', 3],
    ['invalid-request', 3],
  ])('that failed with %s says where and why, and ends with %i', async (code, exit) => {
    const error = 'It went wrong. Set it right.'
    answerWith(ending({ state: 'failed', verdict: null, done: 7, error, code }))
    const outcome = await runEval()
    expect(outcome).toMatchObject({ printed: [], exit, error: { message: error } })
    expect(outcome.noted.at(-1)).toBe(
      'run_1 failed at 7 of 20. Go on with: footnote eval --resume run_1',
    )
  })

  it('whose library changed meanwhile was rightly asked for, and cannot go on', async () => {
    const error = 'The library changed while the run was on. Start it anew.'
    answerWith(ending({ state: 'failed', verdict: null, done: 7, error, code: 'conflict' }))
    const outcome = await runEval()
    expect(outcome).toMatchObject({ printed: [], exit: 3, error: { message: error } })
    expect(outcome.noted.at(-1)).toBe('run_1 failed at 7 of 20')
  })

  it('that failed and does not say why has no verdict all the same', async () => {
    answerWith(ending({ state: 'failed', verdict: null }))
    const outcome = await runEval()
    expect(messageOf(outcome)).toBe('The run failed; the service’s log says why.')
    expect(outcome.exit).toBe(3)
  })

  it('that somebody else stopped ends as an interrupted one', async () => {
    answerWith(ending({ state: 'stopped', verdict: null }))
    const { printed, noted, exit } = await runEval()
    expect(printed).toEqual([])
    expect(noted.at(-1)).toBe(
      'Somebody else stopped the run. Go on with: footnote eval --resume run_1',
    )
    expect(exit).toBe(130)
  })

  it('whose service goes away says how it is waited for', async () => {
    answerWith({ ...ending({}), [LOOK]: [{ json: { ...RUN, done: 3 } }, { status: 0 }] })
    const outcome = await runEval()
    expect(messageOf(outcome)).toMatch(/^The service went away; .* footnote eval --resume run_1$/)
    expect(outcome.exit).toBe(3)
  })

  it.each<[string, Reply, RegExp]>([
    ['fails', { status: 500, json: {} }, /^The service failed and did not say why\. /],
    ['answers nonsense', { text: 'Hello' }, /^The service answered 200 without JSON; .* /],
    ['knows it no longer', problem('not-found', 'There is no run.'), /^There is no run\. /],
  ])('whose service %s is named, and how it is seen again', async (_what, reply, message) => {
    answerWith({ ...ending({}), [LOOK]: [{ json: { ...RUN, done: 3 } }, reply] })
    const outcome = await runEval()
    expect(messageOf(outcome)).toMatch(message)
    expect(messageOf(outcome)).toMatch(/The run run_1 .*: footnote eval --resume run_1$/)
    expect(outcome.exit).toBe(3)
  })

  it('is refused as the service refuses it', async () => {
    answerWith({ [START]: problem('invalid-request', 'The golden set has a fault.') })
    const outcome = await runEval()
    expect(outcome).toMatchObject({ exit: 2, error: { message: 'The golden set has a fault.' } })
  })
})

describe('a run whose database is away', () => {
  const away: Reply = {
    ...problem('database-unavailable', 'The database does not answer.'),
    status: 503,
  }

  afterEach(() => void vi.useRealTimers())

  it('is waited for', async () => {
    answerWith({ ...ending({}), [LOOK]: [{ json: RUN }, away, away, { json: DONE }] })
    const outcome = await runEval()
    expect(outcome).toMatchObject({ printed: ['The report.'], exit: 0, error: undefined })
  })

  it('is given up after a minute, and named', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const calls = answerWith({ ...ending({}), [LOOK]: away })
    const reply = listener
    listener = (request, response) => {
      vi.advanceTimersByTime(25_000)
      reply(request, response)
    }
    const outcome = await runEval()
    expect(messageOf(outcome)).toBe(
      'The database does not answer. The run run_1 may go on all the same. Wait for it with: footnote eval --resume run_1',
    )
    expect(outcome.exit).toBe(3)
    // At 0, 25, 50 and 75 seconds from the first that found it away.
    expect(calls.filter(({ name }) => name === LOOK)).toHaveLength(4)
  })
})

describe('whoever interrupts', () => {
  const interrupted = new AppError('shutting-down', 'Interrupted.')

  it('stops the run, and is told how it goes on', async () => {
    const calls = answerWith({
      ...ending({}),
      [LOOK]: { json: { ...RUN, done: 3 } },
      [STOP]: { status: 204 },
    })
    const controller = new AbortController()
    const onNote = () => controller.abort(interrupted)
    const outcome = await runEval({}, { signal: controller.signal, onNote })
    expect(calls.at(-1)?.name).toBe(STOP)
    expect(outcome.noted.at(-1)).toBe(
      'The run is stopped at 3 of 20. Go on with: footnote eval --resume run_1',
    )
    expect(outcome).toMatchObject({ printed: [], exit: 130 })
  })

  it('stops also the run whose name is not known yet', async () => {
    const calls = answerWith({ ...ending({}), [STOP]: { status: 204 } })
    const controller = new AbortController()
    const { signal } = controller
    const reply = listener
    listener = (request, response) => {
      controller.abort(interrupted)
      setTimeout(() => reply(request, response), 50)
    }
    const outcome = await runEval({}, { signal })
    expect(calls.map(({ name }) => name)).toEqual([START, STOP])
    expect(outcome.noted.at(-1)).toContain('footnote eval --resume run_1')
    expect(outcome.exit).toBe(130)
  })

  it('is told where the run could not be stopped', async () => {
    answerWith({ ...ending({}), [LOOK]: { json: RUN }, [STOP]: { status: 0 } })
    const controller = new AbortController()
    const onNote = () => controller.abort(interrupted)
    const outcome = await runEval({}, { signal: controller.signal, onNote })
    expect(outcome.noted.at(-1)).toMatch(/^The run run_1 could not be stopped: The service went/)
    expect(outcome.exit).toBe(130)
  })
})

describe('--report', () => {
  it('writes the report, and says where', async () => {
    answerWith(ending({}))
    const report = join(folder, 'report.html')
    const { printed, noted } = await runEval({ report })
    expect(printed).toEqual(['The report.'])
    expect(noted.at(-1)).toBe(`report: ${report}`)
    expect(readFileSync(report, 'utf8')).toBe('<html>The report.</html>')
  })

  it('leaves nothing behind where the run fails, and an older report as it was', async () => {
    answerWith(ending({ state: 'failed', error: 'Oh.', code: 'internal' }))
    await runEval({ report: join(folder, 'new.html') })
    expect(existsSync(join(folder, 'new.html'))).toBe(false)
    const older = join(folder, 'older.html')
    writeFileSync(older, 'yesterday')
    await runEval({ report: older })
    expect(readFileSync(older, 'utf8')).toBe('yesterday')
  })

  it.each([
    ['none/report.html', 'its folder does not exist'],
    ['data', 'it is a folder'],
    ['handbook.json/report.html', 'a part of the path is a file'],
  ])('%s is refused before the run begins: %s', async (name, why) => {
    writeBaseline('handbook')
    const calls = answerWith(ending({}))
    const outcome = await runEval({ report: join(folder, name) })
    expect(messageOf(outcome)).toBe(`${join(folder, name)} cannot be written: ${why}.`)
    expect(outcome.exit).toBe(2)
    expect(calls).toEqual([])
    const shown = await run((context) => evalShow(context, 'run_1', { report: join(folder, name) }))
    expect(shown.error).toMatchObject({ code: 'invalid-request' })
  })

  it('that cannot be written any more costs the file and not the run', async () => {
    const own = join(folder, 'own')
    mkdirSync(own)
    answerWith(ending({}))
    const reply = listener
    listener = (request, response) => {
      rmSync(own, { recursive: true, force: true })
      reply(request, response)
    }
    const outcome = await runEval({ report: join(own, 'report.html') })
    expect(outcome.printed).toEqual(['The report.'])
    expect(outcome.noted.at(-1)).toContain('footnote eval show run_1 --report FILE')
    expect(outcome.exit).toBe(2)
  })
})

describe('bless', () => {
  const BLESS = 'POST /v1/evaluations/run_2/bless'
  const runs = [
    { ...RUN, id: 'run_4' },
    { ...DONE, id: 'run_3', request: { set: 'handbook', limit: 5 } },
    { ...DONE, id: 'run_2' },
    { ...DONE, id: 'run_1' },
  ]
  const bless = (flags: { run?: string; set?: string }, isJson = false) =>
    run((context) => evalBless(context, { why: 'Better.', ...flags }), { isJson })

  it('takes the latest run that is done, with the reason, and says what to commit', async () => {
    const calls = answerWith({
      'GET /v1/evaluations': { json: { items: runs, next: null } },
      [BLESS]: { json: { set: 'handbook', arms: ['system', 'keyword'] } },
    })
    const { printed } = await bless({})
    expect(calls.at(-1)).toEqual({ name: BLESS, body: { why: 'Better.' } })
    expect(printed).toEqual([
      'golden-set/handbook/baseline.json now holds run_2 (system, keyword). Commit it.',
    ])
  })

  it('passes over what was kept from reviews, which has no baseline', async () => {
    const reviews = { ...DONE, id: 'run_5', set: 'reviews', request: { set: 'reviews' } }
    const calls = answerWith({
      'GET /v1/evaluations': { json: { items: [reviews, ...runs], next: null } },
      [BLESS]: { json: { set: 'handbook', arms: ['system'] } },
    })
    await bless({})
    expect(calls.at(-1)?.name).toBe(BLESS)
  })

  it('takes no set for another', async () => {
    const other = { ...DONE, id: 'run_5', set: 'glad-labs', request: { set: 'glad-labs' } }
    const calls = answerWith({
      'GET /v1/evaluations': { json: { items: [other, ...runs], next: null } },
    })
    const outcome = await bless({})
    expect(messageOf(outcome)).toBe(
      'There are runs of the sets glad-labs, handbook: name the one to bless with --set.',
    )
    expect(outcome.exit).toBe(2)
    expect(calls).toHaveLength(1)
  })

  it('takes the run that is named', async () => {
    const calls = answerWith({ [BLESS]: { json: { set: 'handbook', arms: [] } } })
    const { printed } = await bless({ run: 'run_2' }, true)
    expect(calls.map(({ name }) => name)).toEqual([BLESS])
    expect(printed).toEqual(['{"set":"handbook","arms":[]}'])
  })

  it('of no run that is done says how one is begun', async () => {
    answerWith({ 'GET /v1/evaluations': { json: { items: [runs[0]], next: null } } })
    const outcome = await bless({})
    expect(messageOf(outcome)).toMatch(
      /^There is no run .* that is done\. Start one with: footnote eval$/,
    )
    expect(outcome.exit).toBe(2)
  })
})

it('compare prints the verdict with its reasons, and each flip with its stage', async () => {
  const flip = { caseId: 'hb-1', arm: 'system', direction: 'broken', stage: 'retrieval' }
  const compared = {
    verdict: 'regressed',
    reasons: ['system: hit@1 fell.'],
    flips: [{ ...flip, explanation: 'Its article is no longer found.' }],
    notes: ['Only a part of the set.'],
  }
  answerWith({ 'GET /v1/evaluations/run_2/comparison': { json: compared } })
  const { printed } = await run((context) => evalCompare(context, 'run_1', 'run_2'))
  expect(printed).toEqual([
    'regressed; 1 case flipped',
    '  system: hit@1 fell.',
    'broken\tsystem\thb-1\tretrieval\tIts article is no longer found.',
    'Only a part of the set.',
  ])
})

it('export prints each kept case as a line', async () => {
  const cases = [{ id: 'rv-1' }, { id: 'rv-2' }]
  answerWith({ 'GET /v1/reviews/cases': { json: { items: cases, next: null } } })
  const { printed } = await run(evalExport)
  expect(printed).toEqual(['{"id":"rv-1"}', '{"id":"rv-2"}'])
})

describe('on the handbook', () => {
  const chat = createScriptedChat({ script: { pieces: [LIMIT] } })
  let test: TestServices
  let changes: Partial<Services['evaluation']> = {}

  beforeAll(async () => {
    test = await openTestServices({ chat })
    await test.readFeed(join(goldenSetsDir, 'handbook', 'feed.xml'))
  })

  afterAll(() => test[Symbol.asyncDispose]())

  beforeEach(() => {
    changes = {}
    test.embedding.fault = undefined
    const { services } = test
    serve(() => ({ ...services, evaluation: { ...services.evaluation, ...changes } }))
  })

  /** The arm has neither floors nor a baseline, so it passes. */
  const FEW: EvalFlags = { set: 'handbook', arm: ['keyword'], limit: '5' }
  interface CaseName {
    readonly caseId: string
    readonly repetition: number
  }

  const list = () => run((context) => evalList(context, {}), { isJson: true })
  const latest = async () =>
    (JSON.parse((await list()).printed.join('')) as { items: (typeof RUN)[] }).items[0]

  it('a dry run says what would be asked, and asks nothing', async () => {
    const before = await latest()
    const outcome = await runEval({ ...FEW, arm: ['keyword', 'vector'], repeat: '2', dryRun: true })
    expect(outcome.printed).toEqual([
      'The set handbook is sound. 5 cases and 2 arms (keyword, vector) make 20 questions.',
    ])
    expect(outcome).toMatchObject({ noted: [], exit: 0 })
    const forPrograms = await runEval({ ...FEW, dryRun: true }, { isJson: true })
    expect(JSON.parse(forPrograms.printed.join(''))).toMatchObject({ cases: 5, heldOut: [] })
    expect(await latest()).toEqual(before)
  })

  it('a run prints its figures, is listed and shown, and is the same as the next one', async () => {
    const first = await runEval(FEW)
    expect(first).toMatchObject({ exit: 0, error: undefined })
    expect(first.printed.join('')).toMatch(/hit@1/)
    const { id } = (await latest())!
    const listed = await run((context) => evalList(context, { set: 'handbook' }))
    expect(listed.printed[0]).toMatch(
      new RegExp(`^\\d{4}-\\S+\\t${id}\\thandbook\\tkeyword\\tasked\\tpassed$`),
    )
    const other = await run((context) => evalList(context, { set: 'glad-labs' }))
    expect(other.printed).toEqual(['There are no runs yet. Start one with: footnote eval'])
    const shown = await run((context) => evalShow(context, id, {}))
    expect(shown.printed).toEqual(first.printed)
    await runEval(FEW)
    const next = (await latest())!
    const compared = await run((context) => evalCompare(context, id, next.id), { isJson: true })
    expect(JSON.parse(compared.printed.join(''))).toMatchObject({ verdict: 'passed', flips: [] })
  })

  it('a figure below its floor ends with 1', async () => {
    const outcome = await runEval({ set: 'handbook', arm: ['extracted'] })
    expect(outcome.printed.join('')).toContain('its floor')
    expect(outcome.exit).toBe(1)
  })

  it('an interrupted run goes on beside another chat model, which it never asked', async () => {
    const controller = new AbortController()
    const onNote = () => controller.abort(new AppError('shutting-down', 'Interrupted.'))
    const flags = { set: 'handbook', arm: ['keyword'], repeat: '4' }
    const stopped = await runEval(flags, { signal: controller.signal, onNote })
    const id = /--resume (\S+)$/.exec(stopped.noted.at(-1) ?? '')?.[1] ?? ''
    expect(await latest()).toMatchObject({ id, state: 'stopped', total: 240 })
    changes = { configuration: () => Promise.resolve({ chat: 'none' }) }
    const outcome = await runEval({ resume: id }, { isJson: true })
    const { rows } = JSON.parse(outcome.printed.join('')) as { rows: CaseName[] }
    const names = rows.map(({ caseId, repetition }) => `${caseId} ${repetition}`)
    expect(names).toHaveLength(240)
    expect(new Set(names).size).toBe(240)
    const done = await runEval({ resume: id })
    expect(messageOf(done)).toContain('there is nothing left to ask')
    expect(done.exit).toBe(2)
  })

  it('a search by keywords alone gives no figures in place of the whole', async () => {
    test.embedding.fault = () => {
      throw new AppError('model-unavailable', 'The weights are missing.')
    }
    const outcome = await runEval({ set: 'handbook', arm: ['extracted'] })
    expect(messageOf(outcome)).toContain('by keywords alone')
    expect(outcome).toMatchObject({ printed: [], exit: 3 })
  })

  it('an arm that asks a chat model where there is none ends with 2, and says what to do', async () => {
    changes = { hasChat: false }
    const outcome = await runEval({ ...FEW, arm: ['system'] })
    expect(messageOf(outcome)).toMatch(/CHAT_MODEL=none\. Set one, or name --arm extracted\.$/)
    expect(outcome.exit).toBe(2)
  })

  it('an address that answers nonsense ends with 3, and says what to name', async () => {
    const page = createServer((_request, response) => void response.end('{"hello":"world"}'))
    await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve))
    const target = `http://:secret@127.0.0.1:${(page.address() as AddressInfo).port}`
    const outcome = await runEval({ set: 'handbook', target })
    page.close()
    expect(messageOf(outcome)).toMatch(/ is not a list of models\. Name a Footnote, or .*\.$/)
    expect(`${messageOf(outcome)}${outcome.noted.join('')}`).not.toContain('secret')
    expect(outcome).toMatchObject({ printed: [], exit: 3 })
  })

  it('another set’s baseline and articles, and a run that is not there, end with 2', async () => {
    const baseline = writeBaseline('glad-labs')
    const other = await runEval({ set: 'handbook', baseline })
    expect(messageOf(other)).toBe(
      `${baseline} is the baseline of the set glad-labs, and not of handbook.`,
    )
    const feedless = await runEval({ set: 'glad-labs', arm: ['keyword'] })
    expect(messageOf(feedless)).toMatch(/^The library lacks 10 of the 10 articles .*feeds add/)
    const none = await runEval({ resume: 'run_none' })
    expect(messageOf(none)).toBe('There is no run run_none.')
    const unseen = await run((context) => evalShow(context, 'run_none', {}))
    expect([other, feedless, none, unseen].map(({ exit }) => exit)).toEqual([2, 2, 2, 2])
  })

  it('without a set named, the library’s own is run', async () => {
    const { printed } = await runEval({ arm: ['keyword'], dryRun: true })
    expect(printed[0]).toMatch(/^The set handbook is sound\. 60 cases/)
  })
})

it('a library that no set speaks of ends with 2, and names the sets', async () => {
  await using test = await openTestServices()
  await test.readFeed(test.writeFeed(toRss(LIBRARY)))
  serve(() => test.services)
  const outcome = await runEval({ arm: ['keyword'] })
  expect(messageOf(outcome)).toMatch(/^No golden set speaks of the library’s articles\. .*handbook/)
  expect(outcome.exit).toBe(2)
})

function serve(services: () => Services): void {
  listener = createApp(
    {
      services,
      readiness: new Readiness(),
      metrics: createMetrics(),
      isDoor: true,
      stopping: new AbortController().signal,
    },
    { apiKey: undefined, allowedOrigins: [], logger: pino({ level: 'silent' }) },
  ) as RequestListener
}

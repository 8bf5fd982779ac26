import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { openTestServices, type TestServices } from '../test/open-test-services.ts'
import { createScriptedChat } from '../test/scripted-chat.ts'
import { BAKING, LIBRARY, LIMIT, toRss } from '../test/test-feed.ts'
import { loadConfig } from '../src/config.ts'
import { claimDoor, doorPath, isAnswered } from '../src/door.ts'
import { AppError } from '../src/errors.ts'
import { createApp } from '../src/http/app.ts'
import { createMetrics } from '../src/http/metrics.ts'
import { Readiness } from '../src/readiness.ts'
import * as commands from './commands.ts'
import { createDoorClient } from './door-client.ts'

const QUESTION = 'How large may a NOTIFY payload be?'
const chat = createScriptedChat({ script: { pieces: [LIMIT] } })
const dataDir = mkdtempSync(join(tmpdir(), 'footnote-commands-'))
let test: TestServices
let feed: string
const door = createServer((request, response) => listener(request, response))
let listener: RequestListener

beforeAll(async () => {
  test = await openTestServices({ chat })
  listener = createApp(
    {
      services: () => test.services,
      readiness: new Readiness(),
      metrics: createMetrics(),
      isDoor: true,
      stopping: new AbortController().signal,
    },
    { apiKey: undefined, allowedOrigins: [], logger: pino({ level: 'silent' }) },
  ) as RequestListener
  await claimDoor(door, dataDir)
  feed = test.writeFeed(toRss(LIBRARY))
})

afterAll(async () => {
  door.closeAllConnections()
  await new Promise((resolve) => door.close(resolve))
  await test[Symbol.asyncDispose]()
  rmSync(dataDir, { recursive: true })
})

beforeEach(() => {
  chat.script = { pieces: [LIMIT] }
})

interface Outcome {
  /** On standard output, a line each. */
  readonly printed: readonly string[]
  /** On standard error. */
  readonly noted: readonly string[]
  readonly error: AppError | undefined
}

type Command = (context: commands.CommandContext) => Promise<void>

/** As a command of another process, beside the service that runs. */
async function run(command: Command, { isJson = false } = {}): Promise<Outcome> {
  const printed: string[] = []
  const noted: string[] = []
  const context: commands.CommandContext = {
    config: loadConfig({ DATA_DIR: dataDir }),
    signal: new AbortController().signal,
    isJson,
    print: (text) => void printed.push(text),
    preview: () => undefined,
    note: (text) => void noted.push(text),
  }
  try {
    await command(context)
    return { printed, noted, error: undefined }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return { printed, noted, error }
  }
}

const json = ({ printed }: Outcome) => JSON.parse(printed.join('')) as Record<string, unknown>

describe('ingest', () => {
  it('adds a feed, says how far it is, and ends when it is read', async () => {
    const { printed, noted, error } = await run((context) => commands.ingest(context, [feed]))
    expect(error).toBeUndefined()
    expect(printed).toHaveLength(1)
    expect(printed[0]).toMatch(/^\S+feed-1\.xml: 3 articles new or changed$/)
    for (const note of noted) expect(note).toMatch(/: \d of 3 articles$/)
  })

  it('of all feeds reads what is new in each', async () => {
    test.rewriteFeed(feed, toRss([...LIBRARY, { ...BAKING, guid: 'new', url: undefined }]))
    const { printed } = await run((context) => commands.ingest(context, []))
    expect(printed).toEqual([`${feed}: 1 articles new or changed`])
    const again = await run((context) => commands.ingest(context, []))
    expect(again.printed).toEqual([`${feed}: nothing new`])
  })

  it('fails where a feed fails, with its reason, and reads the others', async () => {
    const page = test.writeFeed('<html></html>')
    const outcome = await run((context) => commands.ingest(context, [page, feed]))
    expect(outcome.error).toMatchObject({
      code: 'feed-invalid',
      message: expect.stringContaining('HTML page') as string,
    })
    expect(outcome.printed).toHaveLength(2)
    await run((context) => commands.feedsRemove(context, page))
  })

  it('of all feeds adds those that are configured', async () => {
    const configured = test.writeFeed(toRss([BAKING]))
    const { printed } = await run((context) =>
      commands.ingest({ ...context, config: { ...context.config, feeds: [configured] } }, []),
    )
    expect(printed).toEqual([`${configured}: 1 articles new or changed`, `${feed}: nothing new`])
    const remove: Command = (context) => commands.feedsRemove(context, configured)
    const removed = await run(remove, { isJson: true })
    expect(json(removed)).toMatchObject({ removed: { url: configured, articles: 1 } })
  })

  it('gives programs the feeds with their jobs', async () => {
    const outcome = await run((context) => commands.ingest(context, [feed]), { isJson: true })
    expect(json(outcome)).toMatchObject({
      items: [{ feed: { url: feed }, job: { state: 'done' } }],
    })
  })
})

describe('ask', () => {
  it('prints the answer with its footnotes', async () => {
    const { printed, error } = await run((context) => commands.ask(context, QUESTION))
    expect(error).toBeUndefined()
    expect(printed.join('')).toContain(`${LIMIT} [1]`)
    expect(printed.join('')).toContain(`“${LIMIT}”`)
  })

  it('shows the words as they come, and says which of them are taken back', async () => {
    chat.script = { pieces: [`${LIMIT} `, 'Elephants paint the moon.'] }
    const asked = `${QUESTION} Say more.`
    let shown = ''
    const { printed } = await run((context) =>
      commands.ask({ ...context, preview: (text) => void (shown += text) }, asked),
    )
    expect(shown).toBe(
      `${LIMIT} Elephants paint the moon.\n(Some words were taken back: nothing in the articles supports them. “Elephants paint the moon.”)\n\n`,
    )
    expect(printed.join('')).not.toContain('Elephants')
  })

  it('gives programs the answer as the service gives it', async () => {
    const outcome = await run((context) => commands.ask(context, QUESTION), { isJson: true })
    expect(json(outcome)).toMatchObject({ status: 'answered', question: QUESTION })
  })

  it('says where an answer was kept, and has it answered anew with --fresh', async () => {
    const service = listener
    const answer = { status: 'refused', answer: 'No.', citations: [], sentences: [], cached: true }
    const bodies: unknown[] = []
    listener = (request, response) => {
      if (request.url !== '/v1/chat') return service(request, response)
      void buffer(request).then((bytes) => {
        bodies.push(JSON.parse(bytes.toString()))
        response.writeHead(200, { 'Content-Type': 'text/event-stream' })
        response.end(`event: answer-end\ndata: ${JSON.stringify(answer)}\n\n`)
      })
    }
    const kept = await run((context) => commands.ask(context, QUESTION))
    await run((context) => commands.ask(context, QUESTION, { fresh: true }))
    listener = service
    expect(kept.noted.join('')).toContain('--fresh')
    expect(bodies).toEqual([
      { question: QUESTION, stream: true, fresh: false },
      { question: QUESTION, stream: true, fresh: true },
    ])
  })

  it('fails as the service does', async () => {
    const error = new AppError('model-timeout', 'The next word took too long.')
    chat.script = { pieces: ['A'], throwAt: 1, error }
    const outcome = await run((context) => commands.ask(context, QUESTION))
    expect(outcome.error).toMatchObject({ code: 'model-timeout', message: error.message })
    const empty = await run((context) => commands.ask(context, '  '))
    expect(empty.error).toMatchObject({ code: 'invalid-request' })
  })

  it('tells whoever waits their place, and gives up with 75 where there is none', async () => {
    chat.script = { pieces: [LIMIT], delayMs: 400 }
    const asks = Array.from({ length: 4 }, () => run((context) => commands.ask(context, QUESTION)))
    const outcomes = await Promise.all(asks)
    expect(outcomes.filter(({ error }) => error?.code === 'model-busy')).toHaveLength(1)
    expect(outcomes.flatMap(({ noted }) => noted)).toContain('waiting: place 2')
  })
})

describe('search', () => {
  it('prints the passages, numbered', async () => {
    const { printed } = await run((context) =>
      commands.search(context, 'NOTIFY payload', { k: '2' }),
    )
    expect(printed.join('')).toMatch(/^1\. Listening to a database › Limits {2}\(fused/)
    expect(printed.join('')).toContain('\n\n2. ')
  })

  it('gives programs what the service gives', async () => {
    const search: Command = (context) => commands.search(context, 'NOTIFY', { k: '1' })
    expect(json(await run(search, { isJson: true }))).toMatchObject({ question: 'NOTIFY' })
  })

  it('says why an article is not among the passages, with the numbers', async () => {
    const search = (flags: commands.SearchFlags): Command => {
      return (context) => commands.search(context, 'Where is rye dough kept?', flags)
    }
    const found = json(await run(search({ k: '50' }), { isJson: true }))
    const passages = found['passages'] as { articleId: string; title: string }[]
    const explain = passages.find(({ title }) => title !== BAKING.title)?.articleId ?? ''
    const { printed } = await run(search({ k: '1', explain }))
    expect(printed.join('')).toMatch(/: fused-below\n {3}It is at place \d+ of \d+ candidates/)
    expect(printed.join('')).toContain('By keywords it shares no word with the question.')
    const whole = await run(search({ tokens: '4000', explain }), { isJson: true })
    expect(json(whole)).toMatchObject({ explain: { articleId: explain, outcome: 'shown' } })
    const none = await run(search({ explain: 'art_none' }))
    expect(none.error).toMatchObject({ code: 'not-found' })
  })

  it('refuses a number that is none', async () => {
    const { error } = await run((context) => commands.search(context, 'NOTIFY', { k: 'ten' }))
    expect(error).toMatchObject({ code: 'invalid-request' })
    expect(error?.message).toContain('/k: must be a whole number from 1 to 50')
  })
})

describe('feeds', () => {
  it('are listed with their state', async () => {
    const { printed } = await run(commands.feedsList)
    expect(printed).toEqual([`ok\t4 articles\t${feed}\tA test feed`])
    const listed = await run(commands.feedsList, { isJson: true })
    expect(json(listed)).toMatchObject({ items: [{ url: feed, articles: 4 }] })
  })

  it('are removed by their file with their articles, and by no other name', async () => {
    const none = await run((context) => commands.feedsRemove(context, 'none.xml'))
    expect(none.error).toMatchObject({ code: 'not-found' })
    const { printed } = await run((context) => commands.feedsRemove(context, feed))
    expect(printed).toEqual([`removed ${feed} with its 4 articles`])
  })

  it('that are no addresses are refused', async () => {
    const { error } = await run((context) => commands.feedsAdd(context, ['ftp://blog.example/']))
    expect(error).toMatchObject({ code: 'invalid-request' })
  })
})

describe('migrate', () => {
  it('tells whoever comes meanwhile that the database is being migrated', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'footnote-migrate-'))
    const client = createDoorClient(folder)
    const { signal } = new AbortController()
    const migrated = run((context) =>
      commands.migrateDatabase(
        { ...context, config: { ...context.config, dataDir: folder } },
        'status',
      ),
    )
    await vi.waitUntil(() => isAnswered(doorPath(folder)))
    await expect(client.request('/v1/feeds', { signal })).rejects.toMatchObject({
      code: 'shutting-down',
      message: 'The database is being migrated.',
    })
    expect((await migrated).error).toBeUndefined()
    await client.close()
    rmSync(folder, { recursive: true })
  })

  it('is refused while a service runs', async () => {
    const { error } = await run((context) => commands.migrateDatabase(context, 'status'))
    expect(error).toMatchObject({ code: 'data-folder-in-use' })
  })
})

import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openTestServices, type TestServices } from '../test/open-test-services.ts'
import { createScriptedChat } from '../test/scripted-chat.ts'
import { LIBRARY, LIMIT, toRss } from '../test/test-feed.ts'
import { loadConfig } from '../src/config.ts'
import { claimDoor } from '../src/door.ts'
import { AppError } from '../src/errors.ts'
import { createApp } from '../src/http/app.ts'
import { createMetrics } from '../src/http/metrics.ts'
import { Readiness } from '../src/readiness.ts'
import { ask, type CommandContext } from './commands.ts'
import { createDoorClient } from './door-client.ts'
import { evalExport, reviewList, reviewSettle, reviewShow } from './review-commands.ts'

const QUESTION = 'How large may a NOTIFY payload be?'
const NONSENSE = 'Elephants paint the fences of the moon.'

const chat = createScriptedChat({ script: { pieces: [LIMIT] } })
const dataDir = mkdtempSync(join(tmpdir(), 'footnote-reviews-'))
let test: TestServices
let listener: RequestListener
const door = createServer((request, response) => listener(request, response))

beforeAll(async () => {
  test = await openTestServices({ chat })
  await test.readFeed(test.writeFeed(toRss(LIBRARY)))
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
})

afterAll(async () => {
  door.closeAllConnections()
  await new Promise((resolve) => door.close(resolve))
  await test[Symbol.asyncDispose]()
  rmSync(dataDir, { recursive: true })
})

beforeEach(async () => {
  chat.script = { pieces: [LIMIT] }
  const { pool } = test.services.database
  await pool.query('delete from kept_case')
  await pool.query('delete from review')
})

const { signal } = new AbortController()

interface Outcome {
  readonly printed: readonly string[]
  readonly error: AppError | undefined
}

async function run(
  command: (context: CommandContext) => Promise<void>,
  { isJson = false } = {},
): Promise<Outcome> {
  const printed: string[] = []
  try {
    await command({
      config: loadConfig({ DATA_DIR: dataDir }),
      signal,
      isJson,
      print: (text) => void printed.push(text),
      preview: () => undefined,
      note: () => undefined,
    })
    return { printed, error: undefined }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return { printed, error }
  }
}

async function request(path: string, body: object): Promise<unknown> {
  const client = createDoorClient(dataDir)
  try {
    return await client.request(path, { method: 'POST', body, signal })
  } finally {
    await client.close()
  }
}

/** Asks, lets a reader mark the answer, and gives the review's id. */
async function markWrong(question = QUESTION): Promise<string> {
  const { id } = (await request('/v1/chat', { question })) as { id: string }
  await request(`/v1/answers/${id}/feedback`, {
    rating: 'down',
    comment: 'Too long.',
    correction: '8000 bytes.',
  })
  const { printed } = await run(reviewList, { isJson: true })
  const { items } = JSON.parse(printed[0] ?? '') as { items: { id: string; answerIds: string[] }[] }
  return items.find(({ answerIds }) => answerIds.includes(id))?.id ?? ''
}

describe('review', () => {
  it('lists what waits, the most pressing first', async () => {
    expect((await run(reviewList)).printed).toEqual(['Nothing waits for a review.'])
    chat.script = { pieces: [NONSENSE] }
    chat.statesAnswer = 0.1
    await run((context) => ask(context, 'Who paints\nthe moon?'))
    chat.script = { pieces: [LIMIT] }
    chat.statesAnswer = 0.9
    const id = await markWrong()
    const { printed } = await run(reviewList)
    expect(printed).toEqual([
      `${id}\tthumb-down\t1 answer\t${QUESTION}`,
      expect.stringMatching(
        /^review_\S+\tdropped-sentence, refused\t1 answer\tWho paints the moon\?$/,
      ),
    ])
  })

  it('lists more than a page', async () => {
    const { pool } = test.services.database
    await pool.query(
      `insert into review (id, question, question_key, priority)
       select 'review_' || at, 'Q' || at, 'key' || at, 3 from generate_series(1, 230) as at`,
    )
    expect((await run(reviewList)).printed).toHaveLength(230)
  })

  it('shows its answers, what was dropped and what readers said', async () => {
    chat.script = { pieces: [`${LIMIT} ${NONSENSE}`] }
    const id = await markWrong()
    const { printed } = await run((context) => reviewShow(context, id))
    for (const words of [
      QUESTION,
      `${id}: open; thumb-down, dropped-sentence`,
      `${LIMIT} [1]`,
      `Dropped: ${NONSENSE} (`,
      'Thumb down; comment: Too long.; correction: 8000 bytes.',
    ]) {
      expect(printed.join('')).toContain(words)
    }
    const sent = await run((context) => reviewShow(context, id), { isJson: true })
    expect(JSON.parse(sent.printed[0] ?? '')).toMatchObject({
      id,
      answers: [{ status: 'answered' }],
    })
    const none = await run((context) => reviewShow(context, 'review_none'))
    expect(none.error).toMatchObject({ code: 'not-found' })
  })
})

describe('review settle', () => {
  const settle = (id: string, options: Parameters<typeof reviewSettle>[2]) =>
    run((context) => reviewSettle(context, id, options))

  it('dismisses and corrects, each once', async () => {
    const first = await markWrong()
    expect((await settle(first, { dismiss: true })).printed).toEqual([`${first} is done: dismiss`])
    expect((await settle(first, { dismiss: true })).error).toMatchObject({ code: 'conflict' })
    const second = await markWrong()
    const corrected = await settle(second, { correct: '8000 bytes.' })
    expect(corrected.printed).toEqual([`${second} is done: correct`])
    const { printed } = await run((context) => reviewShow(context, second))
    expect(printed.join('')).toContain('done, correct; thumb-down\nCorrection: 8000 bytes.')
  })

  it('keeps golden cases, which are exported as lines', async () => {
    const given = '{"id":"notify-limit","must_not":["9000"]}'
    await settle(await markWrong(), { golden: true, correct: 'At most 8000 bytes.', case: given })
    await settle(await markWrong('Is a NOTIFY payload limited?'), { golden: true })
    const { printed } = await run(evalExport)
    expect(printed).toHaveLength(2)
    expect(printed.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { id: 'notify-limit', reference: 'At most 8000 bytes.', must_not: ['9000'] },
      { question: 'Is a NOTIFY payload limited?', facts: [['8000']] },
    ])
    expect(printed[0]).toMatch(/^\{"id":"notify-limit","question":/)
  })

  it.each([
    {},
    { dismiss: true, golden: true },
    { dismiss: true, correct: 'So.' },
    { correct: 'So.', case: '{}' },
    { dismiss: true, case: '{}' },
    { case: '{}' },
    { golden: true, case: 'facts' },
  ])('refuses %j', async (options) => {
    const { error } = await settle('review_none', options)
    expect(error).toMatchObject({ code: 'invalid-request' })
  })
})

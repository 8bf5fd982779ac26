// How many answers a minute people get, and how long they wait, when 1, 4 and 16 of them ask at once over
// HTTP; and what an answer that is given again costs beside the search alone. Nothing else may run:
// `npx tsx bench/people.ts [ROUNDS]`, each round asking every question once.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PASSAGE_TOKENS } from '../src/answering/create-answer-steps.ts'
import { loadConfig } from '../src/config.ts'
import { createSseParser } from '../web/sse-parser.ts'
import { median, percentile, REAL_FEED, startBenchService } from './start-bench-service.ts'

const PEOPLE = [1, 4, 16]
const ROUNDS = Number(process.argv[2] ?? 1)
/** Of each question, given again and searched for in turn. */
const REPETITIONS = 5

const questions = readFileSync(join(import.meta.dirname, 'questions.txt'), 'utf8')
  .trim()
  .split('\n')

interface SentAnswer {
  readonly status: 'answered' | 'refused' | 'extracted'
  readonly cached: boolean
  readonly timings: { readonly queuedMs: number }
}

interface Asked {
  readonly firstWordMs: number | undefined
  readonly totalMs: number
  readonly answer: SentAnswer
}

interface Crowd {
  readonly people: number
  readonly minutes: number
  readonly asked: readonly Asked[]
  /** Told to come again, because the queue was full. */
  readonly turnedAway: number
}

/** Null where the queue is full; it says after how many seconds to come again. */
async function ask(
  url: string,
  body: { readonly question: string; readonly fresh: boolean },
): Promise<Asked | { readonly retryAfterS: number }> {
  const startedAt = performance.now()
  const response = await fetch(`${url}/v1/chat`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ ...body, stream: true }),
  })
  if (response.status === 503) return { retryAfterS: Number(response.headers.get('retry-after')) }
  let firstWordMs: number | undefined
  for await (const { event, data } of eventsOf(response)) {
    if (event === 'answer-delta') firstWordMs ??= performance.now() - startedAt
    if (event === 'answer-error') throw new Error(`${body.question}: ${data}`)
    if (event !== 'answer-end') continue
    const totalMs = performance.now() - startedAt
    return { firstWordMs, totalMs, answer: JSON.parse(data) as SentAnswer }
  }
  throw new Error(`${body.question}: the answer broke off.`)
}

async function* eventsOf(response: Response) {
  const parser = createSseParser()
  const decoder = new TextDecoder()
  for await (const bytes of response.body ?? []) {
    yield* parser.push(decoder.decode(bytes as Uint8Array, { stream: true }))
  }
}

/** So many people share the questions, each asking the next one when the last is answered. */
async function crowd(url: string, people: number): Promise<Crowd> {
  const open = Array.from({ length: ROUNDS }, () => questions).flat()
  const asked: Asked[] = []
  let turnedAway = 0
  const person = async () => {
    for (let question = open.shift(); question !== undefined; question = open.shift()) {
      let reply = await ask(url, { question, fresh: true })
      while ('retryAfterS' in reply) {
        turnedAway += 1
        await sleep(reply.retryAfterS * 1_000)
        reply = await ask(url, { question, fresh: true })
      }
      asked.push(reply)
    }
  }
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: people }, person))
  return { people, minutes: (performance.now() - startedAt) / 60_000, asked, turnedAway }
}

function toRow({ people, minutes, asked, turnedAway }: Crowd): readonly string[] {
  const count = (status: SentAnswer['status']) =>
    asked.filter(({ answer }) => answer.status === status).length
  // Quotes that stand in for an answer are no answers.
  const written = asked.filter(({ answer }) => answer.status !== 'extracted')
  const totals = asked.map(({ totalMs }) => totalMs)
  const words = asked.flatMap(({ firstWordMs }) => firstWordMs ?? [])
  const queued = asked.map(({ answer }) => answer.timings.queuedMs)
  return [
    String(people),
    (written.length / minutes).toFixed(1),
    seconds(median(totals)),
    seconds(percentile(totals, 0.95)),
    seconds(percentile(words, 0.95)),
    seconds(percentile(queued, 0.95)),
    [count('answered'), count('refused'), count('extracted'), turnedAway].join(' / '),
  ]
}

function seconds(ms: number): string {
  return Number.isNaN(ms) ? '–' : `${(ms / 1_000).toFixed(2)} s`
}

function printTable(rows: readonly (readonly string[])[]): void {
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0))) ?? []
  for (const row of rows) {
    console.log(row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  '))
  }
}

interface Again {
  readonly againMs: number
  readonly searchMs: number
}

/** Null where the answer is not given again: quotes are not kept for that. */
async function compareAgain(url: string, question: string): Promise<Again | null> {
  const again: number[] = []
  const searches: number[] = []
  await ask(url, { question, fresh: false })
  for (let at = 0; at < REPETITIONS; at += 1) {
    const startedAt = performance.now()
    const query = new URLSearchParams({ q: question, tokens: String(PASSAGE_TOKENS) })
    await (await fetch(`${url}/v1/search?${query.toString()}`)).json()
    searches.push(performance.now() - startedAt)
    const reply = await ask(url, { question, fresh: false })
    if ('retryAfterS' in reply || !reply.answer.cached) return null
    again.push(reply.totalMs)
  }
  return { againMs: median(again), searchMs: median(searches) }
}

const config = loadConfig(process.env)
await using bench = await startBenchService({ FEEDS: REAL_FEED })
await ask(bench.url, { question: 'Are you there?', fresh: true })

const model = config.chatModel.kind === 'none' ? 'no chat model' : config.chatModel.name
console.log(`${model}, ${config.modelThreads} threads, ${questions.length * ROUNDS} questions each`)
const rows = [
  [
    'people',
    'answers/min',
    'median',
    'p95',
    'first word p95',
    'queue p95',
    'answered / refused / extracted / turned away',
  ],
]
for (const people of PEOPLE) rows.push([...toRow(await crowd(bench.url, people))])
printTable(rows)

const compared: Again[] = []
for (const question of questions) {
  const one = await compareAgain(bench.url, question)
  if (one !== null) compared.push(one)
}
if (compared.length === 0) console.log('no answer was given again')
else {
  const ratios = compared.map(({ againMs, searchMs }) => againMs / searchMs)
  const again = median(compared.map(({ againMs }) => againMs)).toFixed(0)
  const search = median(compared.map(({ searchMs }) => searchMs)).toFixed(0)
  console.log(
    `given again ${again} ms, search alone ${search} ms, over it: median ${median(ratios).toFixed(2)}, p95 ${percentile(ratios, 0.95).toFixed(2)} (${compared.length} of ${questions.length} questions)`,
  )
}
process.exit()

// How long an answer takes and where the time goes, one person asking, beside the bare model reading
// the same prompts in the same run. Nothing else may run: `npx tsx bench/answers.ts`.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { getLlama, resolveChatWrapper, type LlamaContextSequence } from 'node-llama-cpp'
import { ANSWER_PREFIX } from '../src/answering/prompt.ts'
import { loadConfig } from '../src/config.ts'
import { createModelStore } from '../src/models/model-store.ts'
import { createSseParser } from '../web/sse-parser.ts'
import { median, percentile, REAL_FEED, startBenchService } from './start-bench-service.ts'

interface Timed {
  readonly sourcesMs: number
  readonly firstMs: number | undefined
  readonly lastMs: number | undefined
  readonly totalMs: number
  readonly promptTokens: number
  readonly prompt: string | null
}

interface SentAnswer {
  readonly id: string
  readonly tokens: { readonly prompt: number }
}

async function ask(url: string, question: string): Promise<Timed> {
  const startedAt = performance.now()
  const seen = new Map<string, number>()
  let answer: SentAnswer = { id: '', tokens: { prompt: 0 } }
  for await (const { event, data } of stream(url, question)) {
    const sinceMs = performance.now() - startedAt
    if (!seen.has(event)) seen.set(event, sinceMs)
    seen.set(`last ${event}`, sinceMs)
    if (event === 'answer-end') answer = JSON.parse(data) as SentAnswer
  }
  const kept = (await (await fetch(`${url}/v1/answers/${answer.id}`)).json()) as {
    trace: { prompt: string | null }
  }
  return {
    sourcesMs: seen.get('sources-available') ?? Number.NaN,
    firstMs: seen.get('answer-delta'),
    lastMs: seen.get('last answer-delta'),
    totalMs: seen.get('answer-end') ?? Number.NaN,
    promptTokens: answer.tokens.prompt,
    prompt: kept.trace.prompt,
  }
}

async function* stream(url: string, question: string) {
  const response = await fetch(`${url}/v1/chat`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ question, stream: true, fresh: true }),
  })
  const parser = createSseParser()
  const decoder = new TextDecoder()
  for await (const bytes of response.body ?? []) {
    yield* parser.push(decoder.decode(bytes as Uint8Array, { stream: true }))
  }
}

/** node-llama-cpp alone: reads a prompt behind the kept prefix and gives its first token. */
async function openBare(file: string, threads: number) {
  const llama = await getLlama({
    gpu: false,
    build: 'never',
    skipDownload: true,
    maxThreads: threads,
  })
  const model = await llama.loadModel({ modelPath: file, gpuLayers: 0 })
  const context = await model.createContext({ contextSize: 2048, threads })
  const sequence: LlamaContextSequence = context.getSequence()
  const wrapper = resolveChatWrapper(model)
  return async (prompt: string): Promise<number> => {
    const { contextText } = wrapper.generateContextState({
      chatHistory: [
        { type: 'system', text: ANSWER_PREFIX },
        { type: 'user', text: prompt },
        { type: 'model', response: [''] },
      ],
    })
    const tokens = contextText.tokenize(model.tokenizer)
    const startedAt = performance.now()
    await sequence.adaptStateToTokens(tokens, false)
    await sequence.evaluate(tokens.slice(sequence.nextTokenIndex), { temperature: 0 }).next()
    return performance.now() - startedAt
  }
}

const config = loadConfig(process.env)
const questions = readFileSync(join(import.meta.dirname, 'questions.txt'), 'utf8')
  .trim()
  .split('\n')
await using bench = await startBenchService({ FEEDS: REAL_FEED })
const name = config.chatModel.kind === 'llama' ? config.chatModel.name : ''
const file = await createModelStore({ dir: config.modelsDir }).ensureChat(name)
const readBare = await openBare(file, config.modelThreads)
await ask(bench.url, 'Are you there?')
await readBare('Are you there?')

const timed: Timed[] = []
const ratios: number[] = []
for (const question of questions) {
  const one = await ask(bench.url, question)
  timed.push(one)
  if (one.firstMs === undefined || one.prompt === null) continue
  ratios.push(one.firstMs / (await readBare(one.prompt)))
}

const parts = {
  sources: timed.map(({ sourcesMs }) => sourcesMs),
  read: timed.flatMap(({ sourcesMs, firstMs }) =>
    firstMs === undefined ? [] : firstMs - sourcesMs,
  ),
  write: timed.flatMap(({ firstMs, lastMs }) =>
    firstMs === undefined || lastMs === undefined ? [] : lastMs - firstMs,
  ),
  check: timed.flatMap(({ lastMs, totalMs }) => (lastMs === undefined ? [] : totalMs - lastMs)),
  whole: timed.map(({ totalMs }) => totalMs),
}
console.log(`${questions.length} questions, ${config.modelThreads} threads, ${name}`)
console.log(
  `prompt tokens: median ${median(timed.map((each) => each.promptTokens))}, most ${Math.max(...timed.map((each) => each.promptTokens))}`,
)
for (const [part, values] of Object.entries(parts)) {
  console.log(
    `${part.padEnd(8)} median ${median(values).toFixed(0)} ms, p95 ${percentile(values, 0.95).toFixed(0)} ms`,
  )
}
console.log(
  `first word over the bare model: median ${median(ratios).toFixed(3)}, p95 ${percentile(ratios, 0.95).toFixed(3)}`,
)
process.exit()

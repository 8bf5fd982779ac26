import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { AppError } from '../src/errors.ts'
import type { KeptAnswer } from '../src/store/answers.ts'
import { messagesOf, type GoldenCase } from './golden-case.ts'
import { isRefusalText } from './refusal-text.ts'
import { toCaseAnswer } from './sent-answer.ts'
import type { Target } from './target.ts'

/** A local model at another address may take its time; what takes longer hangs. */
const ANSWER_TIMEOUT_MS = 180_000
const PAGE = 100

/**
 * Asks whoever answers at the address, which names itself by what it answers to: a Footnote by its
 * `/healthz`, anything else by its list of models. A key stands in the address, as its password.
 */
export async function openHttpTarget(address: string, signal: AbortSignal): Promise<Target> {
  refuseQuery(address)
  const client = createClient(address)
  const health = await findFootnote(client, signal)
  return health === undefined
    ? openCompletions(client, signal)
    : openFootnote(client, { hasChat: health.parts.chat.status !== 'none', signal })
}

/** A key in a query would be kept with the run and shown in its reports. */
export function refuseQuery(address: string): void {
  const { search, protocol, host, pathname } = new URL(address)
  if (search === '') return
  throw new AppError(
    'invalid-request',
    `The address of a target has no query: a key stands in the address as its password, such as ${protocol}//:KEY@${host}${pathname}.`,
  )
}

/** An address without its key, as it may be shown. */
export function withoutKey(address: string): string {
  const url = new URL(address)
  url.username = ''
  url.password = ''
  return url.href
}

interface Client {
  readonly shown: string
  /** Of a server with several: it stands behind the address' #. */
  readonly model: string | undefined
  /**
   * Parsed JSON of a 2xx answer, as text that can be kept; `model-busy` where it is to be asked again,
   * `model-unavailable` for everything else.
   */
  request(path: string, options: RequestOptions): Promise<unknown>
}

interface RequestOptions {
  readonly body?: object
  readonly signal: AbortSignal
}

function createClient(address: string): Client {
  const { origin, pathname, password, username, hash } = new URL(address)
  const base = origin + pathname.replace(/\/+$/, '')
  const key = decode(password || username)
  const headers = {
    'Content-Type': 'application/json',
    ...(key === '' ? {} : { Authorization: `Bearer ${key}` }),
  }
  const shown = withoutKey(address)
  return {
    shown,
    model: hash === '' ? undefined : toStorableText(decode(hash.slice(1))),
    async request(path, { body, signal }) {
      const { response, text } = await fetch(base + path, {
        method: body === undefined ? 'GET' : 'POST',
        headers,
        redirect: 'error',
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
      })
        // A body that breaks off is no answer either.
        .then(async (response) => ({ response, text: await response.text() }))
        .catch((cause: unknown) => {
          signal.throwIfAborted()
          throw new AppError('model-unavailable', `${shown} does not answer.`, { cause })
        })
      const json = parseAnswer(text)
      if (response.ok && json !== undefined) return json
      if (isBusy(response.status, json)) {
        throw new AppError('model-busy', `${shown} takes no more questions at the moment.`)
      }
      const what = response.ok ? 'something that is not JSON' : String(response.status)
      throw new AppError('model-unavailable', `${shown} answered ${path} with ${what}.`)
    },
  }
}

/** A sign that is no escape stands for itself. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** Undefined where it is no JSON, or nested too deep to be an answer. */
function parseAnswer(text: string): unknown {
  try {
    return toStorable(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** Every text in it, however deep, as Postgres can keep it. */
function toStorable(value: unknown): unknown {
  if (typeof value === 'string') return toStorableText(value)
  if (Array.isArray(value)) return value.map(toStorable)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [toStorableText(name), toStorable(each)]),
  )
}

function toStorableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '')
}

/** A Footnote's, by its own calls or by those of OpenAI's clients. */
const busyReply = z
  .object({ code: z.string().optional(), error: z.object({ code: z.string() }).optional() })
  .catch({})

/** Too many questions at once say nothing of how good the answers are. */
function isBusy(status: number, json: unknown): boolean {
  const { code, error } = busyReply.parse(json)
  return status === 429 || (status === 503 && (code ?? error?.code) === 'model-busy')
}

function nonsense({ shown }: Client, wanted: string): AppError {
  return new AppError(
    'model-unavailable',
    `${shown} answered what is not ${wanted}. Name a Footnote, or the /v1 address of an OpenAI-compatible server.`,
  )
}

const health = z.object({
  parts: z.object({ chat: z.object({ status: z.string().optional() }), corpus: z.unknown() }),
})

async function findFootnote(client: Client, signal: AbortSignal) {
  const answer = await client.request('/healthz', { signal }).catch((error: unknown) => {
    if (error instanceof AppError && error.code === 'model-unavailable') return undefined
    throw error
  })
  return health.safeParse(answer).data
}

const articlePage = z.object({
  items: z.array(z.object({ id: z.string(), guid: z.string().nullable() })),
  next: z.string().nullable(),
})

interface FootnoteOptions {
  /** Whether it is configured with a chat model; without one its answers are extracts. */
  readonly hasChat: boolean
  readonly signal: AbortSignal
}

async function openFootnote(client: Client, { hasChat, signal }: FootnoteOptions): Promise<Target> {
  return {
    guids: await listGuids(client, signal),
    async ask({ golden }, caseSignal) {
      const given = await client.request('/v1/chat', { body: toChat(golden), signal: caseSignal })
      const { id } = z.object({ id: z.string() }).catch({ id: '' }).parse(given)
      const path = `/v1/answers/${encodeURIComponent(id)}`
      const kept = await client.request(path, { signal: caseSignal })
      const trace = z.object({ trace: z.looseObject({}) }).safeParse(kept).data?.trace ?? {}
      const answer = toKept(client, { body: given, trace })
      requireWhole(client, answer, hasChat)
      return answer
    },
  }
}

/** Figures of a search by keywords alone, or of extracts, would be taken for those of the whole. */
function requireWhole({ shown }: Client, answer: KeptAnswer, hasChat: boolean): void {
  const { degraded } = z.object({ degraded: z.unknown().optional() }).parse(answer.body)
  if (degraded != null) {
    throw new AppError(
      'model-unavailable',
      `${shown} searched by keywords alone: its embedding model did not answer, or its library is still being embedded.`,
    )
  }
  if (hasChat && isUnwritten(answer)) {
    throw new AppError('model-unavailable', `The chat model of ${shown} did not answer.`)
  }
}

const writing = z.object({ generated: z.string().nullable(), passages: z.array(z.unknown()) })

/** The best sentences, or a refusal because none is near enough, stood in for the model's words. */
function isUnwritten({ status, reason, trace }: KeptAnswer): boolean {
  const { data } = writing.safeParse(trace)
  return (
    status === 'extracted' ||
    reason === 'model-unavailable' ||
    (data !== undefined && data.generated === null && data.passages.length > 0)
  )
}

function toChat(golden: GoldenCase): object {
  const { as_of } = golden
  return {
    messages: messagesOf(golden),
    ...(as_of === undefined ? {} : { filters: { asOf: as_of } }),
    // An answer from a cache would say nothing of what the service does now.
    fresh: true,
  }
}

async function listGuids(
  client: Client,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const guids = new Map<string, string>()
  let cursor = ''
  do {
    const query = new URLSearchParams({ limit: String(PAGE), ...(cursor === '' ? {} : { cursor }) })
    const page = articlePage.safeParse(
      await client.request(`/v1/articles?${query.toString()}`, { signal }),
    )
    if (!page.success) throw nonsense(client, 'a page of articles')
    for (const { id, guid } of page.data.items) guids.set(id, guid ?? id)
    cursor = page.data.next ?? ''
  } while (cursor !== '')
  return guids
}

function toKept(
  client: Client,
  { body, trace }: { readonly body: unknown; readonly trace: object },
): KeptAnswer {
  const answer = toCaseAnswer({ body, trace }, { guids: new Map() })
  if (answer === null) throw nonsense(client, 'an answer')
  const { question } = z.object({ question: z.string() }).catch({ question: '' }).parse(body)
  return {
    ...answer,
    // Its own id is of another library, and may be one of this one's.
    id: `ans_${randomUUID()}`,
    question,
    corpusRevision: 0,
    body: body as object,
    trace,
    articleIds: [],
  }
}

const modelList = z.object({ data: z.array(z.object({ id: z.string() })).min(1) })
const completion = z.object({
  choices: z.array(z.object({ message: z.object({ content: z.string() }) })).min(1),
  usage: z
    .object({ prompt_tokens: z.number(), completion_tokens: z.number() })
    .optional()
    .catch(undefined),
})

async function findModel(client: Client, signal: AbortSignal): Promise<string> {
  const models = modelList.safeParse(await client.request('/models', { signal }))
  const [first, second] = models.data?.data ?? []
  if (first === undefined) throw nonsense(client, 'a list of models')
  if (second === undefined) return first.id
  throw new AppError(
    'invalid-request',
    `${client.shown} has several models: name one behind the address, such as ${client.shown}#${first.id}.`,
  )
}

/** A server that completes chats has no articles and no footnotes: its words alone are scored. */
async function openCompletions(client: Client, signal: AbortSignal): Promise<Target> {
  const model = client.model ?? (await findModel(client, signal))
  return {
    guids: new Map(),
    async ask({ golden }, caseSignal) {
      const startedAt = performance.now()
      const { question } = golden
      const body = {
        model,
        messages: messagesOf(golden),
        temperature: 0,
        seed: 0,
      }
      const given = await client.request('/chat/completions', { body, signal: caseSignal })
      const parsed = completion.safeParse(given)
      const text = parsed.data?.choices[0]?.message.content
      if (text === undefined) throw nonsense(client, 'a completion')
      const totalMs = Math.round(performance.now() - startedAt)
      return toKept(client, {
        body: toBody({ text, model, question, totalMs, usage: parsed.data?.usage }),
        trace: {},
      })
    },
  }
}

interface Completed {
  readonly text: string
  readonly model: string
  readonly question: string
  readonly totalMs: number
  readonly usage: z.output<typeof completion>['usage']
}

function toBody({ text, model, question, totalMs, usage }: Completed): object {
  const isRefused = isRefusalText(text)
  return {
    id: null,
    status: isRefused ? 'refused' : 'answered',
    reason: isRefused ? 'not-answered' : null,
    question,
    answer: text,
    sentences: [],
    citations: [],
    sources: [],
    models: { chat: model },
    tokens: { prompt: usage?.prompt_tokens ?? 0, completion: usage?.completion_tokens ?? 0 },
    timings: { searchMs: 0, firstTokenMs: null, totalMs },
  }
}

import { isIPv6 } from 'node:net'
import { availableParallelism, homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { AppError, type Fault } from './errors.ts'

/** Empty is unset, so that a line of `.env` may be left blank. */
const text = z.preprocess((value) => (value === '' ? undefined : value), z.string().optional())

const words = text.transform((value) => value?.split(/\s+/).filter((word) => word !== '') ?? [])

/** A list in which every word must be right; each that is not is named. */
function wordsThat(isRight: (word: string) => boolean, wanted: string) {
  return words.superRefine((given, context) => {
    for (const word of given.filter((each) => !isRight(each))) {
      context.addIssue({ code: 'custom', message: `must be ${wanted}, and holds "${word}"` })
    }
  })
}

function wholeNumber(low: number, high: number, fallback: number) {
  return text.transform((value, context) => {
    const number = value === undefined ? fallback : /^\d+$/.test(value) ? Number(value) : NaN
    if (number >= low && number <= high) return number
    context.addIssue({
      code: 'custom',
      message: `must be a whole number from ${low} to ${high}, and is "${value}"`,
    })
    return z.NEVER
  })
}

function url(protocols: readonly string[], example: string) {
  return text.refine(
    (value) =>
      value === undefined || (URL.canParse(value) && protocols.includes(new URL(value).protocol)),
    { message: `must be an address such as ${example}` },
  )
}

function model(kinds: readonly string[], example: string) {
  return text.refine(
    (value) =>
      value === undefined ||
      kinds.some((kind) =>
        kind.endsWith(':') ? value.startsWith(kind) && value.length > kind.length : value === kind,
      ),
    { message: `must begin with one of ${kinds.join(', ')}, such as ${example}` },
  )
}

/** A file, or an address that can be fetched: anything else would only fail at every refresh. */
function isFeed(word: string): boolean {
  const scheme = schemeOf(word)
  if (scheme === undefined) return true
  return ['http', 'https', 'file'].includes(scheme) && URL.canParse(word)
}

/** As a browser sends it: no path, no slash behind it. */
function isOrigin(word: string): boolean {
  return URL.canParse(word) && /^https?:/.test(word) && new URL(word).origin === word
}

/** Fetch takes no such address. */
function hasCredentials(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { username, password } = new URL(value)
  return username !== '' || password !== ''
}

/** `host:port` or `host`. */
function isHost(word: string): boolean {
  return isIPv6(word) || (/^[^/?#@\\]+$/.test(word) && URL.canParse(`http://${word}/`))
}

/** `*`, a number or a name, a range, or a step, and lists of them. */
const CRON_ITEM = /^[\da-z*][\da-z*/-]*$/i

/** In outline; the scheduler reads it whole. */
function isCron(value: string): boolean {
  const fields = value.trim().split(/\s+/)
  return (
    fields.length === 5 &&
    fields.every((field) => field.split(',').every((item) => CRON_ITEM.test(item)))
  )
}

function isTimezone(value: string): boolean {
  try {
    new Intl.DateTimeFormat(undefined, { timeZone: value })
    return true
  } catch {
    return false
  }
}

const postgresUrl = url(['postgres:', 'postgresql:'], 'postgres://user@host/name')

/** Every setting; `.env.example` explains them, and a test keeps the two alike. */
export const settings = z.object({
  FEEDS: wordsThat(isFeed, 'http or https addresses or files'),
  REFRESH_MINUTES: wholeNumber(1, 10_080, 60),
  FEED_PRIVATE_ALLOW: wordsThat(isHost, 'hosts such as 10.1.2.3:8080'),
  CHAT_MODEL: model(
    ['llama:', 'ollama:', 'openai:', 'none'],
    'llama:qwen2.5-coder-1.5b-instruct-q4_k_m',
  ),
  EMBEDDING_MODEL: model(['onnx:', 'ollama:'], 'onnx:bge-small-en-v1.5-q8'),
  JUDGE_MODEL: model(['llama:', 'ollama:', 'openai:', 'none'], 'ollama:qwen2.5:14b'),
  EVAL_AT: text.refine((value) => value === undefined || isCron(value), {
    message: 'must be a cron expression of five fields, such as 0 3 * * *',
  }),
  EVAL_TIMEZONE: text.refine((value) => value === undefined || isTimezone(value), {
    message: 'must be a time zone such as Europe/Berlin',
  }),
  EVAL_WEBHOOK: url(['http:', 'https:'], 'https://hooks.example/footnote').refine(
    (value) => value === undefined || !hasCredentials(value),
    {
      message:
        'must have no user and password before its host, which cannot be sent: a key stands in its path or query',
    },
  ),
  OLLAMA_HOST: url(['http:', 'https:'], 'http://127.0.0.1:11434'),
  OPENAI_BASE_URL: url(['http:', 'https:'], 'http://127.0.0.1:8000/v1').refine(
    (value) => value === undefined || !hasCredentials(value),
    { message: 'must have no user and password before its host: the key is OPENAI_API_KEY' },
  ),
  OPENAI_API_KEY: text.refine((value) => value === undefined || /^[\x21-\x7e]+$/.test(value), {
    message: 'must have letters, digits and signs alone, without spaces',
  }),
  MODELS_DIR: text,
  CALIBRATION_FILE: text,
  MODEL_THREADS: wholeNumber(1, 256, defaultThreads()),
  MAX_WAITING_QUESTIONS: wholeNumber(0, 1_000, 16),
  FIRST_WORD_SECONDS: wholeNumber(1, 3_600, 60),
  NEXT_WORD_SECONDS: wholeNumber(1, 3_600, 20),
  ANSWER_SECONDS: wholeNumber(1, 3_600, 180),
  ANSWERS_KEEP_DAYS: wholeNumber(1, 3_650, 90),
  DATA_DIR: text,
  DATABASE_URL: postgresUrl,
  MIGRATE_DATABASE_URL: postgresUrl,
  HOST: text,
  PORT: wholeNumber(0, 65_535, 3000),
  API_KEY: text.refine((value) => value === undefined || /^[\x21-\x7e]{16,}$/.test(value), {
    message: 'must have at least 16 characters: letters, digits and signs without spaces',
  }),
  ALLOWED_ORIGINS: wordsThat(isOrigin, 'origins such as https://reader.example'),
  LOG_LEVEL: text.refine(
    (value) => value === undefined || ['error', 'warn', 'info', 'debug'].includes(value),
    { message: 'must be one of error, warn, info, debug' },
  ),
})

export type ModelChoice =
  | { readonly kind: 'llama' | 'ollama' | 'openai' | 'onnx'; readonly name: string }
  | { readonly kind: 'none' }

export interface Config {
  readonly feeds: readonly string[]
  readonly refreshMinutes: number
  readonly feedPrivateAllow: readonly string[]
  readonly chatModel: ModelChoice
  readonly embeddingModel: ModelChoice
  readonly judgeModel: ModelChoice
  readonly evalAt: string
  readonly evalTimezone: string
  readonly evalWebhook: string | undefined
  readonly ollamaHost: string
  readonly openAi: { readonly baseUrl: string; readonly apiKey: string | undefined }
  readonly modelsDir: string
  readonly calibrationFile: string | undefined
  readonly modelThreads: number
  readonly maxWaitingQuestions: number
  readonly deadlines: {
    readonly firstMs: number
    readonly betweenMs: number
    readonly totalMs: number
  }
  readonly answersKeepDays: number
  readonly dataDir: string
  readonly databaseUrl: string | undefined
  readonly migrateDatabaseUrl: string | undefined
  readonly host: string
  readonly port: number
  readonly apiKey: string | undefined
  readonly allowedOrigins: readonly string[]
  /** Unset: warnings on a terminal, everything elsewhere. */
  readonly logLevel: string | undefined
}

const LOOPBACK = '127.0.0.1'
const DEFAULT_CHAT_MODEL = 'llama:qwen2.5-coder-1.5b-instruct-q4_k_m'
const DEFAULT_EMBEDDING_MODEL = 'onnx:bge-small-en-v1.5-q8'

/** Reads the settings once, at start; every bad one is named in a single `config-invalid`. */
export function loadConfig(env: Record<string, string | undefined>): Config {
  const values = parseSettings(env)
  return Object.freeze({
    feeds: values.FEEDS.map(toFeedAddress),
    refreshMinutes: values.REFRESH_MINUTES,
    feedPrivateAllow: values.FEED_PRIVATE_ALLOW,
    chatModel: toChoice(values.CHAT_MODEL ?? DEFAULT_CHAT_MODEL),
    embeddingModel: toChoice(values.EMBEDDING_MODEL ?? DEFAULT_EMBEDDING_MODEL),
    judgeModel: toChoice(values.JUDGE_MODEL ?? 'none'),
    evalAt: values.EVAL_AT ?? '0 3 * * *',
    evalTimezone: values.EVAL_TIMEZONE ?? new Intl.DateTimeFormat().resolvedOptions().timeZone,
    evalWebhook: values.EVAL_WEBHOOK,
    ollamaHost: values.OLLAMA_HOST ?? 'http://127.0.0.1:11434',
    openAi: toOpenAi(values),
    modelsDir: resolve(values.MODELS_DIR ?? defaultModelsDir(env)),
    calibrationFile: toPath(values.CALIBRATION_FILE),
    modelThreads: values.MODEL_THREADS,
    maxWaitingQuestions: values.MAX_WAITING_QUESTIONS,
    deadlines: {
      firstMs: values.FIRST_WORD_SECONDS * 1_000,
      betweenMs: values.NEXT_WORD_SECONDS * 1_000,
      totalMs: values.ANSWER_SECONDS * 1_000,
    },
    answersKeepDays: values.ANSWERS_KEEP_DAYS,
    dataDir: resolve(values.DATA_DIR ?? './data'),
    databaseUrl: values.DATABASE_URL,
    migrateDatabaseUrl: values.MIGRATE_DATABASE_URL,
    host: values.HOST ?? LOOPBACK,
    port: values.PORT,
    apiKey: values.API_KEY,
    allowedOrigins: values.ALLOWED_ORIGINS,
    logLevel: values.LOG_LEVEL,
  })
}

function toOpenAi({
  OPENAI_BASE_URL,
  OPENAI_API_KEY,
}: z.output<typeof settings>): Config['openAi'] {
  return { baseUrl: OPENAI_BASE_URL ?? 'https://api.openai.com/v1', apiKey: OPENAI_API_KEY }
}

function parseSettings(env: Record<string, string | undefined>): z.output<typeof settings> {
  const parsed = settings.safeParse(env)
  const errors = (parsed.error?.issues ?? []).map(toFault)
  const host = env['HOST'] || LOOPBACK
  if (!env['API_KEY'] && !isLoopback(host)) errors.push(openHost(host))
  if (!parsed.success || errors.length > 0) throw invalid(errors)
  return parsed.data
}

function toFault({ path, message }: z.core.$ZodIssue): Fault {
  return { path: path.join('.'), message }
}

function openHost(host: string): Fault {
  const message = `is ${host}, which others reach: set API_KEY, or leave HOST at ${LOOPBACK}`
  return { path: 'HOST', message }
}

function invalid(errors: readonly Fault[]): AppError {
  const list = errors.map(({ path, message }) => `${path} ${message}`).join('; ')
  return new AppError('config-invalid', `Some settings are wrong: ${list}.`, { errors })
}

/** A feed is an address or a file; a file's path is made absolute where the service starts. */
export function toFeedAddress(feed: string): string {
  return schemeOf(feed) === undefined ? resolve(feed) : feed
}

function schemeOf(feed: string): string | undefined {
  return /^([a-z][a-z0-9+.-]*):/i.exec(feed)?.[1]?.toLowerCase()
}

function toChoice(value: string): ModelChoice {
  if (value === 'none') return { kind: 'none' }
  const at = value.indexOf(':')
  const kind = value.slice(0, at) as 'llama' | 'ollama' | 'openai' | 'onnx'
  return { kind, name: value.slice(at + 1) }
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

/**
 * Two threads read a prompt nearly twice as fast as one; more than the cores is a hundred times slower
 * (design.md, decision 8). Ingest pauses while a question is answered, so all cores may be used.
 */
function defaultThreads(): number {
  return Math.min(8, availableParallelism())
}

function toPath(value: string | undefined): string | undefined {
  return value === undefined ? undefined : resolve(value)
}

function defaultModelsDir(env: Record<string, string | undefined>): string {
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'footnote', 'models')
}

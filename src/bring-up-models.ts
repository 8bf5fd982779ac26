import { setTimeout as sleep } from 'node:timers/promises'
import { buildCheck, buildPrompt, CHECK_PREFIX } from './answering/prompt.ts'
import type { Config, ModelChoice } from './config.ts'
import { AppError, messageOf } from './errors.ts'
import type { Logger } from './logger.ts'
import type { ChatModel } from './models/chat-model.ts'
import type { ChatTurns } from './models/chat-turns.ts'
import type { EmbeddingModel } from './models/embedding.ts'
import type { ModelProgress, ModelStore } from './models/model-store.ts'
import { modelId, openChatModel, openEmbeddingModel } from './models/open-models.ts'
import { describeTransfer } from './models/transfer-rate.ts'
import type { Readiness } from './readiness.ts'

interface BringUpOptions {
  readonly config: Config
  readonly store: ModelStore
  readonly readiness: Readiness
  readonly logger: Logger
  readonly signal: AbortSignal
}

/** A model server may be started, and a missing model pulled, at any time: it is looked for again. */
const RETRY_MS = 15_000

/** The embedding model; undefined where it cannot be had: search then goes by keywords and says so. */
export async function bringUpEmbedding(
  options: BringUpOptions,
): Promise<EmbeddingModel | undefined> {
  const choice = options.config.embeddingModel
  options.readiness.set('embedding', { status: 'loading', detail: `loading ${modelId(choice)}` })
  return bringUp(options, { part: 'embedding', choice }, async (modelOptions) => {
    const model = await openEmbeddingModel(choice, modelOptions)
    options.readiness.set('embedding', { status: 'ok', detail: model.id })
    return model
  })
}

/** The chat model, warm; until it is there, and where it cannot be had, answers are extracts. */
export async function bringUpChat(
  options: BringUpOptions,
  chat: ChatTurns,
): Promise<ChatModel | undefined> {
  const choice = options.config.chatModel
  if (choice.kind === 'none') {
    options.readiness.set('chat', {
      status: 'none',
      detail: 'CHAT_MODEL=none: answers are extracts',
    })
    return undefined
  }
  options.readiness.set('chat', { status: 'loading', detail: `loading ${modelId(choice)}` })
  return bringUp(options, { part: 'chat', choice }, async (modelOptions) => {
    const model = await openChatModel(choice, modelOptions)
    if (!isOnServer(choice)) await warmUp(model, options.signal)
    chat.setModel(model)
    options.readiness.set('chat', { status: 'ok', detail: model.id })
    return model
  })
}

interface ModelPart {
  readonly part: 'chat' | 'embedding'
  readonly choice: ModelChoice
}

type ModelOptions = Parameters<typeof openEmbeddingModel>[1]

async function bringUp<Model>(
  { config, store, readiness, logger, signal }: BringUpOptions,
  { part, choice }: ModelPart,
  open: (options: ModelOptions) => Promise<Model>,
): Promise<Model | undefined> {
  const startedAt = performance.now()
  const onProgress = (progress: ModelProgress) =>
    readiness.set(part, {
      status: 'loading',
      detail: describeTransfer(progress, startedAt),
      progress: { done: progress.doneBytes, total: progress.totalBytes },
    })
  const options = {
    store,
    threads: config.modelThreads,
    ollamaHost: config.ollamaHost,
    openAi: config.openAi,
    signal,
    onProgress,
  }
  while (!signal.aborted) {
    try {
      return await open(options)
    } catch (error) {
      if (signal.aborted) return undefined
      if (readiness.parts[part].detail !== messageOf(error)) {
        logger.error({ err: error, part }, 'a model cannot be had')
        readiness.set(part, { status: 'unavailable', detail: messageOf(error) })
      }
      if (!isOnServer(choice) || !(error instanceof AppError)) return undefined
    }
    await sleep(RETRY_MS, undefined, { signal, ref: false }).catch(() => undefined)
  }
  return undefined
}

function isOnServer({ kind }: ModelChoice): boolean {
  return kind === 'ollama' || kind === 'openai'
}

/** Reads both prefixes into the model's state, so that the first question finds them there. */
async function warmUp(model: ChatModel, signal: AbortSignal): Promise<void> {
  const { prefix, prompt } = buildPrompt({ question: 'Ready?', passages: [] })
  await model.generate({ prefix, prompt, signal, maxTokens: 1 })[Symbol.asyncIterator]().next()
  await model.probability?.({
    prefix: CHECK_PREFIX,
    prompt: buildCheck({ question: 'Ready?', answer: 'Yes.', evidence: [] }),
    choices: ['Yes', 'No'],
    signal,
  })
}

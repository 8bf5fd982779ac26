import { createHash } from 'node:crypto'
import { judgeAnswer } from '../eval/judge.ts'
import type { Fingerprints } from '../eval/fingerprints.ts'
import type { Config } from './config.ts'
import { AppError } from './errors.ts'
import type { EvaluationDependencies } from './jobs/run-evaluation.ts'
import { createNotifier } from './jobs/notify-webhook.ts'
import type { JobQueue } from './jobs/queue.ts'
import type { Logger } from './logger.ts'
import type { ChatTurns } from './models/chat-turns.ts'
import type { EmbeddingModel } from './models/embedding.ts'
import { createModelStore } from './models/model-store.ts'
import { createJudgeOpener } from './models/open-judge.ts'
import { modelId } from './models/open-models.ts'
import type { Readiness } from './readiness.ts'
import { NEVER_RECALL } from './answering/answer-cache.ts'
import type { AnswerSteps } from './answering/answer-steps.ts'
import { calibratedValues, type Calibration } from './answering/calibration.ts'
import type { Database } from './db/database.ts'

interface PartsOptions {
  readonly config: Config
  readonly database: Database
  readonly queue: JobQueue
  readonly steps: AnswerSteps
  readonly chat: ChatTurns
  readonly embedding: () => EmbeddingModel | undefined
  readonly readiness: Readiness
  readonly logger: Logger
  readonly signal: AbortSignal
  readonly calibration: Calibration
}

/** What an evaluation is done with, of what the service has. */
export function createEvaluationParts(options: PartsOptions): EvaluationDependencies {
  const { config, database, queue, steps, chat, embedding, logger, signal, calibration } = options
  const store = createModelStore({ dir: config.modelsDir })
  const { chatModel, judgeModel, modelThreads: threads, ollamaHost, openAi } = config
  const models = { store, threads, ollamaHost, openAi, signal }
  const openJudge = createJudgeOpener({ judge: judgeModel, chat: chatModel, turns: chat, models })
  return {
    database,
    queue,
    // What was answered before says nothing of how it is answered now.
    steps: {
      ...steps,
      enterQueue: () => chat.enter({ isPatient: true }),
      recall: NEVER_RECALL,
    },
    embedding,
    hasChat: chatModel.kind !== 'none',
    judgeModel: judgeModel.kind === 'none' ? null : modelId(judgeModel),
    configuration: async () => ({
      ...(await describeConfiguration(config, store)),
      calibration: hashCalibration(calibration),
    }),
    addresses: new Map(),
    isChatReady: () => isChatReady(options),
    async openJudge() {
      const opened = await openJudge()
      if (opened === null) return null
      return { judge: (input) => judgeAnswer(opened.model, input), close: () => opened.release() }
    },
    onEnded: createNotifier({ database, url: config.evalWebhook, logger }),
  }
}

/** A model that missed one question is still there for the next. */
function isChatReady({ chat, readiness }: PartsOptions): boolean {
  if (chat.model !== null) return true
  const { status, detail } = readiness.parts.chat
  if (status === 'loading' || status === 'ok') return false
  throw new AppError('model-unavailable', `The chat model cannot be had: ${detail}`)
}

/** Another machine's figures may differ in the last digits, and then in a word. */
async function describeConfiguration(
  { chatModel, embeddingModel, judgeModel, modelThreads }: Config,
  store: ReturnType<typeof createModelStore>,
): Promise<Fingerprints> {
  const weights = (choice: Config['chatModel']) =>
    choice.kind === 'llama' || choice.kind === 'onnx' ? store.fingerprint(choice.name) : null
  return {
    chat: modelId(chatModel),
    chatWeights: await weights(chatModel),
    embedding: modelId(embeddingModel),
    embeddingWeights: await weights(embeddingModel),
    judge: modelId(judgeModel),
    threads: String(modelThreads),
    platform: `${process.platform} ${process.arch}`,
  }
}

/** Of the values alone: fitted anew to the same ones, it is the same. */
function hashCalibration(calibration: Calibration): string {
  const values = JSON.stringify(calibratedValues(calibration))
  return createHash('sha256').update(values).digest('hex').slice(0, 16)
}

import { createRecall, type AnswerConditions, type Recall } from './answering/answer-cache.ts'
import { calibratedValues, type Calibration } from './answering/calibration.ts'
import type { Config } from './config.ts'
import type { Database } from './db/database.ts'
import type { ChatTurns } from './models/chat-turns.ts'
import { createModelStore } from './models/model-store.ts'
import { modelId } from './models/open-models.ts'

interface RecallOptions {
  readonly config: Config
  readonly database: Database
  readonly chat: Pick<ChatTurns, 'model'>
  readonly calibration: Calibration
}

/** Gives the answers that this service's models, as they are calibrated, would give again. */
export function createServiceRecall({
  config,
  database,
  chat,
  calibration,
}: RecallOptions): Recall {
  const embedding = modelId(config.embeddingModel)
  const calibrated = calibratedValues(calibration)
  // Once, while the model is loaded: a file of one's own is read whole for it.
  const source = describeSource(config)
  const conditions = async (): Promise<AnswerConditions | null> => {
    const { model } = chat
    if (model === null) return null
    return { chat: model.id, chatSource: await source, embedding, calibration: calibrated }
  }
  return createRecall({ database, conditions })
}

/** Null where the file cannot be read: then the model cannot be loaded either. */
async function describeSource(config: Config): Promise<string | null> {
  const { chatModel, modelsDir, ollamaHost, openAi } = config
  if (chatModel.kind === 'ollama') return ollamaHost
  if (chatModel.kind === 'openai') return openAi.baseUrl
  if (chatModel.kind !== 'llama') return null
  return createModelStore({ dir: modelsDir })
    .fingerprint(chatModel.name)
    .catch(() => null)
}

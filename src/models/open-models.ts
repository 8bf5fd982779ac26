import type { ModelChoice } from '../config.ts'
import { AppError } from '../errors.ts'
import type { ChatModel } from './chat-model.ts'
import { createEmbeddingModel, OnnxEmbeddings, type EmbeddingModel } from './embedding.ts'
import { openLlamaCpp } from './llama-cpp.ts'
import type { EnsureOptions, ModelStore } from './model-store.ts'
import { openOllamaChat, openOllamaEmbedding } from './ollama.ts'
import { openOpenAiChat, type OpenAiServer } from './openai.ts'

export interface OpenModelOptions extends EnsureOptions {
  readonly store: ModelStore
  readonly threads: number
  readonly ollamaHost: string
  readonly openAi: OpenAiServer
  readonly signal: AbortSignal
}

/** The name under which a model's vectors and answers are kept. */
export function modelId(choice: ModelChoice): string {
  return choice.kind === 'none' ? 'none' : `${choice.kind}:${choice.name}`
}

/** Fetches what is missing, and gives a model that answers, or an error that says what to do. */
export async function openChatModel(
  choice: Exclude<ModelChoice, { kind: 'none' }>,
  options: OpenModelOptions,
): Promise<ChatModel> {
  const { name } = choice
  if (choice.kind === 'ollama') return openOllamaChat({ name, host: options.ollamaHost }, options)
  if (choice.kind === 'openai') return openOpenAiChat({ name, ...options.openAi }, options)
  const file = await options.store.ensureChat(name, options)
  return openLlamaCpp({ id: modelId(choice), file, threads: options.threads })
}

export async function openEmbeddingModel(
  choice: ModelChoice,
  options: OpenModelOptions,
): Promise<EmbeddingModel> {
  switch (choice.kind) {
    case 'ollama':
      return openOllamaEmbedding({ name: choice.name, host: options.ollamaHost }, options)
    case 'onnx': {
      const { folder, spec } = await options.store.ensureEmbedding(choice.name, options)
      const { threads } = options
      const embeddings = await OnnxEmbeddings.open({
        folder,
        queryPrefix: spec.queryPrefix,
        threads,
      })
      return createEmbeddingModel(modelId(choice), embeddings, () => embeddings.close())
    }
    case 'llama':
    case 'openai':
    case 'none':
      throw new AppError('config-invalid', 'EMBEDDING_MODEL must begin with onnx: or ollama:.')
  }
}

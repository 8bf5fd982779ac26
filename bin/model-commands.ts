import type { Config, ModelChoice } from '../src/config.ts'
import { AppError } from '../src/errors.ts'
import { createModelStore, type ModelProgress } from '../src/models/model-store.ts'
import { checkOllama } from '../src/models/ollama.ts'
import { modelId } from '../src/models/open-models.ts'
import { openOpenAiChat } from '../src/models/openai.ts'
import { pullOllama } from '../src/models/pull-ollama.ts'
import { describeTransfer } from '../src/models/transfer-rate.ts'
import type { CommandContext } from './commands.ts'

export async function modelsList({ config, isJson, print }: CommandContext): Promise<void> {
  const items = await createModelStore({ dir: config.modelsDir }).list()
  if (isJson) return print(JSON.stringify({ items }))
  for (const { id, kind, bytes, licence, state } of items) {
    print(`${state}\t${kind}\t${Math.round(bytes / 1e6)} MB\t${licence}\t${id}`)
  }
}

const OLLAMA_PREFIX = 'ollama:'

/** Fetches the models that are named, or the configured ones; those of Ollama are fetched by their server. */
export async function modelsPull(context: CommandContext, names: readonly string[]): Promise<void> {
  const { config, isJson, print } = context
  const wanted = names.length > 0 ? names : configuredModels(config)
  for (const name of wanted) {
    if (name.startsWith(OLLAMA_PREFIX)) await pullFromOllama(context, name)
    else await pullWeights(context, name)
  }
  if (isJson) print(JSON.stringify({ items: wanted }))
}

async function pullFromOllama(context: CommandContext, id: string): Promise<void> {
  const { config, signal, isJson, print } = context
  const name = id.slice(OLLAMA_PREFIX.length)
  if (name === '') {
    throw new AppError('invalid-request', `A model of Ollama is named as ${OLLAMA_PREFIX}NAME.`)
  }
  const onProgress = noteProgress(context)
  await pullOllama({ name, host: config.ollamaHost }, { signal, onProgress })
  if (!isJson) print(`${id} is on the Ollama at ${config.ollamaHost}`)
}

async function pullWeights(context: CommandContext, name: string): Promise<void> {
  const { config, signal, isJson, print } = context
  const store = createModelStore({ dir: config.modelsDir })
  const known = await store.list()
  const model = known.find(({ id }) => id === name)
  if (model === undefined) {
    const ids = known.map(({ id }) => id).join(', ')
    const message = `There is no model ${name}. Known are ${ids}, and ${OLLAMA_PREFIX}NAME.`
    throw new AppError('invalid-request', message)
  }
  const options = { signal, onProgress: noteProgress(context) }
  if (model.kind === 'chat') await store.ensureChat(name, options)
  else await store.ensureEmbedding(name, options)
  if (!isJson) print(`${name} is there and has the right checksum`)
}

function noteProgress({ note }: CommandContext): (progress: ModelProgress) => void {
  const startedAt = performance.now()
  return (progress) => note(describeTransfer(progress, startedAt))
}

function configuredModels({ chatModel, embeddingModel }: Config): readonly string[] {
  return [chatModel, embeddingModel].flatMap((choice) => {
    if (choice.kind === 'ollama') return [modelId(choice)]
    return choice.kind === 'llama' || choice.kind === 'onnx' ? [choice.name] : []
  })
}

/** The files here, and the configured models of servers. */
export async function modelsCheck(context: CommandContext): Promise<void> {
  const { config, signal, isJson, print } = context
  const items = await createModelStore({ dir: config.modelsDir }).check({ signal })
  const served = await checkServed(context)
  if (isJson)
    print(JSON.stringify({ items, served: served.map(({ id, state }) => ({ id, state })) }))
  else {
    for (const each of items) print(`${each.state}\t${each.path}`)
    for (const each of served) print(`${each.state}\t${each.id}`)
  }
  const wrong = items.find(({ state }) => state === 'wrong')
  if (wrong !== undefined) {
    throw new AppError(
      'model-file-invalid',
      `${wrong.path} does not have the checksum ${wrong.expectedSha256}.`,
    )
  }
  const fault = served.find((each) => each.fault !== null)?.fault
  if (fault != null) throw fault
}

interface ServedState {
  readonly id: string
  readonly state: 'ok' | 'unavailable'
  readonly fault: AppError | null
}

async function checkServed({ config, signal }: CommandContext): Promise<readonly ServedState[]> {
  const { chatModel, embeddingModel, judgeModel } = config
  const states = new Map<string, ServedState>()
  for (const choice of [chatModel, embeddingModel, judgeModel]) {
    const id = modelId(choice)
    if (states.has(id) || (choice.kind !== 'ollama' && choice.kind !== 'openai')) continue
    const fault = await faultOf(choice, { config, signal })
    states.set(id, { id, state: fault === null ? 'ok' : 'unavailable', fault })
  }
  return [...states.values()]
}

async function faultOf(
  { kind, name }: Exclude<ModelChoice, { kind: 'none' }>,
  { config, signal }: Pick<CommandContext, 'config' | 'signal'>,
): Promise<AppError | null> {
  try {
    if (kind === 'ollama') await checkOllama({ name, host: config.ollamaHost }, { signal })
    else await openOpenAiChat({ name, ...config.openAi }, { signal })
    return null
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof AppError) return error
    throw error
  }
}

import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { EnsureOptions } from './model-store.ts'
import { awayAdvice, type OllamaModel } from './ollama.ts'
import { createLineSplitter } from './split-lines.ts'

const PROGRESS_INTERVAL_MS = 250

const pullLine = z.object({
  status: z.string().optional(),
  error: z.string().optional(),
  digest: z.string().optional(),
  total: z.number().optional(),
  completed: z.number().optional(),
})

/** Has the server fetch a model. What was fetched of it stays there, so another time goes on from it. */
export async function pullOllama(
  model: OllamaModel,
  { signal, onProgress }: EnsureOptions & { readonly signal: AbortSignal },
): Promise<void> {
  const tell = createProgress(model, onProgress)
  let isPulled = false
  for await (const line of requestPull(model, signal)) {
    if (line.error !== undefined) throw notPulled(model, line.error)
    if (line.status === 'success') isPulled = true
    tell(line)
  }
  if (!isPulled) throw notPulled(model, 'its server broke off. Run the same again to go on')
}

type PullLine = z.output<typeof pullLine>

async function* requestPull(model: OllamaModel, signal: AbortSignal): AsyncGenerator<PullLine> {
  const { name, host } = model
  const response = await fetch(new URL('/api/pull', host), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ model: name, stream: true }),
    signal,
  }).catch((cause: unknown) => {
    signal.throwIfAborted()
    throw new AppError('model-unavailable', awayAdvice(model), { cause })
  })
  const split = createLineSplitter()
  const body: AsyncIterable<Uint8Array> | null = response.body
  try {
    for await (const bytes of body ?? []) {
      for (const line of split(bytes)) yield pullLine.parse(JSON.parse(line))
    }
    for (const line of split()) yield pullLine.parse(JSON.parse(line))
  } catch (cause) {
    signal.throwIfAborted()
    throw notPulled(model, 'its server broke off. Run the same again to go on', cause)
  }
}

/** A model comes in layers, one after another, each with its own size. */
function createProgress(
  { name }: OllamaModel,
  onProgress: EnsureOptions['onProgress'],
): (line: PullLine) => void {
  const layers = new Map<string, { readonly total: number; readonly completed: number }>()
  let toldAt = -Infinity
  return ({ digest, total, completed = 0 }) => {
    if (digest === undefined || total === undefined) return
    layers.set(digest, { total, completed })
    const now = performance.now()
    if (completed < total && now - toldAt < PROGRESS_INTERVAL_MS) return
    toldAt = now
    const sum = (key: 'total' | 'completed') =>
      [...layers.values()].reduce((bytes, layer) => bytes + layer[key], 0)
    const bytes = { doneBytes: sum('completed'), totalBytes: sum('total') }
    onProgress?.({ modelId: `ollama:${name}`, file: digest, ...bytes })
  }
}

function notPulled({ name, host }: OllamaModel, why: string, cause?: unknown): AppError {
  const message = `Ollama at ${host} could not pull ${name}: ${why}.`
  return new AppError('model-unavailable', message, { cause })
}

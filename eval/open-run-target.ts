import type { AnswerSteps } from '../src/answering/answer-steps.ts'
import { AppError } from '../src/errors.ts'
import type { EmbeddingModel } from '../src/models/embedding.ts'
import { listGuids } from '../src/store/library-texts.ts'
import { createArm, type Arm, type ArmName } from './arms.ts'
import { openHttpTarget } from './http-target.ts'
import { loadLibrary } from './library.ts'
import type { RunContext } from './prepare-run.ts'
import type { RunPlan } from './run-plan.ts'
import { createServiceTarget } from './service-target.ts'
import type { Target } from './target.ts'

/** What a run is done with. */
export interface RunParts extends RunContext {
  readonly steps: AnswerSteps
  /** False while the chat model is loaded; throws where it cannot be had. */
  readonly isChatReady: () => boolean
  readonly embedding: () => EmbeddingModel | undefined
}

interface OpenOptions {
  readonly plan: RunPlan
  /** Another system's address with its key; undefined: this service. */
  readonly address: string | undefined
  readonly signal: AbortSignal
}

/** Whoever answers a run's cases, ready to be asked. */
export async function openRunTarget(
  parts: RunParts,
  { plan, address, signal }: OpenOptions,
): Promise<Target> {
  if (address !== undefined) return openHttpTarget(address, signal)
  const { database, steps } = parts
  const library = await loadLibrary(database.pool, Object.keys(plan.articles))
  const arms = new Map<ArmName, Arm>()
  const closers: (() => Promise<void>)[] = []
  for (const name of plan.arms) {
    if (name !== 'langchain') arms.set(name, createArm(name, { steps, library }))
    else {
      const arm = await openLangchain(parts, signal)
      arms.set(name, arm)
      closers.push(() => arm.close())
    }
  }
  const target = createServiceTarget({ guids: await listGuids(database.pool), arms })
  return {
    ...target,
    async close() {
      for (const close of closers) await close()
    },
  }
}

/** Its packages are there in development alone, so it is loaded only where it is asked for. */
async function openLangchain({ database, steps, embedding }: RunParts, signal: AbortSignal) {
  const { openLangchainArm } = await import('./langchain-arm.ts')
  const model = embedding()
  if (model === undefined) {
    throw new AppError('model-unavailable', 'The langchain arm needs the embedding model.')
  }
  return openLangchainArm({ database, steps, embedding: model, signal })
}

import { setTimeout as sleep } from 'node:timers/promises'
import { transaction, type Database } from '../db/database.ts'
import type { Logger } from '../logger.ts'
import { buildVectorIndex, type VectorIndexState } from '../store/vector-index.ts'
import { measureVectorRecall } from '../store/vector-recall.ts'

interface IndexDependencies {
  readonly database: Pick<Database, 'pool' | 'engine'>
  /** Connections of the role that owns the schema; the caller closes what it opened. */
  readonly withOwner: <T>(work: (owner: Database['pool']) => Promise<T>) => Promise<T>
  readonly model: string
  readonly logger: Pick<Logger, 'info' | 'warn'>
  readonly signal: AbortSignal
}

/** A library that is being read for the first time gains some 2,000 chunks meanwhile. */
const LOOK_MS = 60_000
const RECALL_SAMPLES = 20
const MIN_RECALL = 0.95

/**
 * Builds the index of the model's vectors as soon as the library is large enough, and then says how well
 * it finds. Off the path of the start: until it is there, the search is exact.
 */
export async function keepVectorIndex(dependencies: IndexDependencies): Promise<void> {
  const { logger, signal, database } = dependencies
  while (!signal.aborted) {
    const state = await build(dependencies).catch((error: unknown) => {
      if (!signal.aborted) logger.warn({ err: error }, 'the index of vectors cannot be built')
      return 'failed' as const
    })
    if (state === 'built' || state === 'present') return watchRecall(dependencies)
    if (state === 'too-large') return
    // Each attempt on the embedded database holds up everyone for as long as a statement may take.
    if (state === 'failed' && database.engine === 'embedded') return
    await sleep(LOOK_MS, undefined, { signal, ref: false }).catch(() => undefined)
  }
}

async function build({
  withOwner,
  database: { engine },
  model,
  logger,
  signal,
}: IndexDependencies): Promise<VectorIndexState> {
  const startedAt = performance.now()
  const state = await withOwner((owner) => buildVectorIndex(owner, { model, engine, signal }))
  if (state === 'built') {
    const ms = Math.round(performance.now() - startedAt)
    logger.info({ model, ms }, 'the index of vectors is built')
  }
  if (state === 'too-large')
    logger.warn({ model }, 'the vectors cannot be indexed and are searched one by one')
  return state
}

async function watchRecall({ database, model, logger, signal }: IndexDependencies): Promise<void> {
  const measured: number[] = []
  try {
    for (let at = 0; at < RECALL_SAMPLES && !signal.aborted; at += 1) {
      const recall = await transaction(
        database,
        (client) => measureVectorRecall(client, model, at / RECALL_SAMPLES),
        { isReadOnly: true },
      )
      if (recall !== null) measured.push(recall)
    }
  } catch (error) {
    logger.warn({ err: error }, 'the recall of the index of vectors was not measured')
  }
  if (measured.length === 0) return
  const recall = measured.reduce((sum, one) => sum + one, 0) / measured.length
  const level = recall < MIN_RECALL ? 'warn' : 'info'
  logger[level]({ model, recall, of: measured.length }, 'recall of the index of vectors at ten')
}

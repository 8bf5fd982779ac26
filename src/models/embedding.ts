import { basename, dirname } from 'node:path'
import type { EmbeddingsInterface } from '@langchain/core/embeddings'
import { Embeddings } from '@langchain/core/embeddings'
import { env, pipeline, type FeatureExtractionPipeline } from '@huggingface/transformers'
import type { Vector } from '../domain.ts'
import { AppError } from '../errors.ts'

/** The port behind which every embedding model stands; all vectors have unit length. */
export interface EmbeddingModel {
  /** Names the vectors in the database: two models never meet. */
  readonly id: string
  embedQuestion(text: string, options: EmbedOptions): Promise<Vector>
  /** One vector a text, in order. */
  embedTexts(texts: readonly string[], options: EmbedOptions): Promise<readonly Vector[]>
  close(): Promise<void>
}

interface EmbedOptions {
  readonly signal: AbortSignal
}

/** A question that waits longer is searched by keywords; texts that wait longer are tried again later. */
const QUESTION_TIMEOUT_MS = 10_000
const TEXTS_TIMEOUT_MS = 60_000
/** Texts a request to a model on a server. */
const BATCH_SIZE = 16

/**
 * Puts LangChain embeddings behind the port: in batches, and only whole, finite, unit vectors of one
 * size come through, whatever the model or its server answers.
 */
export function createEmbeddingModel(
  id: string,
  embeddings: EmbeddingsInterface,
  close: () => Promise<void> = () => Promise.resolve(),
): EmbeddingModel {
  return {
    id,
    async embedQuestion(text, { signal }) {
      signal.throwIfAborted()
      const embed = async () => [await embeddings.embedQuery(text)]
      const [vector] = await checked(id, embed, {
        count: 1,
        signal,
        timeoutMs: QUESTION_TIMEOUT_MS,
      })
      return vector ?? []
    },
    async embedTexts(texts, { signal }) {
      const vectors: Vector[] = []
      for (let from = 0; from < texts.length; from += BATCH_SIZE) {
        signal.throwIfAborted()
        const batch = texts.slice(from, from + BATCH_SIZE)
        const embed = () => embeddings.embedDocuments(batch)
        const limits = { count: batch.length, signal, timeoutMs: TEXTS_TIMEOUT_MS }
        vectors.push(...(await checked(id, embed, limits)))
      }
      return vectors
    },
    close,
  }
}

interface EmbedLimits extends EmbedOptions {
  readonly count: number
  readonly timeoutMs: number
}

async function checked(
  id: string,
  embed: () => Promise<number[][]>,
  { count, signal, timeoutMs }: EmbedLimits,
): Promise<readonly Vector[]> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  const vectors = await Promise.race([embed(), rejectAt(limit)]).catch((cause: unknown) => {
    signal.throwIfAborted()
    throw new AppError('model-unavailable', `The embedding model ${id} did not answer.`, { cause })
  })
  const size = vectors[0]?.length ?? 0
  const isSound = vectors.every((vector) => vector.length === size && isFinite(norm(vector)))
  if (vectors.length !== count || size === 0 || !isSound || vectors.some((v) => norm(v) === 0)) {
    throw new AppError(
      'model-unavailable',
      `The embedding model ${id} answered with broken vectors.`,
    )
  }
  return vectors.map(toUnitLength)
}

/** LangChain's embeddings take no signal: a server that hangs is left to itself. */
function rejectAt(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

function norm(vector: Vector): number {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
}

export function toUnitLength(vector: Vector): Vector {
  const length = norm(vector)
  return vector.map((value) => value / length)
}

interface OnnxOptions {
  /** A folder as transformers.js lays it out. */
  readonly folder: string
  readonly queryPrefix: string
  readonly threads: number
}

/** A sentence-transformers model in this process, as LangChain embeddings. */
export class OnnxEmbeddings extends Embeddings {
  readonly #extract: FeatureExtractionPipeline
  readonly #queryPrefix: string

  private constructor(extract: FeatureExtractionPipeline, queryPrefix: string) {
    super({})
    this.#extract = extract
    this.#queryPrefix = queryPrefix
  }

  static async open({ folder, queryPrefix, threads }: OnnxOptions): Promise<OnnxEmbeddings> {
    env.allowRemoteModels = false
    env.localModelPath = dirname(folder)
    const extract = await pipeline('feature-extraction', basename(folder), {
      dtype: 'q8',
      device: 'cpu',
      session_options: { intraOpNumThreads: threads },
    })
    return new OnnxEmbeddings(extract, queryPrefix)
  }

  /**
   * One text a run: int8 activations are scaled over the whole batch, so that a text's vector would
   * depend on its neighbours; a batch is no faster on a CPU; and the runtime holds up the event loop
   * as long as a run takes.
   */
  override async embedDocuments(texts: string[]): Promise<number[][]> {
    const vectors: number[][] = []
    for (const text of texts) {
      const output = await this.#extract(text, { pooling: 'cls', normalize: true })
      vectors.push(...(output.tolist() as number[][]))
    }
    return vectors
  }

  override async embedQuery(text: string): Promise<number[]> {
    const [vector] = await this.embedDocuments([this.#queryPrefix + text])
    return vector ?? []
  }

  async close(): Promise<void> {
    await this.#extract.dispose()
  }
}

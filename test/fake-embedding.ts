import type { EmbeddingsInterface } from '@langchain/core/embeddings'
import { createEmbeddingModel, type EmbeddingModel } from '../src/models/embedding.ts'
import { contentStems } from '../src/retrieval/content-words.ts'

/** What a broken or slow embedder makes of the vectors that it should have given. */
type Fault = (vectors: number[][], texts: readonly string[]) => number[][] | Promise<number[][]>

interface FakeEmbedding {
  readonly model: EmbeddingModel
  /** Every text that was embedded as one of an article or an answer, in order. */
  readonly texts: string[]
  /** Undefined: the vectors are sound. May throw. */
  fault: Fault | undefined
}

const SIZE = 64

/**
 * A deterministic embedder: each word's stem has its place and sign in the vector, so that texts of the
 * same words are near, and others are not. It stands behind the same checks as a real one.
 */
export function createFakeEmbedding(id = 'onnx:fake'): FakeEmbedding {
  const texts: string[] = []
  const answer = (given: readonly string[]) => {
    const vectors = given.map(toVector)
    return Promise.resolve().then(() => fake.fault?.(vectors, given) ?? vectors)
  }
  const embeddings: EmbeddingsInterface = {
    embedQuery: async (text) => (await answer([text]))[0] ?? [],
    embedDocuments: (given) => {
      texts.push(...given)
      return answer(given)
    },
  }
  const fake: FakeEmbedding = {
    model: createEmbeddingModel(id, embeddings),
    texts,
    fault: undefined,
  }
  return fake
}

function toVector(text: string): number[] {
  const vector = new Array<number>(SIZE).fill(0)
  for (const stem of contentStems(text)) {
    const hash = fnv1a(stem)
    const at = hash % SIZE
    vector[at] = (vector[at] ?? 0) + ((hash >>> 16) % 2 === 0 ? 1 : -1)
  }
  // Words may cancel each other out, and a vector of no length is what the port refuses.
  if (!vector.some((value) => value !== 0)) vector[0] = 1
  return vector
}

/** Fowler, Noll and Vo's hash of 32 bits. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash
}

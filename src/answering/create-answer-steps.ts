import { isVectorSizeError } from '../db/database-errors.ts'
import type { Database } from '../db/database.ts'
import type { Passage } from '../domain.ts'
import type { AppError } from '../errors.ts'
import type { ChatTurns } from '../models/chat-turns.ts'
import type { EmbeddingModel } from '../models/embedding.ts'
import { packPassages } from '../retrieval/passages.ts'
import type { Search } from '../retrieval/search.ts'
import { splitAnswer } from '../retrieval/split-sentences.ts'
import { sentenceSimilarities } from '../store/sentences.ts'
import type { Recall } from './answer-cache.ts'
import type { AnswerSteps } from './answer-steps.ts'
import type { Thresholds } from './calibration.ts'
import { checkStated } from './check-stated.ts'
import { generateAnswer } from './generate.ts'
import { ground } from './grounding.ts'
import { quoteFrom } from './quote-evidence.ts'
import { decide } from './refusal.ts'

interface StepDependencies {
  readonly database: Pick<Database, 'pool'>
  readonly search: Search
  readonly chat: ChatTurns
  readonly recall: Recall
  readonly embedding: () => EmbeddingModel | undefined
  readonly embeddingId: string
  readonly thresholds: Thresholds
  readonly onEmbeddingFault: (error: unknown) => void
  /** Told with each answer whether the model gave a first word, and why not. */
  readonly onChat: (status: 'ok' | 'unavailable', fault?: AppError) => void
  readonly countTokens: (text: string) => number
}

/** With the rules and the question, the prompt of this many tokens of passages stays under 500. */
export const PASSAGE_TOKENS = 400
export const MAX_PASSAGES = 8

export function createAnswerSteps(dependencies: StepDependencies): AnswerSteps {
  const { search, chat, embeddingId, thresholds, countTokens, onChat } = dependencies
  return {
    async retrieve({ understood, maxPassages, ...request }) {
      const result = await search({ ...understood, ...request })
      const passages = packPassages(result.chunks, {
        question: understood.question,
        maxTokens: PASSAGE_TOKENS,
        maxPassages: maxPassages ?? MAX_PASSAGES,
        countTokens,
      })
      return { search: result, passages }
    },
    enterQueue: () => chat.enter(),
    recall: dependencies.recall,
    async generate(turn, request) {
      let fault: AppError | undefined
      const onAbsent = (error: AppError) => (fault = error)
      const generated = await generateAnswer(turn, { ...request, onAbsent })
      // After a wait, a first word that did not come in the time left tells nothing of the model.
      if (generated !== null || turn.queuedMs === 0) {
        onChat(generated === null ? 'unavailable' : 'ok', fault)
      }
      return generated
    },
    compare: (sentences, passages, signal) =>
      compareSentences(dependencies, { sentences, passages, signal }),
    split: (text) => splitAnswer(text).map(({ start, end }) => text.slice(start, end)),
    ground,
    quote: quoteFrom,
    checkStated: (turn, input, signal) => checkStated(turn, input, { signal }),
    decide,
    models: { chat: () => chat.model?.id ?? null, embedding: embeddingId },
    thresholds,
  }
}

interface Comparison {
  readonly sentences: readonly string[]
  readonly passages: readonly Passage[]
  readonly signal: AbortSignal
}

/** Nothing is known of nearness while the embedding model is away: shared words then decide alone. */
async function compareSentences(
  { database, embedding, embeddingId, onEmbeddingFault }: StepDependencies,
  { sentences, passages, signal }: Comparison,
): Promise<readonly ReadonlyMap<string, number>[]> {
  const model = embedding()
  if (model === undefined || sentences.length === 0) return []
  const vectors = await model.embedTexts(sentences, { signal }).catch((error: unknown) => {
    signal.throwIfAborted()
    onEmbeddingFault(error)
    return []
  })
  if (vectors.length === 0) return []
  const sentenceIds = passages.flatMap((passage) => passage.sentences.map(({ id }) => id))
  const options = { sentenceIds, model: embeddingId }
  return sentenceSimilarities(database.pool, vectors, options).catch((error: unknown) => {
    if (!isVectorSizeError(error)) throw error
    onEmbeddingFault(error)
    return []
  })
}

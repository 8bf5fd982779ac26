import { isVectorSizeError } from '../db/database-errors.ts'
import type { Database } from '../db/database.ts'
import type { Passage } from '../domain.ts'
import type { ChatTurn, ChatTurns } from '../models/chat-turns.ts'
import type { EmbeddingModel } from '../models/embedding.ts'
import { packPassages } from '../retrieval/passages.ts'
import type { Search } from '../retrieval/search.ts'
import { splitAnswer } from '../retrieval/split-sentences.ts'
import { sentenceSimilarities } from '../store/sentences.ts'
import type { AnswerSteps } from './answer-question.ts'
import type { Thresholds } from './calibration.ts'
import { generateAnswer } from './generate.ts'
import { ground } from './grounding.ts'
import { buildCheck, CHECK_PREFIX } from './prompt.ts'
import { decide } from './refusal.ts'

interface StepDependencies {
  readonly database: Pick<Database, 'pool'>
  readonly search: Search
  readonly chat: ChatTurns
  readonly embedding: () => EmbeddingModel | undefined
  readonly embeddingId: string
  readonly thresholds: Thresholds
  readonly onEmbeddingFault: (error: unknown) => void
  /** Told with each answer whether the model gave a first word. */
  readonly onChat: (status: 'ok' | 'unavailable') => void
  readonly countTokens: (text: string) => number
}

/** With the rules and the question, the prompt of this many tokens of passages stays under 500. */
const PASSAGE_TOKENS = 400
const MAX_PASSAGES = 8
/** The check reads the sentences that the answer rests on, the best three. */
const CHECK_SENTENCES = 3

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
    takeTurn: (options) => chat.take(options),
    async generate(turn, request) {
      const generated = await generateAnswer(turn, request)
      onChat(generated === null ? 'unavailable' : 'ok')
      return generated
    },
    compare: (sentences, passages, signal) =>
      compareSentences(dependencies, { sentences, passages, signal }),
    split: (text) => splitAnswer(text).map(({ start, end }) => text.slice(start, end)),
    ground,
    checkStated: (turn, { question, grounded }, signal) =>
      probabilityStated(turn, {
        question,
        answer: grounded.sentences.map(({ text }) => text).join(' '),
        evidence: grounded.citations.slice(0, CHECK_SENTENCES).map(({ quote }) => quote),
        signal,
      }),
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

interface StatedInput {
  readonly question: string
  readonly answer: string
  readonly evidence: readonly string[]
  readonly signal: AbortSignal
}

async function probabilityStated(turn: ChatTurn, input: StatedInput): Promise<number | null> {
  const { model } = turn
  if (model.probability === undefined) return null
  const [yes] = await model.probability({
    prefix: CHECK_PREFIX,
    prompt: buildCheck(input),
    choices: ['Yes', 'No'],
    signal: input.signal,
  })
  return yes ?? null
}

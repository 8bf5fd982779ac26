import type { Passage } from '../domain.ts'
import type { ChatTurn } from '../models/chat-turns.ts'
import { contentStems } from '../retrieval/content-words.ts'
import { askStated, type CheckOptions, type Stated } from './ask-stated.ts'
import type { Grounded } from './grounding.ts'
import { newStems, shareIn } from './new-stems.ts'

export interface StatedInput {
  readonly question: string
  /** The model's words, before grounding. */
  readonly generated: string
  /** What is kept of them. */
  readonly kept: Grounded
  /** Sentences of the articles on which the answer most likely rests, the best first. */
  readonly evidence: readonly string[]
  readonly passages: readonly Passage[]
}

/**
 * How likely the evidence states the answer; null where the model says neither Yes nor No. Three signs of
 * different kinds tell more than any one of them (docs/benchmarks.md): the model is asked of the answer and
 * of the article's best sentence, and what it wrote beyond the question must stand in the passages.
 */
export async function checkStated(
  turn: Pick<ChatTurn, 'model'>,
  { question, generated, kept, evidence, passages }: StatedInput,
  options: CheckOptions,
): Promise<Stated | null> {
  const [best = ''] = evidence
  const words = kept.sentences.map(({ text }) => text).join(' ')
  // Told alike but for the answer, so that the second costs only what it differs in.
  const answers = [...new Set([words || best, best])]
  const told: Stated[] = []
  for (const answer of answers) {
    const stated = await askStated(turn, { question, answer, evidence }, options)
    if (stated === null) return null
    told.push(stated)
  }
  const score = meanOf(told.map(({ probability }) => toLogit(probability)))
  const found = new Set(passages.flatMap(({ text }) => contentStems(text)))
  const unsupported = 1 - shareIn(newStems(generated, question), found)
  return { probability: toProbability(score - unsupported), basis: told[0]?.basis ?? 'word' }
}

/** Beyond this a model's certainty tells no more. */
const MIN_PROBABILITY = 1e-4

function toLogit(probability: number): number {
  const bounded = Math.min(1 - MIN_PROBABILITY, Math.max(MIN_PROBABILITY, probability))
  return Math.log(bounded / (1 - bounded))
}

function toProbability(logit: number): number {
  return 1 / (1 + Math.exp(-logit))
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

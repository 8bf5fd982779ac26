import type { Passage } from '../domain.ts'
import type { ChatTurn } from '../models/chat-turns.ts'
import { contentStems } from '../retrieval/content-words.ts'
import { askStated, type CheckOptions, type Stated } from './ask-stated.ts'
import type { Grounded } from './grounding.ts'

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
  const found: Stated[] = []
  for (const answer of answers) {
    const stated = await askStated(turn, { question, answer, evidence }, options)
    if (stated === null) return null
    found.push(stated)
  }
  const score = meanOf(found.map(({ probability }) => toLogit(probability)))
  const unsupported = 1 - shareOfNewWords(generated, { question, passages })
  return { probability: toProbability(score - unsupported), basis: found[0]?.basis ?? 'word' }
}

/** Of the model's content words that are not the question's, the share that the passages have. */
function shareOfNewWords(
  generated: string,
  { question, passages }: Pick<StatedInput, 'question' | 'passages'>,
): number {
  const asked = new Set(contentStems(question))
  const added = [...new Set(contentStems(generated))].filter((stem) => !asked.has(stem))
  const found = new Set(passages.flatMap(({ text }) => contentStems(text)))
  return added.length === 0 ? 0 : added.filter((stem) => found.has(stem)).length / added.length
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

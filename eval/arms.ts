import type { AnswerSteps, Retrieved } from '../src/answering/answer-steps.ts'
import { generateText } from '../src/answering/generate.ts'
import type { Grounded } from '../src/answering/grounding.ts'
import type { Passage } from '../src/domain.ts'
import { WITHOUT_MODEL } from '../src/models/chat-turns.ts'
import { findSentences, type FoundSentence, type Library } from './library.ts'
import { isAnswerable, type GoldenCase } from './golden-case.ts'
import { readStance } from './refusal-text.ts'

// What a system is compared with. An arm replaces a part of the same answer and nothing else, so that a
// difference in the figures is that part's.

export const ARMS = [
  'system',
  'keyword',
  'vector',
  'extracted',
  'closed-book',
  'always-refuse',
  'gold-evidence',
  'hidden-evidence',
  'langchain',
] as const

export type ArmName = (typeof ARMS)[number]

/** These ask the chat model; without one they cannot be run. */
const NEEDS_CHAT: readonly ArmName[] = [
  'system',
  'closed-book',
  'gold-evidence',
  'hidden-evidence',
  'langchain',
]

export function needsChat(arm: string): boolean {
  return NEEDS_CHAT.some((name) => name === arm)
}

export interface Arm {
  readonly name: ArmName
  /** The steps with which this case is answered. */
  readonly stepsFor: (golden: GoldenCase) => AnswerSteps
}

type Replace = (steps: AnswerSteps, library: Library) => (golden: GoldenCase) => AnswerSteps

/** Same retrieval and grounding, with one arm of the search alone. */
function searchedBy(vectorWeight: number): Replace {
  return (steps) => () => ({
    ...steps,
    retrieve: (request) => steps.retrieve({ ...request, vectorWeight }),
    enterQueue: () => WITHOUT_MODEL,
  })
}

const CLOSED_BOOK_RULES = `You answer questions. Answer in one to three short sentences of plain text.
If you do not know the answer, say: I don't know.`

const REPLACEMENTS: Record<Exclude<ArmName, 'langchain'>, Replace> = {
  system: (steps) => () => steps,
  keyword: searchedBy(0),
  vector: searchedBy(1),
  extracted: (steps) => () => ({ ...steps, enterQueue: () => WITHOUT_MODEL }),
  'closed-book': (steps) => () => ({
    ...steps,
    generate: (turn, request) =>
      generateText(turn, {
        prefix: CLOSED_BOOK_RULES,
        prompt: `Question: ${request.question}`,
        hash: 'closed-book',
        signal: request.signal,
        onText: request.onText,
      }),
    ...ungrounded,
  }),
  'always-refuse': (steps) => () => ({
    ...steps,
    enterQueue: () => WITHOUT_MODEL,
    retrieve: async (request) => ({ ...(await steps.retrieve(request)), passages: [] }),
  }),
  'gold-evidence': (steps, library) => (golden) => ({
    ...steps,
    retrieve: async (request) => giveEvidence(await steps.retrieve(request), { golden, library }),
  }),
  'hidden-evidence': (steps, library) => (golden) => ({
    ...steps,
    retrieve: (request) =>
      steps.retrieve({
        ...request,
        exclude: evidenceOf(golden, library).map(({ id }) => id),
      }),
  }),
}

/** For answers that rest on no sentence of the articles: they stand as the model wrote them. */
export const ungrounded: Pick<AnswerSteps, 'ground' | 'quote' | 'checkStated' | 'decide'> = {
  ground: ({ sentences }): Grounded => ({
    answer: sentences.join(' '),
    sentences: sentences.map((text) => ({ text, start: 0, end: 0, citations: [], support: 0 })),
    citations: [],
    dropped: [],
  }),
  quote: (grounded) => ({ grounded, evidence: [] }),
  checkStated: () => Promise.resolve(null),
  decide: ({ sentences, generated }) =>
    sentences.length === 0 || readStance(generated, { passages: [] }) === 'denies'
      ? 'not-answered'
      : null,
}

export function createArm(
  name: Exclude<ArmName, 'langchain'>,
  { steps, library }: { readonly steps: AnswerSteps; readonly library: Library },
): Arm {
  return { name, stepsFor: REPLACEMENTS[name](steps, library) }
}

interface Evidence {
  readonly golden: GoldenCase
  readonly library: Library
}

/** The case's own sentences and nothing else; where there are none, what was found. */
function giveEvidence(retrieved: Retrieved, { golden, library }: Evidence): Retrieved {
  const passages: readonly Passage[] = evidenceOf(golden, library).map(({ passage }) => passage)
  return isAnswerable(golden) ? { ...retrieved, passages } : retrieved
}

export function evidenceOf(golden: GoldenCase, library: Library): readonly FoundSentence[] {
  const found = golden.evidence.flatMap(({ article, quote }) => {
    const held = library.get(article)
    return held === undefined ? [] : findSentences(held, quote)
  })
  return [...new Map(found.map((sentence) => [sentence.id, sentence])).values()]
}

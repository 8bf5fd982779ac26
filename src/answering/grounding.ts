import type { AnswerSentence, Citation, Passage } from '../domain.ts'
import { contentStems } from '../retrieval/content-words.ts'
import { findMissing } from './hard-tokens.ts'

interface GroundInput {
  readonly question: string
  /** The model's words, in sentences. */
  readonly sentences: readonly string[]
  readonly passages: readonly Passage[]
  /** For each sentence, how near each evidence sentence is, by its id; absent where unknown. */
  readonly similarities: readonly ReadonlyMap<string, number>[]
}

export interface Grounded {
  readonly answer: string
  readonly sentences: readonly AnswerSentence[]
  readonly citations: readonly Citation[]
  readonly dropped: readonly { readonly text: string; readonly why: string }[]
}

interface Evidence {
  readonly passage: Passage
  readonly id: string
  readonly text: string
  readonly start: number
  readonly end: number
  readonly stems: ReadonlySet<string>
}

/** A statement rests on this many sentences at the most. */
const MAX_CITATIONS = 3
/** Share of a sentence's content stems that its evidence must hold; less where the two are very near. */
const MIN_COVERAGE = 0.6
const MIN_COVERAGE_NEAR = 0.4
const NEAR_SIMILARITY = 0.8

/**
 * Gives each sentence the evidence it rests on, with offsets, and drops the ones that nothing supports
 * (design.md, decision 6). The marks come from here and never from the model's text.
 */
export function ground({ question, sentences, passages, similarities }: GroundInput): Grounded {
  const evidence = toEvidence(passages)
  const kept: AnswerSentence[] = []
  const dropped: { text: string; why: string }[] = []
  const numbers = new Map<string, number>()
  let answer = ''
  sentences.forEach((text, at) => {
    const found = support(text, evidence, { question, similarity: similarities[at] ?? new Map() })
    if ('why' in found) {
      dropped.push({ text, why: found.why })
      return
    }
    const citations = found.evidence.map(({ id }) => numberOf(numbers, id))
    const start = answer.length === 0 ? 0 : answer.length + 1
    answer += `${answer.length === 0 ? '' : ' '}${text} ${citations.map((n) => `[${n}]`).join('')}`
    kept.push({ text, start, end: start + text.length, citations, support: found.support })
  })
  return { answer, sentences: kept, citations: toCitations(numbers, evidence), dropped }
}

function toEvidence(passages: readonly Passage[]): readonly Evidence[] {
  return passages.flatMap((passage) =>
    passage.sentences.map(({ id, text, start, end }) => ({
      passage,
      id,
      text,
      start,
      end,
      stems: new Set(contentStems(text)),
    })),
  )
}

function numberOf(numbers: Map<string, number>, id: string): number {
  const number = numbers.get(id) ?? numbers.size + 1
  numbers.set(id, number)
  return number
}

type Support =
  { readonly evidence: readonly Evidence[]; readonly support: number } | { readonly why: string }

interface SupportOptions {
  readonly question: string
  readonly similarity: ReadonlyMap<string, number>
}

function support(
  text: string,
  evidence: readonly Evidence[],
  { question, similarity }: SupportOptions,
): Support {
  const stems = [...new Set(contentStems(text))]
  if (stems.length === 0) return { why: 'It says nothing that could be checked.' }
  const chosen = chooseEvidence(stems, evidence, similarity)
  const found = new Set(chosen.flatMap((each) => [...each.stems]))
  const coverage = stems.filter((stem) => found.has(stem)).length / stems.length
  const nearest = Math.max(0, ...chosen.map(({ id }) => similarity.get(id) ?? 0))
  const needed = nearest >= NEAR_SIMILARITY ? MIN_COVERAGE_NEAR : MIN_COVERAGE
  if (coverage < needed) return { why: 'No sentence of the articles supports it.' }
  const missing = findMissing(text, {
    evidence: chosen.map((each) => each.text).join(' '),
    around: around(chosen),
    question,
  })
  if (missing !== null) return { why: `Its evidence does not hold "${missing}".` }
  return { evidence: chosen, support: round(Math.max(coverage, nearest)) }
}

/** Names may also stand in the headings and the passage around the evidence; numbers may not. */
function around(chosen: readonly Evidence[]): string {
  return chosen
    .map(({ passage }) => `${passage.title} ${passage.heading} ${passage.text}`)
    .join(' ')
}

/** The sentence that carries most of the statement; then others, while they add words it lacks. */
function chooseEvidence(
  stems: readonly string[],
  evidence: readonly Evidence[],
  similarity: ReadonlyMap<string, number>,
): readonly Evidence[] {
  const chosen: Evidence[] = []
  let open = [...stems]
  while (chosen.length < MAX_CITATIONS && open.length > 0) {
    const gain = (each: Evidence) =>
      open.filter((stem) => each.stems.has(stem)).length / stems.length +
      (chosen.length === 0 ? (similarity.get(each.id) ?? 0) : 0)
    const best = evidence
      .filter((each) => !chosen.includes(each))
      .reduce<Evidence | undefined>(
        (a, b) => (a !== undefined && gain(a) >= gain(b) ? a : b),
        undefined,
      )
    if (best === undefined) break
    const added = open.filter((stem) => best.stems.has(stem))
    // A second sentence must bring what the first lacks: one shared word alone is chance.
    if (chosen.length > 0 && added.length < Math.max(2, stems.length * 0.2)) break
    chosen.push(best)
    open = open.filter((stem) => !best.stems.has(stem))
  }
  return chosen
}

function toCitations(
  numbers: ReadonlyMap<string, number>,
  evidence: readonly Evidence[],
): readonly Citation[] {
  return [...numbers].flatMap(([id, number]) => {
    const found = evidence.find((each) => each.id === id)
    return found === undefined ? [] : [toCitation(number, found)]
  })
}

export function toCitation(
  number: number,
  { passage, text, start, end }: Pick<Evidence, 'passage' | 'text' | 'start' | 'end'>,
): Citation {
  return {
    number,
    articleId: passage.articleId,
    revision: passage.revision,
    url: passage.url,
    title: passage.title,
    heading: passage.heading,
    publishedAt: passage.publishedAt,
    quote: text,
    start,
    end,
  }
}

function round(value: number): number {
  return Math.round(Math.min(1, value) * 100) / 100
}

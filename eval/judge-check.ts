import type { RefusalReason } from '../src/domain.ts'
import { describeRefusal } from '../src/answering/refusal.ts'
import { holdsFact, holdsPhrase } from './facts.ts'
import { isAnswerable, type GoldenCase } from './golden-case.ts'
import type { JudgedAnswer } from './judge-prompt.ts'
import { createRandom, seededShuffle, type Random } from './seeded-random.ts'
import { swapNumbers } from './spoil-text.ts'

// Answers whose worth is known, on which a judge is tried in every run before anyone looks at what it
// says of the others: right ones that people wrote, and ones that are made wrong.

export const WRONG_ANSWERS = [
  'swapped-number',
  'other-reference',
  'forbidden-value',
  'refusal',
  'invented',
] as const

export type WrongAnswer = (typeof WRONG_ANSWERS)[number]

export interface JudgeCheck extends JudgedAnswer {
  readonly id: string
  readonly caseId: string
  readonly isRight: boolean
  readonly kind: 'reference' | WrongAnswer
}

interface CheckOptions {
  readonly seed: number
  /** Half of them right; fewer where the set is small. */
  readonly count?: number
}

/** The same for the same cases and seed. */
export function toJudgeChecks(
  cases: readonly GoldenCase[],
  { seed, count = 40 }: CheckOptions,
): readonly JudgeCheck[] {
  const usable = seededShuffle(cases.filter(isUsable), seed)
  // The passages of a wrong answer are another case's.
  if (usable.length < 2) return []
  const half = Math.min(Math.floor(count / 2), usable.length)
  const random = createRandom(seed)
  const right = usable.slice(0, half).map(toRight)
  const wrong = toWrongChecks(usable.toReversed(), { half, random })
  return seededShuffle([...right, ...wrong], seed).map((check, at) => ({
    ...check,
    id: `judge-check-${String(at + 1).padStart(3, '0')}`,
  }))
}

/** A follow-up is no question by itself, and a judge sees one question. */
function isUsable(golden: GoldenCase): boolean {
  return isAnswerable(golden) && golden.kind !== 'followup' && golden.reference.trim() !== ''
}

type UnnumberedCheck = Omit<JudgeCheck, 'id'>

function toRight(golden: GoldenCase, at: number): UnnumberedCheck {
  return {
    caseId: golden.id,
    isRight: true,
    kind: 'reference',
    question: golden.question,
    reference: referenceFor(golden, at),
    answer: golden.reference,
    passages: golden.evidence.map(({ quote }) => quote),
  }
}

/** Every other one is its bare facts: a judge that only looks for equal words is to be found out. */
function referenceFor({ facts, reference }: GoldenCase, at: number): string {
  return at % 2 === 0 ? reference : facts.map(([fact = '']) => fact).join('; ')
}

interface WrongOptions {
  readonly half: number
  readonly random: Random
}

/** The kinds in turn, each with the next case in which it can be done. */
function toWrongChecks(
  cases: readonly GoldenCase[],
  { half, random }: WrongOptions,
): readonly UnnumberedCheck[] {
  const left = [...cases]
  return Array.from({ length: half }, (_, slot) => slot).flatMap((slot) => {
    const kinds = WRONG_ANSWERS.map((_kind, at) => pick(WRONG_ANSWERS, slot + at))
    for (const kind of kinds) {
      for (const [at, golden] of left.entries()) {
        const others = cases.filter((other) => isApart(other, golden))
        const answer = WRITERS[kind](golden, { others, random })
        if (answer === null || !isWrong(golden, answer)) continue
        left.splice(at, 1)
        return [toWrong(golden, { kind, answer, at: slot, passagesOf: pickAny(others, random) })]
      }
    }
    return []
  })
}

interface WrongParts {
  readonly kind: WrongAnswer
  readonly answer: string
  readonly at: number
  readonly passagesOf: GoldenCase | undefined
}

function toWrong(
  golden: GoldenCase,
  { kind, answer, at, passagesOf }: WrongParts,
): UnnumberedCheck {
  return {
    caseId: golden.id,
    isRight: false,
    kind,
    question: golden.question,
    reference: referenceFor(golden, at),
    answer,
    passages: (passagesOf?.evidence ?? []).map(({ quote }) => quote),
  }
}

/** What another article says can hardly be an answer here. */
function isApart(other: GoldenCase, golden: GoldenCase): boolean {
  return other.id !== golden.id && !other.articles.some((guid) => golden.articles.includes(guid))
}

function isWrong({ facts, must_not }: GoldenCase, answer: string): boolean {
  return (
    !facts.every((alternatives) => holdsFact(answer, alternatives)) ||
    must_not.some((phrase) => holdsPhrase(answer, phrase))
  )
}

interface WriterOptions {
  readonly others: readonly GoldenCase[]
  readonly random: Random
}

/** Null where it cannot be done in that case. */
type Writer = (golden: GoldenCase, options: WriterOptions) => string | null

const WRITERS: Readonly<Record<WrongAnswer, Writer>> = {
  'swapped-number': (golden, { random }) => swapNumber(golden, 2 + Math.floor(random() * 3)),
  'other-reference': (_golden, { others, random }) => pickAny(others, random)?.reference ?? null,
  'forbidden-value': putForbidden,
  refusal: (_golden, { random }) => describeRefusal(pickOne(REASONS, random), []),
  invented: (_golden, { random }) => pickOne(INVENTED, random),
}

const REASONS: readonly RefusalReason[] = ['no-evidence', 'not-answered', 'unsupported']

/** Of the kind a model makes up: definite, and of nothing in particular. */
const INVENTED = [
  'It was dropped in the last release because hardly anyone used it.',
  'That needs a paid licence, which is renewed once a year.',
  'The default is taken from the operating system and cannot be changed.',
  'It was first done by a university in Finland as an experiment.',
  'Only administrators can do that, from the settings page.',
] as const

/** The first number whose change makes the answer wrong, times so much; a share becomes a smaller one. */
function swapNumber(golden: GoldenCase, factor: number): string | null {
  const swapped = swapNumbers(golden.reference, (value, rest) =>
    String(/^\s*%/.test(rest) ? Math.ceil(value / factor) : value * factor),
  )
  return swapped.find((answer) => isWrong(golden, answer)) ?? null
}

/** What the case forbids, in the place of what it asks for. */
function putForbidden({ reference, facts, must_not }: GoldenCase): string | null {
  const phrases = facts.flat().sort((one, other) => other.length - one.length)
  for (const forbidden of must_not) {
    for (const phrase of phrases) {
      const answer = replacePhrase(reference, { phrase, by: forbidden })
      if (answer !== null) return answer
    }
  }
  return null
}

interface Replacement {
  readonly phrase: string
  readonly by: string
}

function replacePhrase(text: string, { phrase, by }: Replacement): string | null {
  const at = text.toLowerCase().indexOf(phrase.toLowerCase())
  if (at === -1) return null
  const [before, after] = [text.slice(0, at), text.slice(at + phrase.length)]
  const isWhole = !/[\p{L}\p{N}_]$/u.test(before) && !/^[\p{L}\p{N}_]/u.test(after)
  return isWhole ? `${before}${by}${after}` : null
}

function pick<Value>(values: readonly Value[], at: number): Value {
  return values[at % values.length] as Value
}

function pickOne<Value>(values: readonly Value[], random: Random): Value {
  return pick(values, Math.floor(random() * values.length))
}

function pickAny<Value>(values: readonly Value[], random: Random): Value | undefined {
  return values.length === 0 ? undefined : pickOne(values, random)
}

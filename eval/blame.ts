import type { BlameStage } from './report.ts'
import type { ArmRanks, Stages } from './stages.ts'

export interface BlameContext {
  readonly direction: 'fixed' | 'broken'
  /** Guids of the case's articles that the library lacks now. */
  readonly missing: readonly string[]
  /** Guids of the case's articles whose text is another than at the baseline. */
  readonly changed: readonly string[]
  /** Guids of later articles that stand among the passages. */
  readonly newcomers?: readonly string[]
  readonly sameChatModel: boolean
  /** How the baseline's prompt fares when it is generated again now, where that was tried. */
  readonly regenerated?: Regenerated
  /** Below this a written answer is refused; null where it is not known. */
  readonly threshold?: number | null
}

export interface Regenerated {
  /** Whether its answer is right, as the case's would be. */
  readonly correct: boolean
}

export interface BlameInput {
  readonly before: Stages
  readonly after: Stages
  readonly context: BlameContext
}

export interface Blame {
  readonly stage: BlameStage
  readonly explanation: string
}

type Check = (input: BlameInput) => Blame | null

/** What can be told without asking the model again. */
const FIRST_CHECKS: readonly Check[] = [
  blameCorpus,
  blameUnknown,
  blameModelGone,
  blameNearness,
  blameLostGold,
  blameOtherSentences,
]

/** The stages in the order in which an answer goes through them: the first that parted has it. */
const CHECKS: readonly Check[] = [
  ...FIRST_CHECKS,
  blameOtherPassages,
  blamePrompt,
  blameWords,
  blameGrounding,
  blameRefusal,
]

/** Where an answer whose outcome flipped parted from its baseline, and how, in a sentence. */
export function blame(input: BlameInput): Blame {
  return (
    firstOf(CHECKS, input) ?? {
      stage: 'noise',
      explanation: `Every stage gave the same as at the baseline, and the outcome is another: ${outcome(input)}.`,
    }
  )
}

/** Why the evidence or the first article is another, where the outcome is the same. */
export function blameSearch(input: BlameInput): Blame {
  const { before, after } = input
  return (
    firstOf([blameCorpus, blameLostGold], input) ??
    toBlame('retrieval', `The articles were found in another order${describeRanks(before, after)}.`)
  )
}

/** Whether only the baseline's prompt, generated again, can tell the search's fault from the model's. */
export function needsRegeneration(input: BlameInput): boolean {
  const { before, after, context } = input
  if (context.regenerated !== undefined || firstOf(FIRST_CHECKS, input) !== null) return false
  return before.passages !== after.passages && wasWritten(before) && wasWritten(after)
}

function firstOf(checks: readonly Check[], input: BlameInput): Blame | null {
  for (const check of checks) {
    const found = check(input)
    if (found !== null) return found
  }
  return null
}

/** A change of the text that reached neither the search's order nor the model is passed over. */
function blameCorpus({ before, after, context }: BlameInput): Blame | null {
  const { missing, changed } = context
  if (missing.length > 0) {
    return toBlame('corpus', `The library no longer has ${nameArticles(missing)}.`)
  }
  const isSeen =
    before.passages !== after.passages ||
    before.prompt !== after.prompt ||
    before.candidates !== after.candidates
  if (changed.length > 0 && isSeen) {
    return toBlame('corpus', `Since the baseline the text of ${nameArticles(changed)} has changed.`)
  }
  const [newcomer] = context.newcomers ?? []
  if (newcomer === undefined || before.passages === after.passages) return null
  return toBlame('corpus', `An article that came later, ${newcomer}, stands among the passages.`)
}

function nameArticles(guids: readonly string[]): string {
  return `the case's ${guids.length === 1 ? 'article' : 'articles'} ${guids.join(', ')}`
}

function blameUnknown({ before, after }: BlameInput): Blame | null {
  const isOpaque = (stages: Stages) => stages.passages === null && !wasWritten(stages)
  if (!isOpaque(before) && !isOpaque(after)) return null
  return toBlame('unclear', 'The target tells nothing of how it came to its answers.')
}

/** Quotes stood in for an answer: no model was there, or none in time. */
function blameModelGone({ before, after }: BlameInput): Blame | null {
  const wasGone = before.reason === 'model-unavailable'
  const isGone = after.reason === 'model-unavailable'
  if (isGone && wasWritten(before)) {
    return toBlame('generation', 'The chat model wrote the answer, and now it gave none in time.')
  }
  if (wasGone && wasWritten(after)) {
    return toBlame('generation', 'The chat model gave no answer in time, and now it wrote one.')
  }
  return null
}

/** Without a model, whether the best sentence is near enough is all there is to decide. */
function blameNearness({ before, after }: BlameInput): Blame | null {
  const isSameSearch = before.candidates !== null && before.candidates === after.candidates
  if (wasWritten(before) || wasWritten(after) || !isSameSearch) return null
  if (before.reason === after.reason) return null
  const [was, is] =
    after.reason === 'no-evidence' ? ['near enough', 'too far'] : ['too far', 'near enough']
  return toBlame(
    'refusal',
    `The same was found, but its best sentence counted as ${was} from the question and counts as ${is} now.`,
  )
}

const LOSSES = [
  [
    'isGoldFound',
    "The case's articles were among the candidates and are not all found now",
    "Not all of the case's articles were among the candidates, and now they are",
  ],
  [
    'isGoldInContext',
    "The case's articles were given to the model and are not all given now",
    "Not all of the case's articles were given to the model, and now they are",
  ],
  [
    'isQuoteInContext',
    'The supporting sentence was given to the model and is not given now',
    'The supporting sentence was not given to the model, and now it is',
  ],
] as const

/** Lost by a case that broke, gained by one that was fixed. */
function blameLostGold({ before, after, context }: BlameInput): Blame | null {
  const isBroken = context.direction === 'broken'
  const [better, worse] = isBroken ? [before, after] : [after, before]
  const loss = LOSSES.find(([flag]) => better[flag] === true && worse[flag] === false)
  if (loss === undefined) return null
  const [, lost, gained] = loss
  return toBlame('retrieval', `${isBroken ? lost : gained}${describeRanks(before, after)}.`)
}

/** Without a model the sentences that the search ranks first are the answer. */
function blameOtherSentences({ before, after }: BlameInput): Blame | null {
  if (wasWritten(before) && wasWritten(after)) return null
  if (before.passages === after.passages && before.grounded === after.grounded) return null
  return isSameRanks(before, after)
    ? toBlame(
        'retrieval',
        'Its articles were found as before, but other sentences of them were chosen.',
      )
    : toBlame('retrieval', `Other sentences were found${describeRanks(before, after)}.`)
}

function blameOtherPassages(input: BlameInput): Blame | null {
  const { before, after, context } = input
  const ranks = describeRanks(before, after)
  if (before.passages === after.passages) return null
  if (context.regenerated === undefined) {
    return toBlame(
      'unclear',
      `The model was given other passages${ranks}, and whether they or its words decided is not known: the old prompt was not generated again.`,
    )
  }
  const givesOldOutcome = context.regenerated.correct === (context.direction === 'broken')
  return givesOldOutcome
    ? toBlame(
        'retrieval',
        `The model was given other passages${ranks}, and from the old ones it still gives the old outcome.`,
      )
    : toBlame(
        'generation',
        `The model was given other passages${ranks}, but from the old ones it gives the new outcome as well.`,
      )
}

function blamePrompt({ before, after }: BlameInput): Blame | null {
  if (before.prompt === after.prompt) return null
  return toBlame('generation', 'The passages are the same, but the prompt around them is another.')
}

function blameWords(input: BlameInput): Blame | null {
  const { before, after, context } = input
  if (before.generated === after.generated) return null
  return context.sameChatModel
    ? toBlame('noise', `The same model wrote other words to the same prompt: ${outcome(input)}.`)
    : toBlame('generation', 'Another chat model wrote other words to the same prompt.')
}

/** A refusal keeps no sentences; what was dropped tells whether it had the same. */
function blameGrounding({ before, after }: BlameInput): Blame | null {
  if (before.dropped !== after.dropped) {
    return toBlame('grounding', 'Of the same words of the model other sentences were kept.')
  }
  const isRefused = before.reason !== after.reason
  if (isRefused || before.grounded === after.grounded) return null
  return toBlame('grounding', 'The same sentences were kept, with other citations.')
}

function blameRefusal(input: BlameInput): Blame | null {
  const { before, after, context } = input
  if (before.reason === after.reason) return null
  const threshold = context.threshold ?? null
  const bar = threshold === null ? '' : ` (refused below ${threshold.toFixed(2)})`
  const stated =
    before.statesAnswer === null && after.statesAnswer === null
      ? ''
      : `; that they state the answer had a probability of ${probability(before)} and has ${probability(after)} now${bar}`
  return toBlame(
    'refusal',
    `The same sentences were kept and the decision is another, ${outcome(input)}${stated}.`,
  )
}

function probability({ statesAnswer }: Stages): string {
  return statesAnswer === null ? 'none' : statesAnswer.toFixed(2)
}

function outcome({ before, after }: BlameInput): string {
  const name = ({ reason }: Stages) => reason ?? 'answered'
  return before.reason === after.reason
    ? `${name(after)} both times`
    : `${name(before)} before, ${name(after)} now`
}

function wasWritten({ generated }: Stages): boolean {
  return generated !== null
}

function toBlame(stage: BlameStage, explanation: string): Blame {
  return { stage, explanation }
}

function isSameRanks({ goldRanks: before }: Stages, { goldRanks: after }: Stages): boolean {
  return JSON.stringify(before) === JSON.stringify(after)
}

function describeRanks({ goldRanks: before }: Stages, { goldRanks: after }: Stages): string {
  if (before === null || after === null) return ''
  const arms = `by keywords it ${describeMove(before, after, 'keyword')}, by vectors it ${describeMove(before, after, 'vector')}`
  return `: the best of its articles ${describeMove(before, after, 'fused')} among the candidates, ${arms}`
}

function describeMove(before: ArmRanks, after: ArmRanks, arm: keyof ArmRanks): string {
  const [from, to] = [before[arm], after[arm]]
  if (from === to) return from === null ? 'was never found' : `stayed at place ${from}`
  if (from === null) return `was not found and is at place ${to}`
  if (to === null) return `was at place ${from} and is not found`
  return `went from place ${from} to ${to}`
}

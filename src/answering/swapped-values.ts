import type { Claim, Evidence } from './choose-evidence.ts'
import { toNames } from './hard-tokens.ts'
import { likeness, toPlacedWords, type PlacedWord } from './placed-words.ts'
import { toUnit } from './units.ts'

// A number or a name may stand in the evidence and yet be the wrong one: of another thing, in another
// unit, from another sentence. What stands around it tells.

interface SwapOptions {
  /** The evidence of the claim, the sentence that carries most of it first. */
  readonly chosen: readonly [Evidence, ...Evidence[]]
  /** Sentences that are at least as near to the claim: they may have the right value. */
  readonly rivals: readonly Evidence[]
}

const PRONOUN = /\b(?:it|they|he|she|this|these)\b/i
/** Another value must fit so much better, since the same is said in many ways. */
const RIVAL_FACTOR = 1.5
const RIVAL_MARGIN = 0.1

/** A value of the claim in whose place its evidence has another one, or null. */
export function findSwapped(claim: Claim, options: SwapOptions): string | null {
  const names = new Set(namesOf([claim.text], toNames(claim.question)))
  const at = claim.words.findIndex((word, index) => {
    if (word.kind !== 'number' && !names.has(word.text)) return false
    const place = { value: word, words: claim.words, at: index }
    return isSwapped(place, { ...options, claim })
  })
  return claim.words[at]?.text ?? null
}

type ValueOptions = SwapOptions & { readonly claim: Claim }

interface ValuePlace {
  readonly value: PlacedWord
  readonly words: readonly PlacedWord[]
  readonly at: number
}

function isSwapped(place: ValuePlace, options: ValueOptions): boolean {
  const { value } = place
  const { claim, chosen, rivals } = options
  const [main] = chosen
  const isAsked = claim.asked.has(value.stem) || claim.asked.has(value.text)
  if (!main.words.some(({ text }) => text === value.text)) {
    // “It introduces …”, where the claim has the question's name for it.
    if (isAsked && PRONOUN.test(main.text)) return false
    if (!isAsked && isOfAnother(place, options)) return true
  }
  // In code, what stands beside a name tells little.
  if (main.isCode) return false
  const found = isAsked ? [main] : [...chosen, ...rivals]
  return isOutdone(place, { ...options, found }) || hasOtherUnit(place, chosen)
}

/** Whether the main sentence has another value in that place, and the value comes from elsewhere. */
function isOfAnother(place: ValuePlace, options: ValueOptions): boolean {
  const { value } = place
  const [main, ...others] = options.chosen
  const inItsPlace = fitInItsPlace(place, main, isRivalOf(value, options))
  return inItsPlace > 0 && inItsPlace >= bestFit(place, others, ({ text }) => text === value.text)
}

/** Whether a value that the claim does not have fits much better than its own. */
function isOutdone(
  place: ValuePlace,
  options: ValueOptions & { readonly found: readonly Evidence[] },
): boolean {
  const { value } = place
  const { claim, chosen, found } = options
  const isRival = isRivalOf(value, options)
  const own = bestFit(place, chosen, ({ text }) => text === value.text)
  const other = bestFit(
    place,
    found,
    (word) => isRival(word) && !claim.words.some(({ text }) => text === word.text),
  )
  return other > own * RIVAL_FACTOR + RIVAL_MARGIN
}

/** How well another value fits there, where it is not one that the claim has in a better place. */
function fitInItsPlace(
  place: ValuePlace,
  { words }: Evidence,
  isRival: (word: PlacedWord) => boolean,
): number {
  const fits = words.flatMap((word, at) => {
    if (!isRival(word)) return []
    const fit = likeness(place, { words, at })
    const taken = place.words.map(({ text }, own) =>
      text === word.text ? likeness({ words: place.words, at: own }, { words, at }) : 0,
    )
    return fit > Math.max(...taken) ? [fit] : []
  })
  return Math.max(0, ...fits)
}

/** Whether a word is another value of the same kind, by the evidence that it stands in. */
function isRivalOf(
  value: PlacedWord,
  { chosen, rivals }: ValueOptions,
): (word: PlacedWord) => boolean {
  if (value.kind === 'number') return ({ kind, text }) => kind === 'number' && text !== value.text
  const names = new Set(namesOf([...chosen, ...rivals].map(({ text }) => text)))
  return ({ kind, text }) => kind === 'word' && names.has(text) && text !== value.text
}

function namesOf(texts: readonly string[], known: readonly string[] = []): readonly string[] {
  return texts
    .flatMap((text) => toNames(text, known))
    .flatMap((name) => toPlacedWords(name).map(({ text }) => text))
}

function bestFit(
  place: ValuePlace,
  evidence: readonly Evidence[],
  isIt: (word: PlacedWord) => boolean,
): number {
  const fits = evidence.flatMap(({ words }) =>
    words.flatMap((word, at) => (isIt(word) ? [likeness(place, { words, at })] : [])),
  )
  return Math.max(0, ...fits)
}

/** Whether wherever the evidence has the number it counts something else. */
function hasOtherUnit({ words, at }: ValuePlace, chosen: readonly Evidence[]): boolean {
  const unit = unitAt(words, at)
  const number = words[at]?.text
  if (unit === undefined) return false
  const units = chosen.flatMap((each) =>
    each.words.flatMap(({ text }, index) => (text === number ? [unitAt(each.words, index)] : [])),
  )
  return units.length > 0 && units.every((other) => other !== undefined && other !== unit)
}

function unitAt(words: readonly PlacedWord[], at: number): number | undefined {
  return words[at]?.kind === 'number' ? toUnit(words[at + 1]?.text ?? '') : undefined
}

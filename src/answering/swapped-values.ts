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
    return isSwapped({ words: claim.words, at: index }, { ...options, claim })
  })
  return claim.words[at]?.text ?? null
}

type ValueOptions = SwapOptions & { readonly claim: Claim }

interface ValuePlace {
  readonly words: readonly PlacedWord[]
  readonly at: number
}

function isSwapped(place: ValuePlace, { claim, chosen, rivals }: ValueOptions): boolean {
  const value = place.words[place.at]
  if (value === undefined) return false
  const [main, ...others] = chosen
  const isSame = ({ text }: PlacedWord) => text === value.text
  const isHeld = main.words.some(isSame)
  const fit = (evidence: readonly Evidence[], isIt: (word: PlacedWord) => boolean) =>
    bestFit(place, evidence, isIt)
  const isKind = kindOf(value, [...chosen, ...rivals])
  const isRival = (word: PlacedWord) => isKind(word) && !isSame(word)
  const isAsked = claim.asked.has(value.stem)
  if (!isHeld && !isAsked) {
    const inItsPlace = fitInItsPlace(place, main, isRival)
    if (inItsPlace > 0 && inItsPlace >= fit(others, isSame)) return true
  }
  // “It introduces …”, where the claim has the question's name for it.
  if (isAsked && !isHeld && PRONOUN.test(main.text)) return false
  // In code, what stands beside a name tells little.
  if (main.isCode) return false
  const isNew = (word: PlacedWord) =>
    isRival(word) && !claim.words.some(({ text }) => text === word.text)
  const other = fit(isAsked ? [main] : [...chosen, ...rivals], isNew)
  if (other > fit(chosen, isSame) * RIVAL_FACTOR + RIVAL_MARGIN) return true
  return hasOtherUnit(place, chosen)
}

/** How well another value fits where the claim has its own, unless the claim has that one elsewhere, too, and it fits better. */
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

/** Whether a word is a value of the same kind, by the evidence that it stands in. */
function kindOf(value: PlacedWord, evidence: readonly Evidence[]): (word: PlacedWord) => boolean {
  if (value.kind === 'number') return ({ kind }) => kind === 'number'
  const names = new Set(namesOf(evidence.map(({ text }) => text)))
  return ({ kind, text }) => kind === 'word' && names.has(text)
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

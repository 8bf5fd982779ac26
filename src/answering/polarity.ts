import type { Claim, Evidence } from './choose-evidence.ts'
import { areAlike, areOpposite } from './opposites.ts'
import { likeness, toPlacedWords, type PlacedWord } from './placed-words.ts'
import { setOf } from './question-words.ts'

// Whether a claim denies what its evidence says, or says what it denies. Lists of words and no parser: a
// "not" turns round what follows it in its clause, and two turns undo each other.

const NEGATORS = setOf('not never no none neither nor nothing nobody nowhere without')
/** They turn a clause round as well, but are no denial by themselves: often one is put for the other. */
const SOFT_NEGATORS = setOf(
  `avoid avoids avoided avoiding prevent prevents prevented preventing lack lacks lacking missing refuse
  refuses refused deny denies denied reject rejects rejected forbid forbids forbidden fail fails failed
  failing failure instead rather hardly rarely barely seldom unless eliminate eliminates eliminated
  eliminating elimination rid free stop stops stopped skip skips skipped ignore ignores ignored except
  shifted replaced replaces only unused absent absence disable disables disabled impossible unable
  outdated obsolete unlike invalid incorrect inactive incomplete independent irrelevant illegal insecure
  inaccessible immutable lose loses losing lost loss miss misses missed ends ended gone empty zero drop
  drops dropped dropping discard discards discarded block blocks blocked blocking forget forgets hidden
  alone until too wrong`,
)
/** “unseen”, “disconnect”, “non”, “stateless” */
const DENYING_FORM = /^(?:un\p{L}{4,}|dis\p{L}{5,}|non\p{L}*)$|\p{L}{3,}less$/u
const PLAIN_FORM = /^(?:unde|unti|unio|uniq|unit|univ|unif|disc|disk|disp|dist)/
/** Behind "not" they deny nothing: "not only". */
const MODIFIERS = setOf('only just necessarily merely simply')
const CLAUSE_WORDS = setOf('but while whereas although because since so and')
const FILLERS = setOf(
  `is are was were be been being am do does did has have had having can could may might must shall should
  will would to in on at by from with as if than then there such any all each or they them he she we you
  i me us what when where who how why longer more most very also even still yet ever again into onto up
  down over under about yes no not never get gets got make makes made go goes once`,
)
/** Opposites stand for each other only in like places. */
const MIN_LIKENESS = 0.3
/** A claim's "not" is about the next words; that of a long evidence only about the next. */
const CLAIM_REACH = 2
const EVIDENCE_REACH = 1

interface Reading {
  readonly words: readonly PlacedWord[]
  /** How often each word is turned round. */
  readonly turns: readonly number[]
  /** For each content stem, whether it is turned round, in each of its places. */
  readonly polarities: ReadonlyMap<string, ReadonlySet<boolean>>
  /** The stems behind each denial, the nearest first. */
  readonly denials: readonly (readonly string[])[]
  readonly isPlain: boolean
}

export function contradicts(claim: Claim, chosen: readonly Evidence[]): boolean {
  const [, reply, rest] = /^(yes|no)\b[,.:;!\s–—-]*(.*)$/is.exec(claim.text) ?? []
  const said = read(rest === undefined ? claim.words : toPlacedWords(rest))
  const found = chosen.map(({ words, isCode }) => ({ ...read(words), isCode }))
  if (isUnheard(said, found)) return true
  // Where one sentence says it the same way, another one speaks of something else.
  if (
    found.some((each) => denials(said, each, CLAIM_REACH) > 0) &&
    !found.some((each) => denials(said, each, CLAIM_REACH) < 0)
  )
    return true
  if (
    found.some(
      (each) =>
        !each.isCode && (denials(each, said, EVIDENCE_REACH) > 0 || hasOpposite(said, each)),
    )
  )
    return true
  return (
    reply !== undefined && !answers(reply, { said, asked: read(toPlacedWords(claim.question)) })
  )
}

/** Whether it denies where the evidence has neither a denial nor an opposite of what is denied. */
function isUnheard(said: Reading, found: readonly Reading[]): boolean {
  if (said.denials.length === 0 || !found.every(({ isPlain }) => isPlain)) return false
  const turned = said.words.filter((_word, at) => (said.turns[at] ?? 0) % 2 === 1)
  return !turned.some((word) =>
    found.some(({ words }) => words.some(({ text }) => areOpposite(word.text, text))),
  )
}

function areContrary(said: Reading, other: Reading): boolean {
  return (
    denials(said, other, CLAIM_REACH) > 0 ||
    denials(other, said, EVIDENCE_REACH) > 0 ||
    hasOpposite(said, other)
  )
}

interface Reply {
  readonly said: Reading
  readonly asked: Reading
}

/** Whether a yes or no goes with what follows it. */
function answers(reply: string, { said, asked }: Reply): boolean {
  const isContrary = areContrary(said, asked)
  if (reply.toLowerCase() === 'yes') return !isContrary
  // “No, 5 seconds.” corrects a value.
  return isContrary || !said.isPlain || said.words.some(({ kind }) => kind === 'number')
}

function read(words: readonly PlacedWord[]): Reading {
  const turns = words.map(() => 0)
  const denials: (readonly string[])[] = []
  let isPlain = true
  words.forEach(({ text }, at) => {
    const isDenial = NEGATORS.has(text)
    if (!isDenial && !isSoft(text)) return
    if (MODIFIERS.has(words[at + 1]?.text ?? '')) return
    isPlain = false
    const scope = scopeOf(words, at)
    for (const place of scope) turns[place] = (turns[place] ?? 0) + 1
    if (isDenial) denials.push(scope.map((place) => words[place]?.stem ?? ''))
  })
  return { words, turns, polarities: toPolarities(words, turns), denials, isPlain }
}

function isSoft(word: string): boolean {
  return SOFT_NEGATORS.has(word) || (DENYING_FORM.test(word) && !PLAIN_FORM.test(word))
}

function toPolarities(
  words: readonly PlacedWord[],
  turns: readonly number[],
): ReadonlyMap<string, ReadonlySet<boolean>> {
  const polarities = new Map<string, Set<boolean>>()
  words.forEach((word, at) => {
    if (!isContent(word)) return
    const known = polarities.get(word.stem) ?? new Set()
    polarities.set(word.stem, known.add((turns[at] ?? 0) % 2 === 1))
  })
  return polarities
}

/** The places of what follows in the clause; at its end, of what stands before. */
function scopeOf(words: readonly PlacedWord[], at: number): readonly number[] {
  const isEnd = (place: number) => {
    const word = words[place]
    return word === undefined || word.kind === 'break' || CLAUSE_WORDS.has(word.text)
  }
  const walk = (step: 1 | -1) => {
    const places: number[] = []
    for (let place = at + step; !isEnd(place); place += step) places.push(place)
    return places.filter((place) => isContent(words[place]))
  }
  const after = walk(1)
  return after.length > 0 ? after : walk(-1)
}

/** Above 0: one denies what the other has the other way round; below: both have it the same way. */
function denials(one: Reading, other: Reading, reach: number): number {
  const balances = one.denials.map((stems) => {
    const shared = stems.slice(0, reach).filter((stem) => other.polarities.has(stem))
    const apart = shared.filter((stem) => isApart(stem, one, other))
    return apart.length * 2 - shared.length
  })
  return Math.max(...balances) > 0 ? 1 : Math.min(0, ...balances)
}

function isApart(stem: string, one: Reading, other: Reading): boolean {
  const [here, there] = [one.polarities.get(stem), other.polarities.get(stem)]
  return here !== undefined && there !== undefined && ![...here].some((each) => there.has(each))
}

function isContent(word: PlacedWord | undefined): boolean {
  return (
    word !== undefined &&
    word.kind !== 'break' &&
    !FILLERS.has(word.text) &&
    !NEGATORS.has(word.text)
  )
}

/** A word of one stands where the other has its opposite, and both or neither are turned round. */
function hasOpposite(one: Reading, other: Reading): boolean {
  return one.words.some((word, at) =>
    other.words.some((opposite, place) => {
      if (!areOpposite(word.text, opposite.text) || isContrasted(one.words, at)) return false
      const here = { reading: one, at }
      const there = { reading: other, at: place }
      const fit = fitOf(here, there)
      return fit >= MIN_LIKENESS && fit > bestAlike(here, other) && fit > bestAlike(there, one)
    }),
  )
}

/** “From the old table to the new table”: it speaks of both. */
function isContrasted(words: readonly PlacedWord[], at: number): boolean {
  const [word, next] = [words[at], words[at + 1]]
  return words.some(
    ({ text }, place) =>
      word !== undefined && areOpposite(word.text, text) && words[place + 1]?.text === next?.text,
  )
}

interface ReadPlace {
  readonly reading: Reading
  readonly at: number
}

function fitOf(one: ReadPlace, other: ReadPlace): number {
  const isSameTurn =
    ((one.reading.turns[one.at] ?? 0) - (other.reading.turns[other.at] ?? 0)) % 2 === 0
  if (!isSameTurn) return 0
  return likeness(
    { words: one.reading.words, at: one.at },
    { words: other.reading.words, at: other.at },
  )
}

/** How well the same word, or one that means about the same, fits there. */
function bestAlike(place: ReadPlace, other: Reading): number {
  const text = place.reading.words[place.at]?.text ?? ''
  const fits = other.words.flatMap((word, at) =>
    areAlike(word.text, text) ? [fitOf(place, { reading: other, at })] : [],
  )
  return Math.max(0, ...fits)
}

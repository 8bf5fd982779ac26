import type { Passage } from '../domain.ts'
import { contentStems } from '../retrieval/content-words.ts'
import { toNames, toNumbers } from './hard-tokens.ts'
import { isUnit } from './units.ts'
import { likeness, toPlacedWords, type PlacedWord } from './placed-words.ts'

/** A sentence of the passages that a claim may rest on. */
export interface Evidence {
  readonly passage: Passage
  readonly id: string
  readonly text: string
  readonly start: number
  readonly end: number
  readonly words: readonly PlacedWord[]
  readonly stems: ReadonlySet<string>
  /** Only code has lines of its own within a sentence. */
  readonly isCode: boolean
}

/** What a sentence of an answer says, or a part of it that stands for itself. */
export interface Claim {
  readonly text: string
  readonly question: string
  readonly words: readonly PlacedWord[]
  readonly stems: ReadonlySet<string>
  /** The stems of the question: what it says, the claim need not prove. */
  readonly asked: ReadonlySet<string>
  /** Stems of numbers, names and identifiers. */
  readonly values: ReadonlySet<string>
  /** How near each evidence sentence is, by its id; empty where unknown. */
  readonly similarity: ReadonlyMap<string, number>
}

/** A claim rests on this many sentences at the most. */
const MAX_CITATIONS = 3
/** What a stem counts where the sentence is chosen that carries the claim, beside 1 for any other: */
const ASKED_WEIGHT = 0.3
/** a value least of all, since the sentence is chosen to test it; */
const VALUE_WEIGHT = 0.4
const BARE_VALUE_WEIGHT = 0.1
/** and all that only the question says, together; more where the claim is a bare value: “About 70 %.” */
const UNSAID_WEIGHT = 0.5
const UNSAID_BARE_WEIGHT = 1.5
/** Long code has some word of everything. */
const LONG_STEMS = 40
const LONG_WEIGHT = 0.6
/** So much of a claim's stems in the evidence, and no further sentence is needed. */
const FULL_COVERAGE = 0.8
/** So near the first sentence, half its coverage counted in, and it carries the claim alone. */
const CARRIED = 1
/** A further sentence brings as many stems that the others lack, or a value that stands among like words. */
const MIN_ADDED = 2
const MIN_LIKENESS = 0.25

export function toEvidence(passages: readonly Passage[]): readonly Evidence[] {
  return passages.flatMap((passage) =>
    passage.sentences.map(({ id, text, start, end }) => {
      const words = toPlacedWords(text)
      // “time.sleep(0.1)” is about sleeping, too.
      const stems = new Set([...stemsOf(words), ...contentStems(text).filter(isWord)])
      return { passage, id, text, start, end, words, stems, isCode: text.includes('\n') }
    }),
  )
}

export function toClaim(
  text: string,
  { question, similarity }: Pick<Claim, 'question' | 'similarity'>,
): Claim {
  const words = toPlacedWords(text)
  const stems = stemsOf(words)
  const names = toNames(text, toNames(question)).flatMap((name) => [
    ...stemsOf(toPlacedWords(name)),
  ])
  return {
    text,
    question,
    words,
    stems,
    asked: stemsOf(toPlacedWords(question)),
    values: new Set([...names, ...[...stems].filter((stem) => !isWord(stem))]),
    similarity,
  }
}

/** Stems of content words; an identifier is one, whole. */
function stemsOf(words: readonly PlacedWord[]): ReadonlySet<string> {
  return new Set(
    words.flatMap(({ kind, text }) => {
      if (kind === 'break') return []
      return isWord(text) ? contentStems(text) : [text]
    }),
  )
}

function isWord(text: string): boolean {
  return !/^\d|[\p{L}\d][_.]\p{L}/u.test(text)
}

/** The sentence that carries most of a claim, then others while they bring what it lacks and needs. */
export function chooseEvidence(
  claim: Claim,
  evidence: readonly Evidence[],
): readonly [Evidence, ...Evidence[]] | null {
  const first = nearest(claim, evidence)
  if (first === undefined) return null
  const chosen: [Evidence, ...Evidence[]] = [first]
  while (chosen.length < MAX_CITATIONS) {
    const next = choosePartner(claim, chosen, evidence)
    if (next === undefined) break
    chosen.push(next)
  }
  return chosen
}

/** The one sentence that a claim most likely speaks of, whether it supports it or not. */
function nearest(claim: Claim, evidence: readonly Evidence[]): Evidence | undefined {
  const { stems, asked, similarity } = claim
  const unsaid = [...asked].filter((stem) => !stems.has(stem))
  const isBare = [...stems].every((stem) => !isWord(stem) || asked.has(stem) || isUnit(stem))
  const unsaidWeight = isBare ? UNSAID_BARE_WEIGHT : UNSAID_WEIGHT
  const weightOf = (stem: string) => {
    if (!isWord(stem)) return isBare ? BARE_VALUE_WEIGHT : VALUE_WEIGHT
    return asked.has(stem) ? ASKED_WEIGHT : 1
  }
  return best(evidence, (each) => {
    const long = each.stems.size > LONG_STEMS ? LONG_WEIGHT : 1
    const said = share([...stems], { found: each.stems, weightOf })
    const understood = share(unsaid, { found: each.stems, weightOf: () => 1 })
    return (said + unsaidWeight * understood) * long + (similarity.get(each.id) ?? 0)
  })
}

interface ShareOptions {
  readonly found: ReadonlySet<string>
  readonly weightOf: (stem: string) => number
}

function share(stems: readonly string[], { found, weightOf }: ShareOptions): number {
  const sum = (some: readonly string[]) => some.reduce((all, stem) => all + weightOf(stem), 0)
  return stems.length === 0 ? 0 : sum(stems.filter((stem) => found.has(stem))) / sum(stems)
}

function choosePartner(
  claim: Claim,
  chosen: readonly Evidence[],
  evidence: readonly Evidence[],
): Evidence | undefined {
  const { stems, asked, values, similarity } = claim
  const open = [...stems].filter((stem) => !chosen.some((each) => each.stems.has(stem)))
  const needed = open.filter((stem) => !asked.has(stem))
  const near = Math.max(...chosen.map(({ id }) => similarity.get(id) ?? 0))
  const isFull =
    1 - needed.length / stems.size >= FULL_COVERAGE || near + coverage(claim, chosen) / 2 >= CARRIED
  const openValues = open.filter((stem) => values.has(stem) && !isPresupposed(stem, claim, chosen))
  const sharesWord = (each: Evidence) =>
    [...stems].some((stem) => !values.has(stem) && each.stems.has(stem))
  const added = (each: Evidence) => needed.filter((stem) => each.stems.has(stem)).length
  const carried = (each: Evidence) =>
    Math.max(0, ...openValues.map((value) => likenessOf(value, claim, each)))
  const helpers = evidence.filter(
    (each) =>
      !chosen.includes(each) &&
      ((carried(each) >= MIN_LIKENESS && sharesWord(each)) ||
        (!isFull && added(each) >= MIN_ADDED)),
  )
  return best(helpers, (each) => added(each) + carried(each) + (similarity.get(each.id) ?? 0))
}

/** A value of the question that stands around the evidence: it is what the evidence speaks of. */
function isPresupposed(
  value: string,
  { asked, question }: Claim,
  chosen: readonly Evidence[],
): boolean {
  // “Three” of something is no value that the answer would repeat.
  if (!(/^\d/.test(value) ? toNumbers(question) : asked).has(value)) return false
  return chosen.some(({ passage }) =>
    stemsOf(toPlacedWords(`${passage.title} ${passage.heading} ${passage.text}`)).has(value),
  )
}

/** How alike the places of a value in a claim and in a sentence are at best. */
function likenessOf(value: string, { words }: Claim, evidence: Evidence): number {
  const placesIn = (some: readonly PlacedWord[]) =>
    some.flatMap(({ text, stem }, at) =>
      text === value || stem === value ? [{ words: some, at }] : [],
    )
  const there = placesIn(evidence.words)
  return Math.max(
    0,
    ...placesIn(words).flatMap((one) => there.map((other) => likeness(one, other))),
  )
}

/** The share of a claim's stems that the evidence has, those apart that the question gave. */
export function coverage({ stems, asked }: Claim, chosen: readonly Evidence[]): number {
  const isFound = (stem: string) => chosen.some((each) => each.stems.has(stem))
  const needed = [...stems].filter((stem) => isFound(stem) || !asked.has(stem))
  return needed.length === 0 ? 0 : needed.filter(isFound).length / needed.length
}

function best(
  evidence: readonly Evidence[],
  scoreOf: (each: Evidence) => number,
): Evidence | undefined {
  const [first, ...others] = evidence
  if (first === undefined) return undefined
  let top = { each: first, score: scoreOf(first) }
  for (const each of others) {
    const score = scoreOf(each)
    if (score > top.score) top = { each, score }
  }
  return top.each
}

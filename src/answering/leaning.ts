// Tells from an English question's form whether it can be understood without what was said before it.
// It does when it goes on (“and for large tables?”), names nothing (“which is faster?”), or points to
// something (“it”, “that”, “the second one”) that it has not named in a clause before.
import {
  AUXILIARIES,
  CLAUSE_OPENERS,
  isContent,
  isGrammar,
  isNoun,
  PREPOSITIONS,
  QUESTION_WORDS,
  setOf,
  toWords,
  type Place,
  type Word,
} from './question-words.ts'

/** Who writes more says what it is about. */
const MAX_CHARACTERS = 300

export function isLeaning(question: string): boolean {
  if (question.length > MAX_CHARACTERS) return false
  const words = toWords(question)
  return (
    goesOn(words) ||
    isFragment(words) ||
    (words.length > 0 && !words.some(isContent)) ||
    words.some((_, at) => pointsBack({ at, words }))
  )
}

const CONTINUING = setOf('and but or so then nor also')
/** What may stand before the question itself. */
const FILLERS = setOf('ok okay yes no right thanks hm hmm well great cool alright sure')

function goesOn(words: readonly Word[]): boolean {
  const [first, second] = words.slice(words.findIndex(({ text }) => !FILLERS.has(text)))
  if (first === undefined) return false
  // In capitals it is an operator, and the question is about it.
  if (CONTINUING.has(first.text)) return first.raw !== first.raw.toUpperCase()
  return ['what about', 'how about', 'what if'].includes(`${first.text} ${second?.text ?? ''}`)
}

const MAX_FRAGMENT_WORDS = 6
const FRAGMENT_OPENERS = new Set([...PREPOSITIONS, ...setOf('if once unless because when')])
const ASKING = new Set([...QUESTION_WORDS, ...setOf('do does did')])

/** “On a server?”, “in which version?”, “if the disk is full?”: nothing is asked of it. */
function isFragment(words: readonly Word[]): boolean {
  const [first, second, ...rest] = words
  return (
    FRAGMENT_OPENERS.has(first?.text ?? '') &&
    words.length <= MAX_FRAGMENT_WORDS &&
    words.at(-1)?.endsSentence === true &&
    !AUXILIARIES.has(second?.text ?? '') &&
    !rest.some(({ text }) => ASKING.has(text))
  )
}

type IsPointer = (place: Place) => boolean

const POINTERS: ReadonlyMap<string, IsPointer> = new Map<string, IsPointer>([
  ...['they', 'them', 'he', 'she', 'him', 'theirs', 'hers'].map((word) => [word, always] as const),
  ...['its', 'their', 'his', 'her'].map((word) => [word, always] as const),
  ['it', (place) => !isDummy(place)],
  ['that', isPointingThat],
  ['this', (place) => isPointingHere(place)],
  ['these', (place) => isPointingHere(place)],
  ['those', (place) => isPointingHere(place) && !isNext(place, setOf('who that of with in whose'))],
  ['there', isPointingThere],
  ['one', isPointingOne],
  ['ones', isPointingOne],
  ['such', (place) => !isNext(place, setOf('as'))],
  ['instead', (place) => !isNext(place, setOf('of'))],
  ['then', endsClause],
  ['else', (place) => QUESTION_WORDS.has(textAt(place, -1))],
  ['other', (place) => QUESTION_WORDS.has(textAt(place, -1))],
  ['same', (place) => endsClause(place) || isNext(place, setOf('hold apply go happen thing for'))],
  ...['former', 'latter', 'rest', 'others'].map((word) => [word, isOfSome] as const),
])
const POSSESSIVES = setOf('its their his her')

function pointsBack(place: Place): boolean {
  const { at, words } = place
  const text = textAt(place, 0)
  if (POINTERS.get(text)?.(place) !== true) return false
  const before = words.slice(0, at)
  if (POSSESSIVES.has(text)) return !before.some(isContent)
  if (text.startsWith('one')) return !before.some(isNoun)
  return !isNamedBefore(place)
}

/** Behind these, a clause needs no word that opens it. */
const SAYING = setOf('say says said think thinks thought know believe believes claim claims feel')

/** In a clause before the pointer's own: no clause names a thing twice, by its name and by “it”. */
function isNamedBefore(place: Place): boolean {
  const before = place.words.slice(0, place.at)
  const firstContent = before.findIndex(isContent)
  if (before.some((word, at) => word.endsClause && firstContent >= 0 && at >= firstContent)) {
    return true
  }
  const isIt = textAt(place, 0) === 'it'
  const opener = before.findLastIndex(
    ({ text }) => CLAUSE_OPENERS.has(text) || (!isIt && SAYING.has(text)),
  )
  return before.slice(0, Math.max(0, opener)).some(isNoun)
}

function always(): boolean {
  return true
}

function textAt({ at, words }: Place, offset: number): string {
  return words[at + offset]?.text ?? ''
}

/** Whether one of these follows in the same clause. */
function isNext(place: Place, set: ReadonlySet<string>): boolean {
  return !endsClause(place) && set.has(textAt(place, 1))
}

function endsClause({ at, words }: Place): boolean {
  return words[at]?.endsClause === true
}

const VERBS_BEHIND = new Set([
  ...AUXILIARIES,
  ...setOf('got get gets lets let makes made gives gave keeps kept'),
])

/** And not the one that opens a clause: “the thing that lasts”, “make sure that it lasts”. */
function isPointingThat(place: Place): boolean {
  if (endsClause(place)) return true
  const before = textAt(place, -1)
  if (isNext(place, setOf('of'))) return false
  if (place.at === 0 || AUXILIARIES.has(before) || QUESTION_WORDS.has(before)) return true
  if (PREPOSITIONS.has(before) || CONTINUING.has(before)) return !isNext(place, VERBS_BEHIND)
  return isNext(place, PREPOSITIONS)
}

/** “This week” and “this library” are at hand. */
const AT_HAND = setOf(
  `page site website blog feed library article book service week month year quarter time morning
  afternoon evening way days`,
)
const DESCRIBING_WORDS = 3

/** Not “those little bracketed numbers”, of which as much is said as of what is named. */
function isPointingHere(place: Place): boolean {
  if (endsClause(place)) return true
  const described = place.words.slice(place.at + 1, place.at + 1 + DESCRIBING_WORDS)
  const isDescribed =
    described.length === DESCRIBING_WORDS &&
    !described.some(isGrammar) &&
    described.filter(isContent).length >= DESCRIBING_WORDS - 1
  return !isDescribed && !isNext(place, AT_HAND)
}

function isPointingThere(place: Place): boolean {
  const before = textAt(place, -1)
  if (['in', 'up', 'over', 'from', 'out', 'down', 'back'].includes(before)) return true
  return endsClause(place) && !AUXILIARIES.has(before)
}

/** “Which one”, “the second one”; not “one of the two”, and not “the one thing”. */
function isPointingOne(place: Place): boolean {
  const marks = setOf('the which this that another')
  const isMarked = [-1, -2].some((offset) => marks.has(textAt(place, offset)))
  const next = textAt(place, 1)
  const isAlone =
    endsClause(place) ||
    AUXILIARIES.has(next) ||
    (PREPOSITIONS.has(next) && next !== 'of') ||
    ['i', 'we', 'you', 'they'].includes(next)
  return isMarked && isAlone
}

function isOfSome(place: Place): boolean {
  return textAt(place, -1) === 'the' && !isNext(place, setOf('of'))
}

const IDIOMS = setOf('comes turns depends that')
const JUDGING = setOf(
  'ok okay fine bad good wise better normal possible true wrong worth matter help',
)
const TAKING = setOf('take takes took cost costs mean means pay pays make makes')
/** Said of a thing: “is it able to”, where “is it hard to” may be said of nothing. */
const PERSONAL = setOf('able used going supposed allowed meant designed likely due about enough')
const MAX_WORDS_TO_VERB = 5

/** The “it” that is nothing, of “is it hard to undo a migration” and “how long does it take to”. */
function isDummy(place: Place): boolean {
  const { at, words } = place
  const rest = words.slice(at + 1, at + 1 + MAX_WORDS_TO_VERB).map(({ text }) => text)
  const [first = '', second = ''] = rest
  return words[at]?.raw === 'IT' || isIdiom(first, second) || hasClause(rest, words.slice(at + 1))
}

function isIdiom(first: string, second: string): boolean {
  if (IDIOMS.has(first) || /^called (?:when|if)$/.test(`${first} ${second}`)) return true
  return JUDGING.has(first) && /^(?:if|when|that)$|ing$/.test(second)
}

/** “To” with a verb and what it is done to, or “that”: what is said of nothing is said of that. */
function hasClause(near: readonly string[], behind: readonly Word[]): boolean {
  const to = near.findIndex((text) => text === 'to' || text === 'that')
  if (to < 1 || near.slice(0, to).some((text) => PERSONAL.has(text))) return false
  return TAKING.has(near[0] ?? '') || behind[to + 2] !== undefined
}

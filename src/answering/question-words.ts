// The words of an English question, sorted by what they can do. Lists of words and no parser: they see
// a form, and what they do not know counts as a word that names something.

export interface Word {
  readonly text: string
  /** As it was typed. */
  readonly raw: string
  /** A mark behind it ends a clause, or it is the last word. */
  readonly endsClause: boolean
  readonly endsSentence: boolean
}

export interface Place {
  readonly at: number
  readonly words: readonly Word[]
}

export const setOf = (words: string): ReadonlySet<string> => new Set(words.split(/\s+/))

export const QUESTION_WORDS = setOf('what which who whom whose when where why how')
export const AUXILIARIES = setOf(
  `is are was were be been being do does did has have had can could should would will may might must
  cannot isn't aren't wasn't weren't don't doesn't didn't can't couldn't shouldn't wouldn't won't`,
)
export const PREPOSITIONS = setOf(
  `about above across after against around as at before behind below between beyond by during for from
  in inside into like near of off on onto out over per since than through to toward under until up via
  with within without`,
)
/** They open a clause of its own within a question. */
export const CLAUSE_OPENERS = setOf(
  `and but or so if when while once after before because since until unless that who which whose where
  whether without by to than as how why whenever though although`,
)
const DETERMINERS = setOf(
  `a an the my our your each every some any no another all both two three four five several many few`,
)
const GRAMMAR = new Set([
  ...QUESTION_WORDS,
  ...AUXILIARIES,
  ...PREPOSITIONS,
  ...CLAUSE_OPENERS,
  ...DETERMINERS,
])
const DEGREES = setOf(
  `long often large big small fast slow quick quickly soon early late bad good safe right wrong true
  different similar important expensive cheap possible necessary required worth more most less least
  better best worse worst faster slower bigger smaller larger cheaper easier harder safer simpler quicker
  first second third next last previous former latter same other`,
)
/** Words that name nothing by themselves: “what are the steps” asks for those of something. */
const LIGHT = new Set([
  ...DEGREES,
  ...setOf(
    `i me you we us this these those it they them he she there here not yes one ones none either neither
    others such too also else only just even still again ever already yet very really actually exactly
    precisely maybe perhaps please ok okay well now then instead otherwise much far sure
    kind kinds sort sorts type types thing things something anything nothing everything stuff way ways
    part parts people person someone anyone somebody anybody everyone nobody
    happen happens happened mean means meant say says said tell know think go going come work works done
    see get got give gave make need needed needs use used want explain elaborate continue show list
    name names reason reasons cause causes example examples detail details point points difference
    differences catch downside downsides drawback drawbacks advantage advantages disadvantage
    disadvantages benefit benefits alternative alternatives limit limits cost costs price risk risks
    step steps exception exceptions option options recommend recommended recommendation source sources
    number numbers solution fix workaround result results outcome approach problem problems issue issues
    impact effect effects consequence consequences purpose goal default maximum minimum value percentage
    share amount year date month day time place author company companies method requirement requirements
    condition conditions mistake mistakes idea meaning`,
  ),
])

const CONTRACTED: ReadonlyMap<string | undefined, string> = new Map([
  ['s', 'is'],
  ['re', 'are'],
  ['ll', 'will'],
  ['ve', 'have'],
  ['d', 'would'],
])

export function toWords(question: string): readonly Word[] {
  // What is quoted is one name, whatever its words.
  const plain = question.replaceAll('’', "'").replaceAll(/"[^"]*"|“[^”]*”|`[^`]*`/g, 'QUOTE')
  // A dash between words ends a clause as a comma does.
  const tokens =
    plain
      .match(/\S+/g)
      ?.join(' ')
      .replaceAll(/ [-–—]+(?= )|—/g, ', ') ?? ''
  const words = tokens.split(' ').flatMap(readToken)
  return words.map((word, at) => (at === words.length - 1 ? { ...word, endsClause: true } : word))
}

function readToken(token: string): readonly Word[] {
  const letters = [...token.matchAll(/[\p{L}\p{N}]/gu)]
  const [first, last] = [letters[0], letters.at(-1)]
  if (first === undefined || last === undefined) return []
  const end = last.index + last[0].length
  const [raw, marks] = [token.slice(first.index, end), token.slice(end)]
  const parts = uncontract(raw)
  return parts.map((part, at) => ({
    text: part.toLowerCase(),
    raw: part,
    endsClause: at === parts.length - 1 && /[,.;:?!)]/.test(marks),
    endsSentence: at === parts.length - 1 && /[.;?!]/.test(marks),
  }))
}

/** “what's” and “whats” as two words; “Postgres's” as one. */
function uncontract(raw: string): readonly string[] {
  const [, joined] = /^(what|that|how|where|who|there)s$/i.exec(raw) ?? []
  if (joined !== undefined) return [joined, 'is']
  const [, stem = '', suffix] = /^([^']+)'(s|re|ll|ve|d)$/i.exec(raw) ?? []
  const verb = CONTRACTED.get(suffix?.toLowerCase())
  const known = stem.toLowerCase()
  return verb === undefined || !(GRAMMAR.has(known) || LIGHT.has(known)) ? [raw] : [stem, verb]
}

export function isGrammar({ text }: Word): boolean {
  return GRAMMAR.has(text)
}

/** Whether it says what is spoken of. */
export function isContent(word: Word): boolean {
  return hasNameForm(word) || !(LIGHT.has(word.text) || GRAMMAR.has(word.text))
}

/** “ML-KEM”, “pg_stat”, “next.js”: the capital of a first word makes no name. */
function hasNameForm({ raw }: Word): boolean {
  return /\p{L}[\d_./-]|\p{Ll}\p{Lu}|\p{Lu}{2}/u.test(raw)
}

const MAX_ADJECTIVES = 3

/** A thing, by its form or its place: a name, or behind an article, an auxiliary or a preposition. */
export function isNoun(word: Word, at: number, words: readonly Word[]): boolean {
  if (!isContent(word)) return false
  const before = words.slice(Math.max(0, at - 1 - MAX_ADJECTIVES), at)
  const last = before.at(-1)
  if (hasNameForm(word) || (isCapital(word) && last?.endsSentence === false)) return true
  const governing = before.findLast(({ text }) => !DEGREES.has(text))?.text ?? ''
  // “Queries” in “what makes slow queries wait”, and not “breaks” in “what breaks”.
  const isPlural = /[^sui]s$/.test(word.text) && before.slice(-1).some(isContent)
  return GOVERNING.has(governing) || isPlural
}

const GOVERNING = new Set([...DETERMINERS, ...AUXILIARIES, ...PREPOSITIONS])

function isCapital({ raw }: Word): boolean {
  return /^\p{Lu}/u.test(raw)
}

// Intl.Segmenter knows no abbreviations, and never ends a sentence before a small letter or a number
// in front of one, where technical prose often starts the next: "… is lost. psycopg2 reconnects."

const SEGMENTER = new Intl.Segmenter('en', { granularity: 'sentence' })
/** The segmenter is quadratic in its text (12 s for 0.5 MB), so it is given windows. */
const WINDOW_CHARS = 4000
/** How much on either side decides. */
const CONTEXT_CHARS = 300
/** A shorter word in front of a full stop and a small letter may be an abbreviation. */
const MIN_WORD_CHARS = 4

const words = (list: string) => new Set(list.split(' '))

const NEVER_LAST = words(
  'e.g. eg. i.e. ie. cf. vs. viz. approx. ca. resp. incl. excl. esp. a.k.a. w.r.t. Dr. Mr. Mrs. Ms. Prof. St. Gen. Sen. Gov. Capt. Lt. Sgt. Rev. Hon. Messrs. Mt.',
)
const BEFORE_NUMBER = words(
  'no. nos. fig. figs. eq. sec. ch. vol. p. pp. ref. v. ver. al. jan. feb. mar. apr. jun. jul. aug. sep. sept. oct. nov. dec.',
)
/** They end a sentence only where the next word plainly starts one. */
const OFTEN_INSIDE = words('inc. ltd. corp. co. jr. sr. ph.d.')
const BEFORE_SMALL = words(
  'etc. misc. dept. govt. univ. assn. appt. tech. spec. temp. max. min. avg.',
)
/** Words that are no abbreviation although they are short. */
const SHORT_LAST = words(
  'it is so to in on up out do us me all one two too now be are was not you use run off',
)
const STARTERS = words(
  'a after all also although an and as at because before both but by during each every finally first for from furthermore he here how however i if in instead is it its many meanwhile moreover most my next no not now of on or our she since so some such that the their then there these they this those to under unlike use using we what when where which while who why with without yes you your',
)

const WORD = /[\p{L}\p{N}]/u
const TERMINATED = /[.!?…][\p{Pe}\p{Pf}"'*_]*\s+$|[。！？][\p{Pe}\p{Pf}"']*\s*$/u
const ENDED = /[.!?…][\p{Pe}\p{Pf}"']* +/gu
const INITIALS = /^(?:[A-Za-z]\.)+$/
const NUMBERING =
  /^(?:(?:step|figure|fig\.|table|chapter|section|part|phase|option|rule|tip|question|no\.) )?[\d.]+\.$/i
/** "The culprit?" says nothing without the answer behind it. */
const LEADING_QUESTION = /^The [\w'-]+ ?[\w'-]* ?[\w'-]*\?$/
const CODE_WORD = /[_(\d]|[a-z][A-Z]|\w[./:]\w/

/** Offsets in one line of prose where a sentence may end, in order, some of them twice. */
export function* possibleEnds(prose: string): Generator<number> {
  for (let from = 0; from < prose.length;) {
    const isLast = from + WINDOW_CHARS >= prose.length
    const segments = [...SEGMENTER.segment(prose.slice(from, from + WINDOW_CHARS))]
    // The window may have cut the last one.
    if (!isLast && segments.length > 1) segments.pop()
    for (const { segment } of segments) {
      for (const { 0: end, index } of segment.matchAll(ENDED)) yield from + index + end.length
      from += segment.length
      yield from
    }
  }
}

interface Place {
  /** Where the sentence started. */
  readonly from: number
  readonly at: number
}

/** Whether a sentence of the prose ends at a place where it may. */
export function isSentenceEnd(prose: string, { from, at }: Place): boolean {
  const left = prose.slice(Math.max(from, at - CONTEXT_CHARS), at)
  const right = prose.slice(at, at + CONTEXT_CHARS)
  if (!TERMINATED.test(left) || !WORD.test(left) || !WORD.test(right)) return false
  if (isInBrackets(left, right) || isAbbreviated(left, right)) return false
  const body = left.trimEnd()
  if (/^\p{Ll}/u.test(right)) return endsBeforeSmall(body, right)
  const isShort = from >= at - CONTEXT_CHARS
  return (
    !(isShort && (NUMBERING.test(body) || LEADING_QUESTION.test(body))) && !/ \.{3}$/.test(body)
  )
}

function isInBrackets(left: string, right: string): boolean {
  let open = 0
  for (const char of left) {
    if (char === '(') open += 1
    if (char === ')') open = Math.max(0, open - 1)
  }
  return open > 0 && right.includes(')')
}

function isAbbreviated(left: string, right: string): boolean {
  const [before = '', word = ''] = ['', ...left.trim().split(' ')].slice(-2).map(withoutOpening)
  const lower = word.toLowerCase()
  if (NEVER_LAST.has(word) || NEVER_LAST.has(lower)) return true
  if (BEFORE_NUMBER.has(lower)) return /^[\d#(]/.test(right)
  if (BEFORE_SMALL.has(lower)) return /^[\p{Ll}\d]/u.test(right)
  if (OFTEN_INSIDE.has(lower)) return !isStarter(right)
  return INITIALS.test(word) && isInsideName(before, word, right)
}

function withoutOpening(word: string): string {
  return word.replace(/^[\p{Ps}\p{Pi}"']+/u, '')
}

/** "Edgar F. Codd", "the U.S. market", but not "written in C. Rust came later". */
function isInsideName(before: string, initials: string, right: string): boolean {
  const isOneLetter = initials.length === 2
  if (isOneLetter && /^[a-z]/.test(before) && before !== 'by' && before !== 'and') return false
  return /^\p{Lu}\./u.test(right) || !isStarter(right)
}

function isStarter(right: string): boolean {
  return STARTERS.has(/^\p{L}+/u.exec(right)?.[0].toLowerCase() ?? '')
}

function endsBeforeSmall(body: string, right: string): boolean {
  if (/\.{2}$/.test(body)) return false
  if (CODE_WORD.test(/^\S+/.exec(right)?.[0] ?? '')) return true
  const word = /[a-z]*(?=\)?\.$)/.exec(body)?.[0] ?? ''
  return word.length >= MIN_WORD_CHARS || SHORT_LAST.has(word) || body.endsWith(').')
}

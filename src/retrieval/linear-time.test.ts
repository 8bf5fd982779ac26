// A text ten times as long may take ten times as long. The guard is wide, since the machine is shared:
// what is quadratic takes a hundred times as long.
import { expect, it } from 'vitest'
import { toPhrases } from '../store/phrases.ts'
import { readAskedTime } from './asked-time.ts'
import { contentStems } from './content-words.ts'
import { splitQuestion } from './question-parts.ts'
import { splitAnswer, splitSentences } from './split-sentences.ts'

const SMALL_CHARS = 20_000
const FACTOR = 10
const MAX_RATIO = 40
/** Below it, a measure is mostly noise. */
const FLOOR_MS = 5
/** As the API takes them. */
const QUESTION_CHARS = 2_000
const MAX_QUESTION_MS = 500

const UNITS = {
  words: 'payloads are limited ',
  sentences: 'It ends, e.g. here. ',
  'one word': 'a',
  spaces: ' ',
  lines: '\n',
  dots: '.',
  apostrophes: 'a’',
  quotes: '"',
  'opening quotes': '“„',
  brackets: '(',
  fences: '```\n',
  conjunctions: ' and and',
  CJK: '通知。',
  emoji: '👩‍👩‍👧',
}

const FUNCTIONS: Readonly<Record<string, (text: string) => unknown>> = {
  contentStems,
  'splitSentences of prose': (text) => splitSentences(text, 'paragraph'),
  'splitSentences of lists': (text) => splitSentences(text, 'list'),
  'splitSentences of code': (text) => splitSentences(text, 'code'),
  'splitSentences of tables': (text) => splitSentences(text, 'table'),
  splitAnswer,
  toPhrases,
}

const QUESTION_FUNCTIONS: Readonly<Record<string, (text: string) => unknown>> = {
  ...FUNCTIONS,
  splitQuestion,
  readAskedTime: (text) => readAskedTime(text, { now: new Date('2026-03-01') }),
}

const fill = (unit: string, length: number) => unit.repeat(Math.ceil(length / unit.length))

function bestMs(work: () => unknown, runs: number): number {
  const times = Array.from({ length: runs }, () => {
    const since = performance.now()
    work()
    return performance.now() - since
  })
  return Math.min(...times)
}

it.each(Object.entries(FUNCTIONS))('%s takes no more than its text is longer', (_name, work) => {
  for (const [kind, unit] of Object.entries(UNITS)) {
    const small = bestMs(() => work(fill(unit, SMALL_CHARS)), 3)
    const limit = MAX_RATIO * Math.max(small, FLOOR_MS)
    let large = Infinity
    // A pause of the machine is over at the next try; what is quadratic is so at each.
    for (let tries = 0; tries < 5 && large >= limit; tries += 1) {
      large = bestMs(() => work(fill(unit, SMALL_CHARS * FACTOR)), 1)
    }
    expect(large, kind).toBeLessThan(limit)
  }
})

it.each(Object.entries(QUESTION_FUNCTIONS))('%s is soon done with any question', (_name, work) => {
  for (const [kind, unit] of Object.entries(UNITS)) {
    expect(
      bestMs(() => work(fill(unit, QUESTION_CHARS)), 2),
      kind,
    ).toBeLessThan(MAX_QUESTION_MS)
  }
})

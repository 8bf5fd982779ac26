// How many wrong sentences grounding drops, and how many right ones: the golden references, sentence by
// sentence, and the articles' own sentences that support them, each spoiled in every way that it allows
// (bench/spoiled-sentences.ts), over the passages that the search gives with the case's evidence added.
//   npx tsx bench/grounding.ts glad-labs --split test
//   npx tsx bench/grounding.ts handbook --split tuning --show     with every sentence that was judged wrongly
// DATA_DIR, where it is set, holds the set's library already.
import { parseArgs } from 'node:util'
import { isAnswerable, SPLITS, type GoldenCase } from '../eval/golden-case.ts'
import { wilson } from '../eval/intervals.ts'
import { findSentences, loadLibrary, type Library } from '../eval/library.ts'
import { toRequest } from '../eval/service-target.ts'
import { loadSet } from '../eval/set-folder.ts'
import type { EvidenceSentence, Passage } from '../src/domain.ts'
import { openBenchServices } from './open-bench-services.ts'
import { readTopic, spoilSentence, SPOILED_KINDS, type SpoiledKind } from './spoiled-sentences.ts'
import { REAL_FEED } from './start-bench-service.ts'

const VALUES: readonly SpoiledKind[] = [
  'number',
  'number of the passage',
  'count or unit in words',
  'date',
  'name of the passage',
  'identifier',
]
const SOURCES = ['references', 'sentences of the articles'] as const
type Source = (typeof SOURCES)[number]
/** A longer one, or a listing, is no sentence that an answer would repeat. */
const MAX_CHARACTERS = 300

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { split: { type: 'string' }, show: { type: 'boolean', default: false } },
})
const split = SPLITS.find((each) => each === values.split)
if (split === undefined) throw new Error(`--split is ${SPLITS.join(' or ')}.`)

const [name = 'glad-labs'] = positionals
const isRead = process.env['DATA_DIR'] !== undefined || name === 'handbook'
const { signal } = new AbortController()
await using bench = await openBenchServices(
  { CHAT_MODEL: 'none' },
  { feedsIn: () => (isRead ? [] : [REAL_FEED]) },
)
const { services } = bench
const { answerSteps } = services
const counts = new Map<string, { kept: number; all: number }>()

interface Given {
  readonly golden: GoldenCase
  readonly question: string
  readonly passages: readonly Passage[]
  readonly evidence: readonly EvidenceSentence[]
}

/** Null where the library lacks a sentence of the evidence. */
async function giveEvidence(golden: GoldenCase, library: Library): Promise<Given | null> {
  const request = toRequest(golden, signal)
  const { passages } = await answerSteps.retrieve(request)
  const given = [...passages]
  const evidence: EvidenceSentence[] = []
  for (const { article, quote } of golden.evidence) {
    const known = library.get(article)
    const found = known === undefined ? [] : findSentences(known, quote)
    const [first] = found
    if (first === undefined) return null
    const ids = new Set(found.map(({ id }) => id))
    const packed = given.flatMap(({ sentences }) => sentences).filter(({ id }) => ids.has(id))
    if (packed.length === 0) given.push(first.passage)
    evidence.push(...(packed.length === 0 ? first.passage.sentences : packed))
  }
  return { golden, question: request.understood.question, passages: given, evidence }
}

interface SentenceOptions {
  readonly source: Source
  readonly others: readonly string[]
  readonly seed: number
}

async function tryOut(text: string, given: Given, options: SentenceOptions): Promise<void> {
  const { question, passages, evidence, golden } = given
  const ids = new Set(evidence.map(({ id }) => id))
  const rest = passages.flatMap(({ sentences }) => sentences).filter(({ id }) => !ids.has(id))
  const spoiled = spoilSentence(text, {
    passageText: [...evidence, ...rest].map((each) => each.text).join('\n'),
    others: options.others,
    topic: readTopic(question, evidence.map((each) => each.text).join('\n')),
    seed: options.seed,
  })
  const tried = [{ kind: 'right' as const, text }, ...spoiled]
  const texts = tried.map((each) => each.text)
  const similarities = await answerSteps.compare(texts, passages, signal)
  tried.forEach((each, at) => {
    const grounded = answerSteps.ground({
      question,
      sentences: [each.text],
      passages,
      similarities: similarities.slice(at, at + 1),
    })
    const isKept = grounded.sentences.length > 0
    count(`${options.source} ${each.kind}`, isKept)
    if (!values.show || isKept === (each.kind === 'right')) return
    console.log(`${golden.id} ${each.kind}: ${each.text} ${grounded.dropped[0]?.why ?? ''}`)
  })
}

function count(name: string, isKept: boolean): void {
  const counted = counts.get(name) ?? { kept: 0, all: 0 }
  counts.set(name, { kept: counted.kept + (isKept ? 1 : 0), all: counted.all + 1 })
}

let missing = 0
const { cases } = await loadSet(name)
const asked = cases.filter((golden) => isAnswerable(golden) && golden.split === split)
const guids = [...new Set(asked.flatMap(({ articles }) => articles))]
const library = await loadLibrary(services.database.pool, guids)
for (const [at, golden] of asked.entries()) {
  const given = await giveEvidence(golden, library)
  if (given === null) {
    missing += 1
    continue
  }
  const others = asked
    .filter(({ articles }) => !articles.some((guid) => golden.articles.includes(guid)))
    .flatMap(({ reference }) => answerSteps.split(reference))
  const texts: Record<Source, readonly string[]> = {
    references: answerSteps.split(golden.reference),
    'sentences of the articles': given.evidence
      .map(({ text }) => text)
      .filter((text) => text.length <= MAX_CHARACTERS && !text.includes('\n')),
  }
  for (const source of SOURCES) {
    for (const [index, text] of texts[source].entries()) {
      await tryOut(text, given, { source, others, seed: at * 100 + index })
    }
  }
}

function tell(source: Source, label: string, kinds: readonly (SpoiledKind | 'right')[]): void {
  const found = kinds.flatMap((kind) => counts.get(`${source} ${kind}`) ?? [])
  const all = found.reduce((sum, each) => sum + each.all, 0)
  const dropped = found.reduce((sum, each) => sum + each.all - each.kept, 0)
  const interval = wilson(dropped, all)
  const percent = (share: number) => (share * 100).toFixed(1)
  const range = interval === null ? '' : ` (${percent(interval.low)}–${percent(interval.high)})`
  const share = all === 0 ? '–' : `${percent(dropped / all)}${range}`
  console.log(`  ${label.padEnd(26)} ${`${dropped} of ${all}`.padEnd(12)} ${share}`)
}

console.log(`${name}, ${split} half, dropped by grounding; ${missing} cases without their evidence`)
for (const source of SOURCES) {
  console.log(source)
  tell(source, 'right: false alarms', ['right'])
  tell(source, 'swapped values', VALUES)
  tell(source, 'negated or opposite', ['negation', 'opposite'])
  for (const kind of SPOILED_KINDS) tell(source, `  ${kind}`, [kind])
}

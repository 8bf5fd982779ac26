// Whether the threshold of refusing (`footnote calibrate refusal`) carries over to texts that it was not
// fitted on: how often what is to be refused is, what is refused wrongly, and how well the likelihood
// that the evidence states the answer tells the two apart, whatever the threshold.
//   npx tsx bench/refusal-carry-over.ts handbook                the handbook's golden set, both halves
//   npx tsx bench/refusal-carry-over.ts mtrag-un --sample 60    labelled questions of conversations
// --sample N is so many of each label, --seed N which; --label NAME (again and again) asks others than
// answerable and unanswerable; --threshold N takes another than the calibrated one. The passages given
// with a question are what the search found; without any, the nearest of the pool are.
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { askRefusals, prepareRefusals } from '../eval/ask-refusal-cases.ts'
import { fitRefusal, refusalTotals, statedAuc, type RefusalCase } from '../eval/fit-refusal.ts'
import { readStance } from '../eval/refusal-text.ts'
import { contentRecall } from '../eval/token-overlap.ts'
import { answerQuestion } from '../src/answering/answer-question.ts'
import type { AnswerSteps } from '../src/answering/answer-steps.ts'
import { thresholdsOf } from '../src/answering/calibration.ts'
import { condense } from '../src/answering/condense.ts'
import { MAX_PASSAGES, PASSAGE_TOKENS } from '../src/answering/create-answer-steps.ts'
import { packPassages } from '../src/retrieval/passages.ts'
import {
  compareInMemory,
  openPool,
  toFoundChunk,
  toSearchResult,
  type FindNearest,
} from './given-passages.ts'
import {
  LABELS,
  loadMtrag,
  sampleQuestions,
  type Label,
  type MtragCorpus,
  type MtragQuestion,
} from './mtrag-questions.ts'
import { openBenchServices } from './open-bench-services.ts'

const MTRAG = resolve(import.meta.dirname, '../../shared/corpora/mtrag-un')
/** About as many as the others are given. */
const NEAREST = 4
/** Shown of the curve. */
const SHOWN_STEP = 0.1
const TOLD_EVERY = 10

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: 'string', default: '60' },
    seed: { type: 'string', default: '0' },
    label: { type: 'string', multiple: true, default: ['answerable', 'unanswerable'] },
    threshold: { type: 'string' },
  },
})
const { signal } = new AbortController()
// Without a feed of its own it reads the handbook.
await using bench = await openBenchServices({}, { feedsIn: () => [] })
const { services } = bench
const { evaluation, countTokens, calibration } = services
// Those of an evaluation, which gives no kept answer again.
const answerSteps = evaluation.steps
const model = answerSteps.models.chat()
const embedding = evaluation.embedding()
if (model === null || embedding === undefined) throw new Error('Both models are needed for this.')
const nearness = { embedding, signal }
const threshold = Number(values.threshold ?? thresholdsOf(calibration).stated(model))

function print(cases: readonly RefusalCase[]): void {
  const { correct, falseRefusals, nearMiss, hiddenEvidence, offCorpus } = refusalTotals(
    cases,
    threshold,
  )
  const shares = { correct, falseRefusals, nearMiss, hiddenEvidence, offCorpus }
  for (const [name, measured] of Object.entries(shares)) {
    if (measured === null) continue
    const { share, low, high, of } = measured
    console.log(`  ${name} ${share.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)}) of ${of}`)
  }
  console.log(`  AUC ${statedAuc(cases)?.toFixed(3) ?? 'of nothing'}`)
  const fitted = fitRefusal(cases)
  console.log(`  fitted on these it would be ${fitted.threshold}`)
  console.log('  threshold  correct  false refusals  near misses  hidden evidence  off-corpus')
  for (const [at, outcome] of Object.entries(fitted.curve)) {
    if (Math.round(Number(at) * 100) % (SHOWN_STEP * 100) !== 0) continue
    const { correct, falseRefusals, nearMiss, hiddenEvidence, offCorpus } = outcome
    const row = [correct, falseRefusals, nearMiss, hiddenEvidence, offCorpus]
    console.log(`  ${at}       ${row.map((share) => share?.toFixed(3) ?? '–').join('  ')}`)
  }
}

function createTeller(total: number): () => void {
  let done = 0
  return () => {
    done += 1
    if (done % TOLD_EVERY === 0 || done === total) console.error(`${done} of ${total}`)
  }
}

async function askHandbook(): Promise<void> {
  const questions = await prepareRefusals('handbook', evaluation)
  const onAsked = createTeller(questions.tasks.length)
  const { tuning, test, heldOut } = await askRefusals(questions, {
    parts: evaluation,
    signal,
    onAsked,
  })
  console.log(`\nhandbook: ${tuning.length + test.length} questions, ${heldOut.length} held out`)
  print([...tuning, ...test])
}

interface Asked extends RefusalCase {
  readonly label: Label
  /** Share of the reference's content words that the draft has. */
  readonly recall: number
}

async function askMtrag(): Promise<void> {
  const labels = values.label.map(toLabel)
  const corpus = loadMtrag(MTRAG)
  const size = Number(values.sample)
  const questions = sampleQuestions(corpus.questions, { labels, size, seed: Number(values.seed) })
  const isPoolNeeded = questions.some(({ passages }) => passages.length === 0)
  const pool = isPoolNeeded ? [...corpus.passages.values()] : []
  const findNearest = await openPool({ ...nearness, passages: pool })
  const tell = createTeller(questions.length)
  const asked: Asked[] = []
  for (const question of questions) {
    asked.push(await askQuestion(question, { corpus, findNearest }))
    tell()
  }
  console.log(`\nmtrag-un: ${asked.length} questions, seed ${values.seed}`)
  for (const label of labels) printLabel(label, asked)
  print(asked.filter(({ label }) => label === 'answerable' || label === 'unanswerable'))
}

function toLabel(name: string): Label {
  const label = LABELS.find((each) => each === name)
  if (label === undefined) throw new Error(`--label takes one of ${LABELS.join(', ')}.`)
  return label
}

interface Reading {
  readonly corpus: MtragCorpus
  readonly findNearest: FindNearest
}

/** The service's own steps, but for where the passages come from; no threshold refuses the draft. */
async function askQuestion(asked: MtragQuestion, reading: Reading): Promise<Asked> {
  const { history, question, answerability: label, reference } = asked
  const understood = condense([...history, { role: 'user', content: question }])
  const steps: AnswerSteps = {
    ...answerSteps,
    retrieve: () => retrieve(understood.question, asked, reading),
    compare: (sentences, passages) => compareInMemory(sentences, passages, nearness),
    thresholds: { ...answerSteps.thresholds, stated: () => 0 },
  }
  const { answer, trace } = await answerQuestion({ understood, filters: {}, signal }, steps)
  if (answer.status === 'extracted') throw new Error('The chat model did not answer.')
  const refusedAnyway =
    answer.status === 'refused' ||
    readStance(answer.answer, { passages: trace.passages }) === 'denies'
  return {
    label,
    kind: label === 'unanswerable' ? 'near-miss' : 'answerable',
    statesAnswer: trace.decision.statesAnswer,
    refusedAnyway,
    // Nobody knows the facts: what counts as right is that it is answered.
    correct: label === 'answerable' && !refusedAnyway,
    recall: contentRecall(trace.generated ?? '', reference),
  }
}

async function retrieve(
  question: string,
  { passages: given }: MtragQuestion,
  { corpus, findNearest }: Reading,
): Promise<Awaited<ReturnType<AnswerSteps['retrieve']>>> {
  const vector = await nearness.embedding.embedQuestion(question, { signal })
  const passages =
    given.length > 0
      ? given.flatMap((id) => corpus.passages.get(id) ?? [])
      : findNearest(vector, NEAREST)
  const chunks = []
  for (const passage of passages) chunks.push(await toFoundChunk(passage, vector, nearness))
  const search = toSearchResult(chunks, 0)
  return {
    search,
    passages: packPassages(search.chunks, {
      question,
      maxTokens: PASSAGE_TOKENS,
      maxPassages: MAX_PASSAGES,
      countTokens,
    }),
  }
}

/** What is refused should be the worse drafts. */
function printLabel(wanted: Label, asked: readonly Asked[]): void {
  const own = asked.filter(({ label }) => label === wanted)
  const isRefused = ({ statesAnswer, refusedAnyway }: Asked) =>
    refusedAnyway || (statesAnswer !== null && statesAnswer < threshold)
  const refused = own.filter(isRefused)
  const recallOf = (some: readonly Asked[]) =>
    some.length === 0
      ? '–'
      : (some.reduce((sum, { recall }) => sum + recall, 0) / some.length).toFixed(3)
  const kept = own.filter((one) => !isRefused(one))
  console.log(
    `  ${wanted}: ${refused.length} of ${own.length} refused, ${own.filter((one) => one.refusedAnyway).length} at any threshold; of the reference's words the drafts have ${recallOf(kept)} where answered, ${recallOf(refused)} where refused`,
  )
}

console.log(`${model}, threshold ${threshold}`)
const subjects = positionals.length === 0 ? ['handbook', 'mtrag-un'] : positionals
for (const subject of subjects) {
  if (subject === 'handbook') await askHandbook()
  else if (subject === 'mtrag-un') await askMtrag()
  else throw new Error(`There is handbook and mtrag-un, and no ${subject}.`)
}

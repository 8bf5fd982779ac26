// Does the evaluation find a regression that was planted, and blame the right stage? Ten seeded trials of
// the search without a model, ten of stored answers of the model, and runs of unchanged code that must
// raise no alarm.
//   npx tsx bench/planted-regressions.ts
//   DATA_DIR=… npx tsx bench/planted-regressions.ts RUN     with a stored run of the arm `system`
import { createArm, type Arm, type ArmName } from '../eval/arms.ts'
import { toBaseline } from '../eval/bless.ts'
import type { CaseAnswer } from '../eval/case-answer.ts'
import { checkSet } from '../eval/check-set.ts'
import { compareWithBaseline } from '../eval/compare.ts'
import { judgeRun } from '../eval/gate.ts'
import { isAnswerable, type GoldenCase } from '../eval/golden-case.ts'
import { loadLibrary } from '../eval/library.ts'
import { loadRows } from '../eval/load-rows.ts'
import type { BlameStage, EvaluatedCase } from '../eval/report.ts'
import { parsePlan } from '../eval/run-plan.ts'
import { scoreCase } from '../eval/score-case.ts'
import { createRandom, seededShuffle } from '../eval/seeded-random.ts'
import { toCaseAnswer } from '../eval/sent-answer.ts'
import { createServiceTarget } from '../eval/service-target.ts'
import { loadSet } from '../eval/set-folder.ts'
import { toStages } from '../eval/to-stages.ts'
import type { AnswerSteps, Retrieved } from '../src/answering/answer-steps.ts'
import { loadEvaluation } from '../src/store/evaluations.ts'
import { listGuids } from '../src/store/library-texts.ts'
import { openBenchServices } from './open-bench-services.ts'

const SET = 'glad-labs'
const TRIALS = 10
const UNCHANGED = 20

interface Trial {
  readonly name: string
  readonly stage: BlameStage
  readonly rows: readonly EvaluatedCase[]
  /** The guid that the library lacks. */
  readonly hidden?: string
  readonly sameChatModel?: boolean
}

await using opened = await openBenchServices({ CHAT_MODEL: 'none' })
const set = await loadSet(SET)
const library = await loadLibrary(opened.services.database.pool, Object.keys(set.articles))
const { hashes, faults } = checkSet(set, library)
if (faults.length > 0) throw new Error('The set has faults.')
const articles = new Map([...library].map(([guid, { hash }]) => [guid, hash]))
const guids = await listGuids(opened.services.database.pool)

async function tryWithoutModel(): Promise<void> {
  const { answerSteps } = opened.services
  const before = await ask(answerSteps)
  const trials: Trial[] = []
  for (let seed = 0; seed < TRIALS; seed += 1) trials.push(await plant(answerSteps, seed))
  report('without a model', before, trials)
  let alarms = 0
  for (let run = 0; run < UNCHANGED; run += 1) {
    const { verdict, flips } = compare(before, { rows: await ask(answerSteps) })
    if (verdict !== 'passed' || flips.length > 0) alarms += 1
  }
  console.log(`${UNCHANGED} runs of the same code: ${alarms} alarms`)
}

async function ask(
  steps: AnswerSteps,
  arm: ArmName = 'extracted',
): Promise<readonly EvaluatedCase[]> {
  const arms = new Map<ArmName, Arm>([[arm, createArm('extracted', { steps, library })]])
  const target = createServiceTarget({ guids, arms })
  const rows: EvaluatedCase[] = []
  for (const golden of set.cases) {
    const task = { arm, golden, repetition: 1 }
    const kept = await target.ask(task, new AbortController().signal)
    const answer = toCaseAnswer(kept, { guids })
    if (answer === null) throw new Error('An answer cannot be read.')
    rows.push(toRow(arm, golden, answer))
  }
  return rows
}

function toRow(arm: string, golden: GoldenCase, answer: CaseAnswer): EvaluatedCase {
  return {
    arm,
    repetition: 1,
    golden,
    answer,
    scores: scoreCase({ golden, answer }),
    stages: toStages(golden, answer),
    judge: null,
    error: null,
  }
}

/** One of three faults of about five points, by the seed; each is in what `retrieve` gives. */
async function plant(steps: AnswerSteps, seed: number): Promise<Trial> {
  const random = createRandom(seed)
  if (seed % 3 === 0) {
    const vectorWeight = random() * 0.05
    const retrieve: AnswerSteps['retrieve'] = (request) =>
      steps.retrieve({ ...request, vectorWeight })
    const name = `fusion weight ${vectorWeight.toFixed(2)}`
    return { name, stage: 'retrieval', rows: await ask({ ...steps, retrieve }) }
  }
  if (seed % 3 === 1) {
    const [guid = ''] = seededShuffle(Object.keys(set.articles), seed)
    const retrieve: AnswerSteps['retrieve'] = async (request) =>
      withoutArticle(await steps.retrieve(request), guid)
    const name = `hidden ${guid.slice(-24)}`
    return { name, stage: 'corpus', rows: await ask({ ...steps, retrieve }), hidden: guid }
  }
  const kept = 2 + Math.floor(random() * 2)
  const retrieve: AnswerSteps['retrieve'] = async (request) => {
    const retrieved = await steps.retrieve(request)
    return { ...retrieved, passages: retrieved.passages.slice(0, kept) }
  }
  const name = `passages cut to ${kept}`
  return { name, stage: 'retrieval', rows: await ask({ ...steps, retrieve }) }
}

function withoutArticle({ search, passages }: Retrieved, guid: string): Retrieved {
  const isKept = ({ articleId }: { readonly articleId: string }) => guids.get(articleId) !== guid
  return {
    search: {
      ...search,
      candidates: search.candidates.filter(isKept),
      chunks: search.chunks.filter(isKept),
    },
    passages: passages.filter(isKept),
  }
}

function compare(before: readonly EvaluatedCase[], trial: Omit<Trial, 'name' | 'stage'>) {
  const baseline = toBaseline({
    set: SET,
    why: 'before',
    commit: null,
    at: new Date().toISOString(),
    run: 'before',
    previous: null,
    rowsByArm: new Map([[before[0]?.arm ?? '', before]]),
    hashes,
    articles,
    fingerprints: {},
    noise: new Map(),
  })
  const comparison = compareWithBaseline({
    set: SET,
    rows: trial.rows,
    hashes,
    baseline,
    heldOut: [],
    articles: new Map([...articles].filter(([guid]) => guid !== trial.hidden)),
    isSameChatModel: () => trial.sameChatModel ?? true,
  })
  return { ...comparison, ...judgeRun({ comparison, floors: {} }) }
}

/** Caught: the verdict is a regression. Blamed rightly: so are most of the flips for the worse. */
function report(title: string, before: readonly EvaluatedCase[], trials: readonly Trial[]): void {
  let right = 0
  for (const trial of trials) {
    const { verdict, reasons, flips } = compare(before, trial)
    const broken = flips.filter(({ direction }) => direction === 'broken')
    const blamed = broken.filter(({ stage }) => stage === trial.stage).length
    const isRight = verdict === 'regressed' && 2 * blamed > broken.length
    if (isRight) right += 1
    const found = `${verdict}, ${blamed} of ${broken.length} flips blamed on ${trial.stage}`
    console.log(`  ${isRight ? 'right' : 'WRONG'}  ${trial.name}: ${found}. ${reasons[0] ?? ''}`)
  }
  console.log(`${title}: ${right} of ${trials.length} caught and blamed rightly`)
}

/** Faults of about ten points in stored answers of the model. */
async function tryWithModel(runId: string): Promise<void> {
  const { pool } = opened.services.database
  const run = await loadEvaluation(pool, runId)
  if (run === undefined) throw new Error(`There is no run ${runId} in the data folder.`)
  const stored = await loadRows(pool, { runId, plan: parsePlan(run.plan) })
  const before = stored.flatMap(({ arm, golden, answer }) =>
    answer === null || arm !== 'system' ? [] : [toRow(arm, golden, answer)],
  )
  const trials = Array.from({ length: TRIALS }, (_, seed) => plantInAnswers(before, seed))
  report(`with the model, ${before.length} stored answers`, before, trials)
}

const BROKEN_SHARE = 0.1
/** Beside the fault, so many answers come out otherwise by themselves, either way. */
const NOISE_SHARE = 0.02

type Spoil = (answer: CaseAnswer) => CaseAnswer

/** As each stage would do it: what comes after it follows, and what comes before it stays. */
const PLANTS: readonly (readonly [name: string, stage: BlameStage, spoil: Spoil])[] = [
  ['another model writes nonsense', 'generation', (answer) => saying(answer, 'It is blue.')],
  [
    'grounding drops what it kept',
    'grounding',
    (answer) => ({
      ...refusing(answer, 'unsupported'),
      dropped: answer.sentences.map(({ text }) => ({ text, why: 'planted' })),
      statesAnswer: null,
    }),
  ],
  [
    'the threshold is too high',
    'refusal',
    (answer) => ({ ...refusing(answer, 'not-answered'), threshold: 0.99 }),
  ],
  [
    'the passages are of another article',
    'retrieval',
    (answer) => {
      const passages = answer.passages.map((passage) => ({ ...passage, guid: 'elsewhere' }))
      return { ...saying(answer, 'It is blue.'), passages, promptHash: 'f'.repeat(64) }
    },
  ],
]

const [FIRST_PLANT] = PLANTS as readonly [(typeof PLANTS)[number]]

function saying(answer: CaseAnswer, text: string): CaseAnswer {
  return {
    ...answer,
    status: 'answered',
    reason: null,
    answer: `${text} [1]`,
    generated: text,
    sentences: [{ text, citations: [1] }],
    citations: answer.citations.slice(0, 1),
  }
}

function refusing(answer: CaseAnswer, reason: 'unsupported' | 'not-answered'): CaseAnswer {
  const text = 'The articles do not say this.'
  return { ...answer, status: 'refused', reason, answer: text, sentences: [], citations: [] }
}

function plantInAnswers(before: readonly EvaluatedCase[], seed: number): Trial {
  const answerable = before.filter(({ golden }) => isAnswerable(golden))
  const isRight = ({ scores }: EvaluatedCase) => scores?.correct === true
  const right = seededShuffle(answerable.filter(isRight), seed)
  const wrong = seededShuffle(
    answerable.filter((row) => !isRight(row)),
    seed,
  )
  const count = Math.ceil(BROKEN_SHARE * answerable.length)
  const noise = Math.ceil((NOISE_SHARE * answerable.length) / 2)
  const broken = new Set(right.slice(0, count))
  const lost = new Set(right.slice(count, count + noise))
  const won = new Set(wrong.slice(0, noise))
  const [name, stage, spoil] = PLANTS[seed % PLANTS.length] ?? FIRST_PLANT
  const rows = before.map((row) => {
    const { arm, golden, answer } = row
    if (answer === null) return row
    if (broken.has(row)) return toRow(arm, golden, spoil(answer))
    if (lost.has(row)) return toRow(arm, golden, saying(answer, 'Perhaps.'))
    return won.has(row) ? toRow(arm, golden, saying(answer, golden.reference)) : row
  })
  return { name, stage, rows, sameChatModel: stage !== 'generation' }
}

await tryWithoutModel()
const [runId] = process.argv.slice(2)
if (runId === undefined) console.log('No stored run was named: nothing was tried with the model.')
else await tryWithModel(runId)

// How well a chat model judges: its rates on the check of every run, and how its accuracy agrees with
// people's labels: `npx tsx bench/judge.ts`, with JUDGE_MODEL, or else the chat model.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { auc } from '../eval/agreement.ts'
import { toJudgeChecks } from '../eval/judge-check.ts'
import { describeJudge, toJudgeReport } from '../eval/judge-report.ts'
import { judgeAnswer, type JudgeScores } from '../eval/judge.ts'
import { JUDGE_SEED } from '../eval/run-plan.ts'
import { seededShuffle } from '../eval/seeded-random.ts'
import { loadSet } from '../eval/set-folder.ts'
import { loadConfig } from '../src/config.ts'
import { createModelStore } from '../src/models/model-store.ts'
import { openChatModel } from '../src/models/open-models.ts'
import { median, percentile } from './start-bench-service.ts'

interface LabelledAnswer {
  readonly question: string
  readonly reference: string
  readonly answer: string
  readonly correct: boolean
}

const LABELLED = resolve(
  import.meta.dirname,
  '../../shared/corpora/labelled-answers/correct-or-not.jsonl',
)
const LABELLED_COUNT = 60
/** The references of right answers alone are wrapped in a sentence, which would give them away. */
const WRAP = /^The answer to the question '.*' is:? /

function readLabelled(): readonly LabelledAnswer[] {
  const lines = readFileSync(LABELLED, 'utf8').trim().split('\n')
  const rows = lines.map((line) => JSON.parse(line) as LabelledAnswer)
  return seededShuffle(rows, JUDGE_SEED)
    .slice(0, LABELLED_COUNT)
    .map((row) => ({ ...row, reference: row.reference.replace(WRAP, '') }))
}

const { signal } = new AbortController()
const config = loadConfig(process.env)
const choice = config.judgeModel.kind === 'none' ? config.chatModel : config.judgeModel
if (choice.kind === 'none') throw new Error('Set JUDGE_MODEL, or leave CHAT_MODEL at a model.')
const model = await openChatModel(choice, {
  store: createModelStore({ dir: config.modelsDir }),
  threads: config.modelThreads,
  ollamaHost: config.ollamaHost,
  openAi: config.openAi,
  signal,
})

const seconds: number[] = []
async function judge(judged: Omit<Parameters<typeof judgeAnswer>[1], 'signal'>) {
  const startedAt = performance.now()
  const scores = await judgeAnswer(model, { ...judged, signal })
  seconds.push((performance.now() - startedAt) / 1000)
  return scores
}

function describeSeconds(): string {
  const taken = seconds.splice(0)
  return `median ${median(taken).toFixed(1)} s, p95 ${percentile(taken, 0.95).toFixed(1)} s a judgement`
}

const { cases } = await loadSet('glad-labs')
const checks = toJudgeChecks(cases, { seed: JUDGE_SEED })
const scores = new Map<string, JudgeScores | null>()
for (const check of checks) {
  const scored = await judge(check)
  scores.set(check.id, scored)
  const shares = [scored?.accuracy, scored?.faithfulness, scored?.toxicity]
  const row = shares.map((share) => share?.toFixed(2) ?? 'none').join('  ')
  console.log(`${check.kind.padEnd(16)} ${row}  ${check.answer.slice(0, 60)} | ${scored?.verdict}`)
}
const report = toJudgeReport(model.id, { checks, scores, rows: [] })
const accuracies = (isRight: boolean) =>
  checks
    .filter((check) => check.isRight === isRight)
    .map(({ id }) => scores.get(id)?.accuracy ?? (isRight ? 0 : 1))
const faithfulness = (isRight: boolean) =>
  checks
    .filter((check) => check.isRight === isRight)
    .map(({ id }) => scores.get(id)?.faithfulness ?? (isRight ? 0 : 1))
console.log(describeJudge(report))
console.log(
  `true positives ${report.truePositiveRate}, false positives ${report.falsePositiveRate}`,
)
console.log(`accuracy AUC on the check: ${auc(accuracies(true), accuracies(false))?.toFixed(3)}`)
console.log(
  `faithfulness AUC on the check: ${auc(faithfulness(true), faithfulness(false))?.toFixed(3)}`,
)
console.log(describeSeconds())

const labelled = { right: [] as number[], wrong: [] as number[] }
for (const { correct, ...judged } of readLabelled()) {
  const scored = await judge({ ...judged, passages: [] })
  if (scored !== null) labelled[correct ? 'right' : 'wrong'].push(scored.accuracy)
}
const count = labelled.right.length + labelled.wrong.length
console.log(
  `accuracy AUC against people’s labels: ${auc(labelled.right, labelled.wrong)?.toFixed(3)} on ${count}`,
)
console.log(describeSeconds())
await model.close()

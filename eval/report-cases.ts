import type { JudgeScores } from './judge.ts'
import { markup, type Markup } from './markup.ts'
import { renderAnswer, renderExpected, renderTurns } from './report-answer.ts'
import { countOf, formatShare } from './report-figures.ts'
import { renderTrace } from './report-trace.ts'
import {
  armsOf,
  describeOutcome,
  failureOf,
  MAX_WHOLE_ROWS,
  orderCases,
  type CaseView,
  type ReportInput,
} from './report-view.ts'
import type { EvaluatedCase } from './report.ts'
import type { CaseScores } from './scores.ts'

export function caseId(id: string): string {
  return `case-${id}`
}

/** Every case, flips and failures first; of a large run the rest is one line each. */
export function renderCases(input: ReportInput): Markup {
  const views = orderCases(input)
  const [systemArm] = armsOf(input)
  const whole = chooseWhole(views)
  const rest = views.filter((view) => !whole.has(view))
  return markup`${[...whole].map((view) => renderCase(view, systemArm))}
${rest.length > 0 && renderRest(rest, input.rows.length)}`
}

/** All of them, or where there are too many the first that flipped or failed. */
function chooseWhole(views: readonly CaseView[]): ReadonlySet<CaseView> {
  const total = views.reduce((sum, { rows }) => sum + rows.length, 0)
  if (total <= MAX_WHOLE_ROWS) return new Set(views)
  const whole = new Set<CaseView>()
  let rows = 0
  for (const view of views.filter(isNews)) {
    rows += view.rows.length
    if (rows > MAX_WHOLE_ROWS) break
    whole.add(view)
  }
  return whole
}

function isNews({ flips, rows }: CaseView): boolean {
  return flips.length > 0 || rows.some((row) => failureOf(row) !== null)
}

function renderCase(view: CaseView, systemArm: string | undefined): Markup {
  const { golden, rows, flips, heldOut } = view
  const ofSystem = rows.filter(({ arm }) => arm === systemArm)
  const isOpen = flips.length > 0 || ofSystem.some((row) => failureOf(row) !== null)
  return markup`<details class="case" id="${caseId(golden.id)}"${isOpen && markup` open`}>
<summary><h3>${golden.id}</h3> ${flips.map(({ direction, arm }) => markup`<b class="badge ${direction}">${direction}${arm !== systemArm && ` (${arm})`}</b> `)}${ofSystem.map((row) => renderOutcome(row))} <span class="said">${golden.question}</span></summary>
${renderTurns(golden)}
<p class="about">${[golden.kind, golden.split, ...(golden.tags ?? [])].join(' · ')}${golden.as_of !== undefined && ` · asked as of ${golden.as_of}`}</p>
${heldOut !== null && markup`<p class="held-out">Held out of the gate: ${heldOut}</p>`}
${renderExpected(golden)}
${rows.map((row) => (row.arm === systemArm || flips.some(({ arm }) => arm === row.arm) ? renderRow(row) : foldRow(row)))}
</details>
`
}

export function renderOutcome(row: EvaluatedCase): Markup {
  const isRight = failureOf(row) === null
  return markup`<span class="outcome ${isRight ? 'right' : 'wrong'}">${isRight ? '✓' : '✕'} ${describeOutcome(row)}</span>`
}

function renderRow(row: EvaluatedCase): Markup {
  return markup`<section class="row"><h4>${nameRow(row)}</h4>
${renderResult(row)}
</section>`
}

/** Of an arm that the case is not about. */
function foldRow(row: EvaluatedCase): Markup {
  return markup`<details class="row"><summary><h4>${nameRow(row)}</h4></summary>
${renderResult(row)}
</details>`
}

function nameRow(row: EvaluatedCase): Markup {
  return markup`${row.arm}${row.repetition > 1 && `, time ${row.repetition}`} ${renderOutcome(row)}`
}

function renderResult({ answer, scores, judge, error, golden }: EvaluatedCase): Markup {
  return markup`${error !== null && markup`<p class="error said">${error}</p>`}
${answer !== null && renderAnswer(answer)}
${scores !== null && renderScores(scores)}
${judge !== null && renderJudged(judge)}
${answer !== null && renderTrace(answer, golden)}`
}

function renderScores(scores: CaseScores): Markup | null {
  const facts = [...answerFigures(scores), ...contextFigures(scores), ...retrievalFigures(scores)]
  if (facts.length === 0) return null
  return markup`<dl class="facts scores">${facts.map(([name, value]) => markup`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

function renderJudged({ accuracy, faithfulness, toxicity, verdict }: JudgeScores): Markup {
  const figures = `accuracy ${formatShare(accuracy)}, faithfulness ${formatShare(faithfulness)}, toxicity ${formatShare(toxicity)}`
  return markup`<p class="judged about">Judge: ${figures}. <q class="said">${verdict}</q></p>`
}

type Figure = readonly [name: string, value: string]

function answerFigures({ answer, answerable }: CaseScores): readonly Figure[] {
  if (answer === null) return []
  const marks = `${answer.evidenceMarks} of ${answer.citationMarks} on evidence, ${answer.validMarks} valid`
  const grounded: readonly Figure[] = [
    ['grounded', formatShare(answer.groundedness)],
    ['marks', marks],
    ['sentences supported', `${answer.supportedSentences} of ${answer.sentences}`],
    ['numbers', answer.hasUnsupportedNumber ? 'one has no support' : 'supported'],
  ]
  if (!answerable) return grounded
  return [
    ['facts', formatShare(answer.factRecall)],
    ['forbidden words', answer.hasForbidden ? 'yes' : 'none'],
    ['token F1', formatShare(answer.tokenF1)],
    ...grounded,
  ]
}

function contextFigures({ context }: CaseScores): readonly Figure[] {
  if (context === null) return []
  return [
    ['evidence given', context.evidenceAtContext === 1 ? 'yes' : 'no'],
    ['right articles given', formatShare(context.recallAtContext)],
    ['right articles among candidates', formatShare(context.candidateRecall)],
  ]
}

function retrievalFigures({ retrieval }: CaseScores): readonly Figure[] {
  if (retrieval === null) return []
  const arms = ['fused', 'keyword', 'vector'] as const
  return arms.map((arm) => {
    const { hitAt, ndcgAt10 } = retrieval[arm]
    return [arm, `hit@1 ${hitAt[1] === 1 ? 'yes' : 'no'}, nDCG@10 ${ndcgAt10.toFixed(2)}`]
  })
}

function renderRest(views: readonly CaseView[], rows: number): Markup {
  return markup`<h3>${countOf(views.length, 'further case')}, a line each</h3>
<p class="absent">With ${countOf(rows, 'row')} only flips and failures are shown whole, up to ${countOf(MAX_WHOLE_ROWS, 'row')}; each answer is kept with its trace under its id.</p>
<ol class="lines">${views.map(renderLine)}</ol>`
}

function renderLine({ golden, rows }: CaseView): Markup {
  const outcomes = rows.map((row) => {
    const id = row.answer?.answerId ?? null
    return markup` <span class="line-outcome">${row.arm}: ${describeOutcome(row)}${id !== null && ` (${id})`}</span>`
  })
  return markup`<li id="${caseId(golden.id)}"><b>${golden.id}</b> <span class="said">${golden.question}</span>${outcomes}</li>
`
}

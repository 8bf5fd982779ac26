import { markup, type Markup } from './markup.ts'
import { drawFailures } from './plot-failures.ts'
import { drawHistory } from './plot-history.ts'
import { drawLatency } from './plot-latency.ts'
import { drawRefusals } from './plot-refusal.ts'
import { drawScores } from './plot-scores.ts'
import { countFailures, latencyOf, refusalCurveOf } from './report-curves.ts'
import {
  armsOf,
  groupBy,
  HEADLINE_METRICS,
  historyWithRun,
  type ReportInput,
} from './report-view.ts'
import type { EvaluatedCase } from './report.ts'

/** Every plot there are figures for; where there are none, a sentence says so. */
export function renderPlots(input: ReportInput): Markup {
  const rowsOf = groupBy(input.rows, ({ arm }) => arm)
  const arms = armsOf(input).map((arm) => ({ arm, rows: rowsOf.get(arm) ?? [] }))
  const measured = arms.filter(({ rows }) => rows.length > 0)
  const [score, ...otherScores] = scores(input)
  const [history, ...otherHistories] = histories(input)
  return markup`<div class="plots">
${score ?? absent('No figures yet, so no scores to draw.')}
${history ?? absent('No run with figures yet, so no history to draw.')}
${drawFailures(measured.map(({ arm, rows }) => [arm, countFailures(rows)])) ?? absent('Nothing went wrong: no failures to draw.')}
${drawLatency(ofEach(measured, latencyOf)) ?? absent('No answers, so no times to draw.')}
${drawRefusals(ofEach(measured, refusalCurveOf)) ?? absent('No refusal curve: no answer says how likely its evidence states it (only a chat model that gives probabilities does), or one of the two kinds of questions is missing.')}
</div>
${folded('Scores of the other arms', otherScores)}
${folded('History of the other arms', otherHistories)}`
}

interface ArmRows {
  readonly arm: string
  readonly rows: readonly EvaluatedCase[]
}

/** By arm what `make` finds in its rows, without the arms in which it finds nothing. */
function ofEach<T>(arms: readonly ArmRows[], make: (rows: readonly EvaluatedCase[]) => T | null) {
  return arms.flatMap(({ arm, rows }) => {
    const made = make(rows)
    return made === null ? [] : [[arm, made] as const]
  })
}

function scores(input: ReportInput): readonly Markup[] {
  return armsOf(input).flatMap((arm) => {
    const metrics = input.report?.metrics[arm] ?? {}
    const headline = HEADLINE_METRICS.flatMap((name) => {
      const metric = metrics[name]
      return metric === undefined ? [] : [[name, metric] as const]
    })
    return drawScores({ arm, metrics: headline }) ?? []
  })
}

function histories(input: ReportInput): readonly Markup[] {
  const ofArm = groupBy(historyWithRun(input), ({ arm }) => arm)
  return armsOf(input).flatMap((arm) => drawHistory(arm, ofArm.get(arm) ?? []) ?? [])
}

function folded(title: string, plots: readonly Markup[]): Markup | null {
  if (plots.length === 0) return null
  return markup`<details><summary>${title} (${plots.length})</summary><div class="plots">${plots}</div></details>`
}

function absent(why: string): Markup {
  return markup`<p class="absent">${why}</p>`
}

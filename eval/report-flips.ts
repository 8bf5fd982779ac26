import type { CaseAnswer } from './case-answer.ts'
import { markup, type Markup } from './markup.ts'
import { renderAnswer, renderExpected, renderQuestion } from './report-answer.ts'
import { caseId, renderOutcome } from './report-cases.ts'
import { STAGE_WORDS, type ReportInput } from './report-view.ts'
import type { EvaluatedCase, Flip } from './report.ts'

/** What a morning begins with: each case that went the other way, the broken ones first. */
export function renderFlips(input: ReportInput): Markup {
  const flips = input.report?.flips ?? []
  if (flips.length === 0) return markup`<p class="absent">No case went the other way.</p>`
  const findRow = indexRows(input.rows)
  const findBefore = indexBefore(input)
  const show = (flip: Flip) => renderFlip(flip, { row: findRow(flip), before: findBefore(flip) })
  return markup`${(['broken', 'fixed'] as const).map((direction) => {
    const some = flips.filter((flip) => flip.direction === direction)
    return (
      some.length > 0 &&
      markup`<h3>${direction === 'broken' ? 'Broken' : 'Fixed'} (${some.length})</h3>${some.map(show)}`
    )
  })}`
}

interface Found {
  readonly row: EvaluatedCase | undefined
  readonly before: CaseAnswer | undefined
}

function renderFlip(
  { caseId: id, arm, of, direction, stage, explanation }: Flip,
  found: Found,
): Markup {
  const { row, before } = found
  return markup`<article class="flip ${direction}">
<h4><b class="badge ${direction}">${direction === 'broken' ? '✕' : '✓'} ${direction}</b> <a href="#${caseId(id)}">${id}</a> · ${arm} · ${of !== 'answer' && `the outcome stayed, its ${of} did not · `}${stage}: ${STAGE_WORDS[stage]}</h4>
<p class="explanation said">${explanation}</p>
${row === undefined ? markup`<p class="absent">The case has no row in this run.</p>` : renderRow(row, before)}
</article>
`
}

function renderRow(row: EvaluatedCase, before: CaseAnswer | undefined): Markup {
  const now =
    row.answer === null ? markup`<p class="error">${row.error}</p>` : renderAnswer(row.answer)
  return markup`${renderQuestion(row.golden)}
<div class="sides">${before && markup`<div><h5>Before</h5>${renderAnswer(before)}</div>`}
<div><h5>Now ${renderOutcome(row)}</h5>${now}</div></div>
${renderExpected(row.golden)}`
}

function indexRows(rows: readonly EvaluatedCase[]) {
  // Of several repetitions the first: entries of a map overwrite what stood there before.
  const byKey = new Map([...rows].reverse().map((row) => [keyOf(row.golden.id, row.arm), row]))
  return ({ caseId: id, arm }: Flip) => byKey.get(keyOf(id, arm))
}

function indexBefore({ answersBefore = [] }: ReportInput) {
  const byKey = new Map(
    answersBefore.map(({ caseId: id, arm, answer }) => [keyOf(id, arm), answer]),
  )
  return ({ caseId: id, arm }: Flip) => byKey.get(keyOf(id, arm))
}

function keyOf(id: string, arm: string): string {
  return `${id} ${arm}`
}

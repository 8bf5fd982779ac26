import { markup, trusted, type Markup } from './markup.ts'
import { caseId, renderCases } from './report-cases.ts'
import { renderFlips } from './report-flips.ts'
import { renderPlots } from './report-plots.ts'
import { REPORT_STYLE } from './report-style.ts'
import {
  renderFingerprints,
  renderHeadline,
  renderJudge,
  renderMetrics,
  renderNotes,
  renderVerdict,
} from './report-summary.ts'
import { describeVerdict, type ReportInput } from './report-view.ts'

/**
 * A run as one file of HTML that needs nothing beside itself: no script, nothing fetched, so that it can
 * be sent on, kept for years and served under the strictest policy.
 */
export function renderReportHtml(input: ReportInput): string {
  const { run, report } = input
  const title = `${describeVerdict(input).title}: ${run.set}, run ${run.id}`
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${trusted(REPORT_STYLE)}</style>
</head>
<body>
<header><h1>Evaluation of ${run.set}</h1></header>
${renderVerdict(input)}
<nav aria-label="In this report"><ul>${SECTIONS.map(([id, name]) => markup`<li><a href="#${id}">${name}</a></li>`)}</ul></nav>
<main>
${section('headline', renderHeadline(input))}
${section('flips', renderFlips(input))}
${section('held-out', renderHeldOut(input))}
${section('plots', renderPlots(input))}
${section('metrics', renderMetrics(input))}
${section('judge', renderJudge(report?.judge ?? null))}
${section('notes', markup`${renderNotes(report)}${renderFingerprints(input)}`)}
${section('cases', renderCases(input))}
</main>
</body>
</html>
`.html
}

const SECTIONS = [
  ['headline', 'Headline figures'],
  ['flips', 'Cases that flipped'],
  ['held-out', 'Held out'],
  ['plots', 'Plots'],
  ['metrics', 'Every metric'],
  ['judge', 'Judge'],
  ['notes', 'Notes and fingerprints'],
  ['cases', 'Every case'],
] as const

type SectionId = (typeof SECTIONS)[number][0]

function section(id: SectionId, content: Markup): Markup {
  const title = SECTIONS.find(([known]) => known === id)?.[1]
  return markup`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>
${content}
</section>`
}

function renderHeldOut({ report, rows }: ReportInput): Markup {
  const heldOut = report?.heldOut ?? []
  if (heldOut.length === 0) return markup`<p class="absent">Every case counts.</p>`
  const questions = new Map(rows.map(({ golden }) => [golden.id, golden.question]))
  return markup`<p>These say nothing in the gate until someone has looked at them.</p>
<ul>${heldOut.map(
    ({ caseId: id, why }) =>
      markup`<li><a href="#${caseId(id)}">${id}</a>: ${why}${questions.has(id) && markup` <span class="said about">${questions.get(id)}</span>`}</li>`,
  )}</ul>`
}

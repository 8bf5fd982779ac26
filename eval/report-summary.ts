import { markup, type Markup } from './markup.ts'
import {
  changeOf,
  countOf,
  formatDuration,
  formatInterval,
  formatP,
  formatShare,
  formatTime,
  NO_FIGURE,
  type Change,
} from './report-figures.ts'
import { armsOf, describeVerdict, HEADLINE_METRICS, type ReportInput } from './report-view.ts'
import type { JudgeReport, MetricValue, Report } from './report.ts'

const SIGNS = { good: '✓', bad: '✕', open: '?' } as const

export function renderVerdict(input: ReportInput): Markup {
  const { title, meaning, outcome } = describeVerdict(input)
  const { report, run } = input
  const reasons = report?.reasons ?? []
  return markup`<section class="verdict ${outcome}" aria-labelledby="verdict">
<h2 id="verdict">${SIGNS[outcome]} ${title}</h2>
<p>${meaning}</p>
${run.error !== null && markup`<p class="error said">${run.error}</p>`}
${reasons.length > 0 && markup`<ul>${reasons.map((reason) => markup`<li class="said">${reason}</li>`)}</ul>`}
<p class="about">${describeRun(input)}</p>
${describeBaseline(input)}
</section>`
}

/** The run in one line: what was asked, of what, when, and for how long. */
export function describeRun({ run, rows }: ReportInput): string {
  const { id, set, split, origin, startedAt, endedAt, target, corpusRevision } = run
  const took =
    startedAt === null || endedAt === null ? null : Date.parse(endedAt) - Date.parse(startedAt)
  return [
    `run ${id}`,
    `set ${set}${split === null ? '' : `, ${split} half`}`,
    ...(target === null ? [] : [`asked of ${target}`]),
    origin === 'nightly' ? 'nightly' : 'asked for',
    ...(startedAt === null ? [] : [formatTime(startedAt)]),
    ...(took === null || Number.isNaN(took) ? [] : [formatDuration(took)]),
    countOf(rows.length, 'row'),
    `library at revision ${corpusRevision}`,
  ].join(' · ')
}

function describeBaseline({ regressionOf }: ReportInput): Markup {
  if (!regressionOf) return markup`<p class="about">There is no baseline to compare with.</p>`
  const { at, commit, why } = regressionOf
  return markup`<p class="about">Compared with the baseline of ${formatTime(at)}${commit !== null && ` (${commit})`}: <span class="said">${why}</span></p>`
}

/** The balanced outcome with its two halves, then every headline figure of every arm. */
export function renderHeadline(input: ReportInput): Markup {
  const { report } = input
  if (report === null) return markup`<p class="absent">There are no figures.</p>`
  const arms = armsOf(input).filter((arm) => report.metrics[arm] !== undefined)
  const [first] = arms
  if (first === undefined) return markup`<p class="absent">There are no figures.</p>`
  return markup`${renderTiles(report.metrics[first] ?? {}, first)}
<div class="scroll" tabindex="0" role="region" aria-label="Headline figures by arm"><table class="headline">
<caption>Every arm, with its 95 % interval in per cent, and its change against the baseline in points; * where chance would hardly explain it</caption>
<thead><tr><th scope="col">Figure</th>${arms.map((arm) => markup`<th scope="col">${arm}</th>`)}</tr></thead>
<tbody>${HEADLINE_METRICS.map(
    (name) =>
      markup`<tr><th scope="row">${name}</th>${arms.map((arm) => markup`<td>${renderCell(name, report.metrics[arm]?.[name])}</td>`)}</tr>`,
  )}</tbody></table></div>`
}

const TILES = [
  ['balanced', 'Balanced outcome', 'the mean of the other two'],
  ['correct', 'Right', 'of the answerable questions'],
  ['refusal-recall', 'Refused', 'of the unanswerable questions'],
] as const

function renderTiles(metrics: Readonly<Record<string, MetricValue>>, arm: string): Markup {
  return markup`<div class="tiles">${TILES.map(([name, title, of]) => {
    const metric = metrics[name]
    return markup`<div class="tile"><h3>${title}</h3><p class="big">${formatShare(metric?.value ?? null)}</p>
<p class="about">${of}, ${arm}</p>${metric !== undefined && renderComparison(name, metric)}</div>`
  })}</div>`
}

function renderComparison(name: string, metric: MetricValue): Markup {
  const { baseline, scored, total } = metric
  return markup`<p>${formatInterval(metric)} <span class="about">(95 %)</span><br>${
    baseline === null
      ? 'no baseline'
      : markup`baseline ${formatShare(baseline)}, ${renderChange(changeOf(name, metric))}`
  }<br><span class="about">${scored} of ${total} scored</span></p>`
}

function renderCell(name: string, metric: MetricValue | undefined): Markup {
  if (metric === undefined) return markup`${NO_FIGURE}`
  return markup`${formatShare(metric.value)}<br><span class="about">${formatInterval(metric)}</span>${metric.baseline !== null && markup`<br>${renderChange(changeOf(name, metric))}`}`
}

const TREND_WORDS = { better: 'better', worse: 'worse', same: 'the same', unknown: '' } as const

function renderChange({ text, trend, isClear }: Change): Markup {
  const word = TREND_WORDS[trend]
  return markup`<span class="change ${isClear && trend}">${text}${word !== '' && ` ${word}`}${isClear && ' *'}</span>`
}

/** Every metric of every arm, with everything that is known of it. */
export function renderMetrics(input: ReportInput): Markup {
  const { report } = input
  const arms = armsOf(input).filter((arm) => report?.metrics[arm] !== undefined)
  if (report === null || arms.length === 0)
    return markup`<p class="absent">There are no figures.</p>`
  return markup`${arms.map((arm) => renderTable(arm, report.metrics[arm] ?? {}))}`
}

const COLUMNS = ['Metric', 'Value', '95 % interval', 'Scored', 'Baseline', 'Change', 'p']

function renderTable(arm: string, metrics: Readonly<Record<string, MetricValue>>): Markup {
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="Metrics of ${arm}"><table class="metrics">
<caption>${arm}</caption>
<thead><tr>${COLUMNS.map((name) => markup`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${Object.entries(metrics).map(
    ([name, metric]) =>
      markup`<tr><th scope="row">${name}</th><td>${formatShare(metric.value)}</td><td>${formatInterval(metric)}</td><td>${metric.scored}/${metric.total}</td><td>${formatShare(metric.baseline)}</td><td>${renderChange(changeOf(name, metric))}</td><td>${formatP(metric.p)}</td></tr>`,
  )}</tbody></table></div>
`
}

export function renderJudge(judge: JudgeReport | null): Markup {
  if (judge === null) return markup`<p class="absent">No judge is set up.</p>`
  const { model, truePositiveRate, falsePositiveRate, checked, isTrusted, scores } = judge
  return markup`<p><b>${isTrusted ? '✓ It passed its check.' : '✕ It did not pass its check: its scores are printed and decide nothing.'}</b>
${model} found ${formatShare(truePositiveRate)} of the right answers right, and took ${formatShare(falsePositiveRate)} of the wrong ones for right, of ${countOf(checked, 'answer')} that are known.</p>
<div class="scroll"><table><caption>Its scores, a mean over the judged answers</caption>
<thead><tr><th scope="col">Arm</th><th scope="col">Accuracy</th><th scope="col">Faithfulness</th><th scope="col">Toxicity</th></tr></thead>
<tbody>${Object.entries(scores).map(
    ([arm, { accuracy, faithfulness, toxicity }]) =>
      markup`<tr><th scope="row">${arm}</th><td>${formatShare(accuracy)}</td><td>${formatShare(faithfulness)}</td><td>${formatShare(toxicity)}</td></tr>`,
  )}</tbody></table></div>`
}

export function renderNotes(report: Report | null): Markup {
  const notes = report?.notes ?? []
  if (notes.length === 0) return markup`<p class="absent">No notes.</p>`
  return markup`<ul>${notes.map((note) => markup`<li class="said">${note}</li>`)}</ul>`
}

export function renderFingerprints({ run }: ReportInput): Markup {
  return markup`<div class="scroll"><table class="fingerprints"><caption>What the answers depended on</caption>
<thead><tr><th scope="col">Part</th><th scope="col">Fingerprint</th></tr></thead>
<tbody>${Object.entries(run.fingerprints).map(
    ([name, value]) =>
      markup`<tr><th scope="row">${name}</th><td><code>${value ?? 'not known'}</code></td></tr>`,
  )}</tbody></table></div>`
}

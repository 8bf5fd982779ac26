import { toPrintable } from './markup.ts'
import {
  changeOf,
  countOf,
  formatInterval,
  formatP,
  formatShare,
  formatTime,
} from './report-figures.ts'
import { describeRun } from './report-summary.ts'
import {
  armsOf,
  describeVerdict,
  FAILURE_WORDS,
  failureOf,
  groupBy,
  HEADLINE_METRICS,
  type ReportInput,
} from './report-view.ts'
import type { EvaluatedCase, JudgeReport, MetricValue } from './report.ts'
import { FAILURE_CLASSES } from './scores.ts'

export interface ReportTextOptions {
  /** Questions are cut to it; without it they stand whole. */
  readonly width?: number
  readonly isColour: boolean
}

const COLOURS = { good: '\u001b[32m', bad: '\u001b[31m', open: '\u001b[33m', dim: '\u001b[2m' }
const PLAIN = '\u001b[0m'

type Colour = keyof typeof COLOURS

type Paint = (colour: Colour, text: string) => string

interface Page {
  readonly paint: Paint
  readonly cut: (line: string) => string
}

/** For a terminal or a log: the verdict first, the failures last, where the eye is when it is done. */
export function formatReport(input: ReportInput, { width, isColour }: ReportTextOptions): string {
  const page: Page = {
    paint: (colour, text) => (isColour ? `${COLOURS[colour]}${text}${PLAIN}` : text),
    cut: (line) => cutTo(line, width),
  }
  const parts = [
    formatVerdict(input, page),
    ...formatTables(input, page),
    ...formatFlips(input, page),
    formatHeldOut(input),
    formatJudge(input.report?.judge ?? null),
    formatNotes(input),
    ...formatFailures(input, page),
  ]
  return parts.filter((part) => part !== null).join('\n\n')
}

function formatVerdict(input: ReportInput, { paint }: Page): string {
  const { title, meaning, outcome } = describeVerdict(input)
  const { report, run, regressionOf } = input
  const baseline = regressionOf
    ? `baseline of ${formatTime(regressionOf.at)}: ${oneLine(regressionOf.why)}`
    : 'no baseline'
  return [
    `${paint(outcome, `${title}.`)} ${meaning}`,
    ...(run.error === null ? [] : [`  ${oneLine(run.error)}`]),
    ...(report?.reasons ?? []).map((reason) => `  ${oneLine(reason)}`),
    paint('dim', describeRun(input)),
    paint('dim', baseline),
  ].join('\n')
}

interface Cell {
  readonly text: string
  readonly colour?: Colour
}

function formatTables({ report, ...rest }: ReportInput, page: Page): readonly string[] {
  return armsOf({ report, ...rest }).flatMap((arm) => {
    const metrics = report?.metrics[arm]
    return metrics === undefined ? [] : [formatTable(arm, metrics, page)]
  })
}

const COLUMNS = ['value', '95 %', 'baseline', 'change', 'p', 'scored']

function formatTable(
  arm: string,
  metrics: Readonly<Record<string, MetricValue>>,
  { paint }: Page,
): string {
  const rows = HEADLINE_METRICS.flatMap((name) => {
    const metric = metrics[name]
    return metric === undefined ? [] : [toCells(name, metric)]
  })
  const table = [[arm, ...COLUMNS].map((text): Cell => ({ text })), ...rows]
  const widths = [arm, ...COLUMNS].map((_, column) =>
    Math.max(...table.map((row) => row[column]?.text.length ?? 0)),
  )
  const format = ({ text, colour }: Cell, column: number) => {
    const width = widths[column] ?? 0
    const padded = column === 0 ? text.padEnd(width) : text.padStart(width)
    return colour === undefined ? padded : paint(colour, padded)
  }
  return table.map((row) => row.map(format).join('  ').trimEnd()).join('\n')
}

const TREND_COLOURS = { better: 'good', worse: 'bad', same: 'dim', unknown: 'dim' } as const

function toCells(name: string, metric: MetricValue): readonly Cell[] {
  const { text, trend, isClear } = changeOf(name, metric)
  return [
    { text: name },
    { text: formatShare(metric.value) },
    { text: formatInterval(metric) },
    { text: formatShare(metric.baseline) },
    isClear ? { text, colour: TREND_COLOURS[trend] } : { text },
    { text: formatP(metric.p) },
    { text: `${metric.scored}/${metric.total}` },
  ]
}

function formatFlips({ report }: ReportInput, { paint }: Page): readonly string[] {
  const flips = report?.flips ?? []
  return (['broken', 'fixed'] as const).flatMap((direction) => {
    const some = flips.filter((flip) => flip.direction === direction)
    if (some.length === 0) return []
    const title = `${direction === 'broken' ? 'Broken' : 'Fixed'} (${some.length})`
    const lines = some.map(
      ({ caseId, arm, of, stage, explanation }) =>
        `  ${caseId}  ${arm}  ${of === 'answer' ? '' : `${of}, `}${stage}: ${oneLine(explanation)}`,
    )
    return [[paint(direction === 'broken' ? 'bad' : 'good', title), ...lines].join('\n')]
  })
}

function formatHeldOut({ report }: ReportInput): string | null {
  const heldOut = report?.heldOut ?? []
  return listOf(
    `Held out of the gate (${heldOut.length})`,
    heldOut.map(({ caseId, why }) => `${caseId}: ${why}`),
  )
}

function formatJudge(judge: JudgeReport | null): string | null {
  if (judge === null) return null
  const { model, truePositiveRate, falsePositiveRate, checked, isTrusted, scores } = judge
  const rates = `right answers found right ${formatShare(truePositiveRate)}, wrong ones taken for right ${formatShare(falsePositiveRate)}, of ${countOf(checked, 'answer')}`
  return listOf(
    `Judge ${model}: ${isTrusted ? 'passed its check' : 'did not pass its check, and decides nothing'}`,
    [
      rates,
      ...Object.entries(scores).map(
        ([arm, { accuracy, faithfulness, toxicity }]) =>
          `${arm}: accuracy ${formatShare(accuracy)}, faithfulness ${formatShare(faithfulness)}, toxicity ${formatShare(toxicity)}`,
      ),
    ],
  )
}

function formatNotes({ report }: ReportInput): string | null {
  return listOf('Notes', report?.notes ?? [])
}

/** Of a run of thousands the rest is in the other reports. */
const MAX_FAILURES = 100

/** The system's one by one, the other arms' by class alone: they fail by design. */
function formatFailures(input: ReportInput, page: Page): readonly string[] {
  const byArm = groupBy(
    input.rows.filter((row) => failureOf(row) !== null),
    ({ arm }) => arm,
  )
  const [systemArm, ...others] = armsOf(input)
  const counted = others.flatMap((arm) => {
    const rows = byArm.get(arm) ?? []
    return rows.length === 0 ? [] : [`${arm}: ${rows.length} (${countClasses(rows)})`]
  })
  const ofOthers = listOf('Failures of the other arms', counted)
  const ofSystem = systemArm === undefined ? [] : (byArm.get(systemArm) ?? [])
  return [ofOthers, listFailures(ofSystem, page)].filter((part) => part !== null)
}

function countClasses(rows: readonly EvaluatedCase[]): string {
  const classes = groupBy(rows, (row) => failureOf(row) ?? '')
  return FAILURE_CLASSES.flatMap((name) => {
    const count = classes.get(name)?.length ?? 0
    return count === 0 ? [] : [`${name} ${count}`]
  }).join(', ')
}

function listFailures(rows: readonly EvaluatedCase[], { paint, cut }: Page): string | null {
  if (rows.length === 0) return null
  const lines = rows
    .slice(0, MAX_FAILURES)
    .map((row) => cut(`  ${row.golden.id}  ${wordsFor(row)}  ${oneLine(row.golden.question)}`))
  const more = rows.length - lines.length
  const rest = more > 0 ? [`  and ${more} more: --report and --json have them all`] : []
  return [paint('bad', `Failures (${rows.length})`), ...lines, ...rest].join('\n')
}

function wordsFor(row: EvaluatedCase): string {
  const failure = failureOf(row)
  if (failure === null) return ''
  return failure === 'error' && row.error !== null
    ? `error: ${oneLine(row.error)}`
    : FAILURE_WORDS[failure]
}

function listOf(title: string, lines: readonly string[]): string | null {
  if (lines.length === 0) return null
  return [title, ...lines.map((line) => `  ${oneLine(line)}`)].join('\n')
}

/** What people and models wrote must neither break the lines nor steer the terminal. */
function oneLine(text: string): string {
  return toPrintable(text).replaceAll(/\s+/g, ' ').trim()
}

function cutTo(line: string, width: number | undefined): string {
  if (width === undefined) return line
  const signs = [...line]
  return signs.length <= width ? line : `${signs.slice(0, Math.max(width - 1, 0)).join('')}…`
}

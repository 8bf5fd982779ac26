import { drawPlot } from './draw-plot.ts'
import { markup, type Markup } from './markup.ts'
import {
  axis,
  figuresBelow,
  legendHeight,
  legendOf,
  lineOf,
  percentAxis,
  toPercent,
} from './plot-look.ts'
import { countOf, formatShare, formatTime } from './report-figures.ts'
import type { HistoryEntry } from './report-view.ts'

const HISTORY_METRICS = ['balanced', 'correct', 'refusal-recall', 'hit@1', 'evidence@context']

const dateLabel = { ...axis.axisLabel, formatter: '{d} {MMM}', hideOverlap: true }

/** The headline figures of one arm, run after run. Null where there is no run. */
export function drawHistory(arm: string, history: readonly HistoryEntry[]): Markup | null {
  const names = HISTORY_METRICS.filter((name) =>
    history.some(({ metrics }) => typeof metrics[name] === 'number'),
  )
  if (names.length === 0) return null
  const failed = history.filter(({ verdict }) => verdict !== 'passed' && verdict !== null)
  const lines = names.map((name, at) => ({
    ...lineOf(at),
    name,
    data: history.map(({ at: time, metrics }) => [time, toPercent(metrics[name])]),
  }))
  const top = legendHeight(names)
  return drawPlot({
    id: `plot-history-${arm}`,
    title: `${arm}, run after run`,
    description: `${countOf(history.length, 'run')}, ${failed.length} of them without a pass; figures below.`,
    height: 250 + top,
    option: {
      useUTC: true,
      legend: legendOf(names),
      grid: [
        { left: 50, right: 24, top: top + 26, bottom: 30 },
        { left: 50, right: 24, top, height: 18 },
      ],
      xAxis: [
        { ...axis, type: 'time', splitLine: { show: false }, axisLabel: dateLabel },
        { type: 'time', gridIndex: 1, show: false },
      ],
      yAxis: [
        { ...percentAxis, scale: true, max: 100 },
        { type: 'value', gridIndex: 1, show: false, min: 0, max: 1 },
      ],
      series: [...lines, ...verdictMarks(history)],
    },
    below: markup`<p class="key">Above the lines: ● passed, ✕ did not pass.</p>
${figuresBelow(
  ['Run', ...names, 'Verdict'],
  history.map(({ at, metrics, verdict }) => [
    formatTime(at),
    ...names.map((name) => formatShare(metrics[name] ?? null)),
    verdict ?? '–',
  ]),
)}`,
  })
}

const CROSS = 'path://M0 1L1 0L5 4L9 0L10 1L6 5L10 9L9 10L5 6L1 10L0 9L4 5Z'

function verdictMarks(history: readonly HistoryEntry[]) {
  const marks = (isPassed: boolean) =>
    history
      .filter(({ verdict }) => verdict !== null && (verdict === 'passed') === isPassed)
      .map(({ at }) => [at, 0.5])
  const shared = { type: 'scatter', silent: true, xAxisIndex: 1, yAxisIndex: 1, symbolSize: 9 }
  return [
    { ...shared, data: marks(true), itemStyle: { color: 'var(--good)' } },
    { ...shared, data: marks(false), symbol: CROSS, itemStyle: { color: 'var(--trouble)' } },
  ]
}

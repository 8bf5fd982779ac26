import { drawPlot } from './draw-plot.ts'
import { markup, type Markup } from './markup.ts'
import { axis, figuresBelow, legendHeight, legendOf, lineOf, percentAxis } from './plot-look.ts'
import type { Latency } from './report-curves.ts'
import { formatDuration } from './report-figures.ts'

export type ArmLatency = readonly [arm: string, latency: Latency]

/** A logarithmic axis has no 0. */
const LEAST_MS = 1

/** How long answers took: for each time, the share that took no longer. Null without an answer. */
export function drawLatency(arms: readonly ArmLatency[]): Markup | null {
  if (arms.length === 0) return null
  const names = arms.map(([arm]) => arm)
  const top = legendHeight(names) + 14
  return drawPlot({
    id: 'plot-latency',
    title: 'Time to the whole answer: share of answers that took no longer',
    description: arms.map(describe).join('; '),
    height: 250 + top,
    option: {
      legend: legendOf(names),
      grid: { left: 56, right: 48, top, bottom: 44 },
      xAxis: {
        ...axis,
        type: 'log',
        name: 'time, logarithmic',
        nameGap: 28,
        axisLabel: { ...axis.axisLabel, formatter: formatDuration },
      },
      yAxis: { ...percentAxis, min: 0, max: 100 },
      series: arms.map(curveOf),
    },
    below: markup`<p class="key">Each line has a mark at its median (p50) and where 95 % are done (p95).</p>
${figuresBelow(
  ['Arm', 'answers', 'p50', 'p95', 'search p50', 'first word p50', 'tokens a second'],
  arms.map(([arm, { answers, p50, p95, searchP50, firstTokenP50, tokensPerSecond }]) => [
    arm,
    String(answers),
    formatDuration(p50),
    formatDuration(p95),
    formatDuration(searchP50),
    firstTokenP50 === null ? '–' : formatDuration(firstTokenP50),
    tokensPerSecond === null ? '–' : tokensPerSecond.toFixed(1),
  ]),
)}`,
  })
}

function describe([arm, { answers, p50, p95 }]: ArmLatency): string {
  return `${arm}: half of ${answers} answers within ${formatDuration(p50)}, 95 % within ${formatDuration(p95)}`
}

/** The curve, with a mark at each of the two times that stand in the figures. */
function curveOf([arm, { points, p50, p95 }]: ArmLatency, at: number): Record<string, unknown> {
  const curve = points.map((point) => ({ value: placeOf(point), symbol: 'none' }))
  const marks = [placeOf([p50, 0.5]), placeOf([p95, 0.95])].map((value) => ({ value }))
  const data = [...curve, ...marks].sort((one, other) => inOrder(one.value, other.value))
  return { ...lineOf(at), name: arm, step: 'end', data }
}

type Place = readonly [ms: number, share: number]

function placeOf([ms, share]: Place): Place {
  return [Math.max(ms, LEAST_MS), share * 100]
}

function inOrder([ms, share]: Place, [otherMs, otherShare]: Place): number {
  return ms - otherMs || share - otherShare
}

import type { CustomSeriesRenderItem } from 'echarts'
import { drawPlot } from './draw-plot.ts'
import { markup, type Markup } from './markup.ts'
import { colorOf, FONT_SIZE, INK, percentAxis, rowsAxis, toPercent } from './plot-look.ts'
import { formatInterval, formatShare } from './report-figures.ts'
import type { MetricValue } from './report.ts'

export interface ScoresPlot {
  readonly arm: string
  readonly metrics: readonly (readonly [string, MetricValue])[]
}

const ROW_HEIGHT = 28

/** Each score with its interval, and the baseline on the same line. Null where nothing has a value. */
export function drawScores({ arm, metrics }: ScoresPlot): Markup | null {
  const known = metrics.filter(([, { value }]) => value !== null)
  if (known.length === 0) return null
  return drawPlot({
    id: `plot-scores-${arm}`,
    title: `Scores of ${arm}`,
    description: known.map(([name, metric]) => describeScore(name, metric)).join('; '),
    height: known.length * ROW_HEIGHT + 34,
    option: {
      grid: { left: 185, right: 64, top: 4, bottom: 30 },
      xAxis: { ...percentAxis, min: 0, max: 100 },
      yAxis: rowsAxis(known.map(([name]) => name)),
      series: [
        {
          type: 'custom',
          silent: true,
          renderItem: drawInterval,
          encode: { x: [1, 2, 3, 4], y: 0 },
          data: known.map(([, { value, low, high, baseline }], at) => [
            at,
            ...[value, low, high, baseline].map((share) => toPercent(share) ?? '-'),
          ]),
        },
      ],
    },
    below: markup`<p class="key">● this run, with its 95 % interval · ◇ the baseline</p>`,
  })
}

function describeScore(name: string, metric: MetricValue): string {
  const baseline = metric.baseline === null ? '' : `, baseline ${formatShare(metric.baseline)}`
  return `${name} ${formatShare(metric.value)} (${formatInterval(metric)})${baseline}`
}

/** A row of `drawScores`: its place, then value, low, high and baseline in per cent. */
const drawInterval: CustomSeriesRenderItem = (_, api) => {
  const at = Number(api.value(0))
  const pointOf = (dimension: number): readonly [number, number] | null => {
    const percent = Number(api.value(dimension))
    const [x, y] = Number.isFinite(percent) ? api.coord([percent, at]) : []
    return x === undefined || y === undefined ? null : [x, y]
  }
  const [value, low, high, baseline] = [1, 2, 3, 4].map(pointOf)
  const [edge = 0] = api.coord([100, at])
  const children = [
    ...(low && high ? whisker(low, high) : []),
    ...(baseline ? [diamond(baseline)] : []),
    ...(value ? [dot(value), label([edge + 10, value[1]], Number(api.value(1)))] : []),
  ]
  return { type: 'group', children }
}

type Point = readonly [number, number]

function whisker([x1, y]: Point, [x2]: Point) {
  const line = (from: Point, to: Point) => ({
    type: 'line' as const,
    shape: { x1: from[0], y1: from[1], x2: to[0], y2: to[1] },
    style: { stroke: colorOf(0), lineWidth: 2 },
  })
  const caps = [x1, x2].map((x) => line([x, y - 5], [x, y + 5]))
  return [line([x1, y], [x2, y]), ...caps]
}

function dot([cx, cy]: Point) {
  return { type: 'circle' as const, shape: { cx, cy, r: 5 }, style: { fill: colorOf(0) } }
}

function diamond([x, y]: Point) {
  const points = [
    [x, y - 8],
    [x + 8, y],
    [x, y + 8],
    [x - 8, y],
  ]
  const style = { fill: 'none', stroke: colorOf(1), lineWidth: 2 }
  return { type: 'polygon' as const, shape: { points }, style }
}

function label([x, y]: Point, percent: number) {
  const style = { x, y, text: `${percent.toFixed(1)} %`, fill: INK, fontSize: FONT_SIZE }
  return { type: 'text' as const, style: { ...style, verticalAlign: 'middle' as const } }
}

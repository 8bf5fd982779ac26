import { drawPlot } from './draw-plot.ts'
import { markup, type Markup } from './markup.ts'
import { axis, figuresBelow, legendHeight, legendOf, lineOf, percentAxis } from './plot-look.ts'
import type { RefusalCurve, RefusalPoint } from './report-curves.ts'
import { formatShare, NO_FIGURE } from './report-figures.ts'

export type ArmRefusals = readonly [arm: string, curve: RefusalCurve]

const KEY =
  'A higher threshold refuses more of both: it lies further up and to the right. The mark is this run; on the dotted line refusing would be a matter of chance.'

/** What another threshold would have refused. Null where no arm has a curve. */
export function drawRefusals(arms: readonly ArmRefusals[]): Markup | null {
  if (arms.length === 0) return null
  const names = arms.map(nameOf)
  const top = legendHeight(names) + 14
  return drawPlot({
    id: 'plot-refusal',
    title: 'Refusing, as the threshold moves',
    description: arms.map(describe).join('; '),
    height: 300 + top,
    option: {
      legend: legendOf(names),
      grid: { left: 70, right: 32, top, bottom: 48 },
      xAxis: {
        ...percentAxis,
        name: 'answerable questions wrongly refused',
        nameGap: 30,
        min: 0,
        max: 100,
      },
      yAxis: {
        ...percentAxis,
        name: 'unanswerable questions refused',
        nameGap: 50,
        min: 0,
        max: 100,
      },
      series: [chance, ...arms.flatMap(curveOf)],
    },
    below: markup`<p class="key">${KEY}</p>
${figuresBelow(
  ['Arm', 'threshold', 'wrongly refused', 'unanswerable refused'],
  arms.map(([arm, { threshold, current }]) => [
    arm,
    formatThreshold(threshold),
    formatShare(current.falseRefusals),
    formatShare(current.refusalRecall),
  ]),
)}`,
  })
}

function describe([arm, { current, threshold }]: ArmRefusals): string {
  return `${arm}, at threshold ${formatThreshold(threshold)}: ${formatShare(current.falseRefusals)} of answerable questions wrongly refused, ${formatShare(current.refusalRecall)} of unanswerable ones refused`
}

function formatThreshold(threshold: number | null): string {
  return threshold === null ? NO_FIGURE : threshold.toFixed(2)
}

const chance = {
  type: 'line',
  silent: true,
  emphasis: { disabled: true },
  symbol: 'none',
  lineStyle: { color: axis.axisLabel.color, width: 1, type: 'dotted' },
  data: [
    [0, 0],
    [100, 100],
  ],
}

function nameOf([arm, { threshold }]: ArmRefusals): string {
  return `${arm}, threshold ${formatThreshold(threshold)}`
}

function curveOf(refusals: ArmRefusals, at: number): readonly Record<string, unknown>[] {
  const [, { points, current }] = refusals
  const { symbol, itemStyle, ...line } = lineOf(at)
  const curve = { ...line, symbol, itemStyle, name: nameOf(refusals), showSymbol: false }
  const mark = { type: 'scatter', silent: true, symbol, symbolSize: 13, itemStyle, z: 3 }
  return [
    { ...curve, data: points.map(placeOf) },
    { ...mark, data: [placeOf(current)] },
  ]
}

function placeOf({ falseRefusals, refusalRecall }: RefusalPoint): readonly [number, number] {
  return [falseRefusals * 100, refusalRecall * 100]
}

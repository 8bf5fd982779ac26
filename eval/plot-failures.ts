import { drawPlot } from './draw-plot.ts'
import type { Markup } from './markup.ts'
import {
  colorOf,
  figuresBelow,
  INK,
  legendHeight,
  legendOf,
  PAPER,
  percentAxis,
  rowsAxis,
} from './plot-look.ts'
import type { FailureCounts } from './report-curves.ts'
import { FAILURE_WORDS } from './report-view.ts'
import { FAILURE_CLASSES, type FailureClass } from './scores.ts'

export type ArmFailures = readonly [arm: string, counts: FailureCounts]

/** What went wrong, one bar for each arm. Null where nothing did. */
export function drawFailures(arms: readonly ArmFailures[]): Markup | null {
  const present = FAILURE_CLASSES.filter((name) => arms.some(([, counts]) => counts[name] > 0))
  if (present.length === 0) return null
  const names = present.map((name) => FAILURE_WORDS[name])
  const top = legendHeight(names) + 10
  return drawPlot({
    id: 'plot-failures',
    title: 'What went wrong, as a share of the cases of each arm',
    description: arms.map(describe).join('; '),
    height: arms.length * 36 + top + 40,
    option: {
      legend: legendOf(names),
      grid: { left: 120, right: 24, top, bottom: 30 },
      xAxis: percentAxis,
      yAxis: rowsAxis(arms.map(([arm]) => arm)),
      series: present.map((name) => barOf(name, arms)),
    },
    below: figuresBelow(
      ['Arm', 'cases', ...FAILURE_CLASSES.map((name) => FAILURE_WORDS[name])],
      arms.map(([arm, counts]) => [
        arm,
        String(counts.total),
        ...FAILURE_CLASSES.map((name) => String(counts[name])),
      ]),
    ),
  })
}

function describe([arm, counts]: ArmFailures): string {
  const parts = FAILURE_CLASSES.filter((name) => counts[name] > 0).map(
    (name) => `${counts[name]} ${FAILURE_WORDS[name]}`,
  )
  const failures = parts.length === 0 ? 'no failure' : parts.join(', ')
  return `${arm}, of ${counts.total}: ${failures}`
}

/** Narrower parts of a bar have no room for their number; the figures below have it. */
const LEAST_LABELLED = 0.05

function barOf(name: FailureClass, arms: readonly ArmFailures[]): Record<string, unknown> {
  const at = FAILURE_CLASSES.indexOf(name)
  const widest = Math.max(...arms.map(([, counts]) => shareOf(counts, ...FAILURE_CLASSES)))
  const label = {
    color: INK,
    backgroundColor: PAPER,
    padding: [1, 4],
    borderRadius: 3,
    fontSize: 11,
  }
  return {
    type: 'bar',
    name: FAILURE_WORDS[name],
    stack: 'failures',
    silent: true,
    emphasis: { disabled: true },
    barMaxWidth: 26,
    itemStyle: {
      color: colorOf(at),
      borderColor: PAPER,
      borderWidth: 1,
      decal: { ...PATTERNS[at], color: 'var(--plot-pattern)' },
    },
    data: arms.map(([, counts]) => {
      const share = shareOf(counts, name)
      const show = share > widest * LEAST_LABELLED
      return { value: share * 100, label: { ...label, show, formatter: String(counts[name]) } }
    }),
  }
}

function shareOf(counts: FailureCounts, ...names: readonly FailureClass[]): number {
  const failed = names.reduce((sum, name) => sum + counts[name], 0)
  return counts.total === 0 ? 0 : failed / counts.total
}

const CHECKED = [
  [8, 8],
  [0, 8, 8, 0],
]

/** By failure class: what tells the parts apart where colours do not. */
const PATTERNS = [
  { symbol: 'none' },
  { dashArrayX: [1, 0], dashArrayY: [2, 6], rotation: Math.PI / 4 },
  { symbol: 'circle', dashArrayX: CHECKED, dashArrayY: [6, 0], symbolSize: 0.7 },
  { dashArrayX: [1, 0], dashArrayY: [2, 6], rotation: -Math.PI / 4 },
  { symbol: 'rect', dashArrayX: CHECKED, dashArrayY: [6, 0], symbolSize: 0.7 },
  { dashArrayX: [1, 0], dashArrayY: [2, 6], rotation: Math.PI / 2 },
  { symbol: 'triangle', dashArrayX: CHECKED, dashArrayY: [8, 2], symbolSize: 0.8 },
  { dashArrayX: [1, 0], dashArrayY: [2, 5], rotation: 0 },
]

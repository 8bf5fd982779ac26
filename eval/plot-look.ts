import { PLOT_WIDTH } from './draw-plot.ts'
import { markup, type Markup } from './markup.ts'

// Colours are the page's, by name, so that a plot is right in the light and in the dark; what they tell
// apart is told apart by shape, dash or pattern as well.

export const INK = 'var(--ink)'
export const PAPER = 'var(--raised)'
const MUTED = 'var(--muted)'
const LINE = 'var(--line)'

const COLORS = 8
const SYMBOLS = [
  'circle',
  'rect',
  'triangle',
  'diamond',
  'emptyCircle',
  'emptyRect',
  'emptyTriangle',
  'emptyDiamond',
]
/** One fewer than there are symbols: a ninth line is like the first in all but its dash. */
const DASHES = ['solid', [7, 3], [2, 2], [9, 3, 2, 3], [4, 4], [12, 3], [1, 3]]

export const FONT_SIZE = 13

export function colorOf(at: number): string {
  return `var(--plot-${(at % COLORS) + 1})`
}

const axisText = { color: MUTED, fontSize: FONT_SIZE }

export const axis = {
  axisLabel: axisText,
  axisLine: { lineStyle: { color: MUTED } },
  axisTick: { lineStyle: { color: MUTED } },
  splitLine: { lineStyle: { color: LINE } },
  nameTextStyle: axisText,
  nameLocation: 'middle',
}

export const percentAxis = {
  ...axis,
  type: 'value',
  axisLabel: { ...axisText, formatter: '{value} %' },
}

/** One row for each name, the first on top. */
export function rowsAxis(names: readonly string[]): Record<string, unknown> {
  return {
    ...axis,
    type: 'category',
    inverse: true,
    data: names,
    axisLabel: { color: INK, fontSize: FONT_SIZE },
    axisTick: { show: false },
  }
}

const LEGEND_ROW_HEIGHT = 22
/** Of a name that still leaves room for three in a row. */
const SHORT_NAME = 16

/**
 * Each name in its own place: the library cannot measure text without a page, and guesses it narrower
 * than many a font is, so that names set one after the other would overlap.
 */
export function legendOf(names: readonly string[]): readonly Record<string, unknown>[] {
  const columns = columnsFor(names)
  return names.map((name, at) => ({
    data: [name],
    left: (at % columns) * (PLOT_WIDTH / columns),
    top: Math.floor(at / columns) * LEGEND_ROW_HEIGHT,
    padding: 0,
    itemWidth: 30,
    textStyle: { color: INK, fontSize: FONT_SIZE },
    selectedMode: false,
  }))
}

export function legendHeight(names: readonly string[]): number {
  return Math.ceil(names.length / columnsFor(names)) * LEGEND_ROW_HEIGHT
}

function columnsFor(names: readonly string[]): number {
  return names.every(({ length }) => length <= SHORT_NAME) ? 3 : 2
}

/** How a line of many is drawn: no two alike in colour, dash and shape. */
export function lineOf(at: number): Record<string, unknown> {
  return {
    type: 'line',
    silent: true,
    emphasis: { disabled: true },
    color: colorOf(at),
    symbol: SYMBOLS[at % SYMBOLS.length],
    symbolSize: 7,
    lineStyle: { color: colorOf(at), width: 2, type: DASHES[at % DASHES.length] },
    itemStyle: { color: colorOf(at), opacity: 1 },
  }
}

/** What a plot shows, to be read. */
export function figuresBelow(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): Markup {
  return markup`<details class="figures"><summary>The figures</summary><div class="scroll"><table aria-label="The figures of the plot">
<thead><tr>${columns.map((name) => markup`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows.map(([first = '', ...others]) => markup`<tr><th scope="row">${first}</th>${others.map((text) => markup`<td>${text}</td>`)}</tr>`)}</tbody>
</table></div></details>`
}

export function toPercent(share: number | null | undefined): number | null {
  return typeof share === 'number' ? share * 100 : null
}

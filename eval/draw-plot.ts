import { BarChart, CustomChart, LineChart, ScatterChart } from 'echarts/charts'
import { GridComponent, LegendComponent } from 'echarts/components'
import { init, use, type EChartsCoreOption } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import { markup, trusted, type Markup } from './markup.ts'

use([BarChart, CustomChart, GridComponent, LegendComponent, LineChart, ScatterChart, SVGRenderer])

/** In the units of the plot's own coordinates; the page scales it. */
export const PLOT_WIDTH = 520

export interface Plot {
  /** Unique on the page: small letters, digits and hyphens. */
  readonly id: string
  readonly title: string
  /** What is to be seen, for those who do not see it. */
  readonly description: string
  readonly height: number
  readonly option: EChartsCoreOption
  /** Under the plot: its key, or its figures as a table. */
  readonly below?: Markup
}

export function drawPlot({ id, title, description, height, option, below }: Plot): Markup {
  return markup`<figure class="plot" id="${id}"><figcaption>${title}</figcaption>
<div class="scroll"><svg role="img" aria-labelledby="${id}-title ${id}-desc" viewBox="0 0 ${PLOT_WIDTH} ${height}">
<title id="${id}-title">${title}</title><desc id="${id}-desc">${description}</desc>
${trusted(innerSvg({ id, height, option }))}</svg></div>${below}</figure>
`
}

function innerSvg({ id, height, option }: Pick<Plot, 'id' | 'height' | 'option'>): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: PLOT_WIDTH, height })
  try {
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: 'system-ui, sans-serif' },
      ...option,
    })
    return withoutPage(chart.renderToSVGString(), id)
  } finally {
    chart.dispose()
  }
}

/**
 * The library draws for a page of its own, with a script beside it: its outer element, its hover styles
 * and its notes for that script go. Its ids count up over the life of the process, so that two plots
 * could share one and no two reports would be alike: they are made the plot's own.
 */
function withoutPage(svg: string, id: string): string {
  return svg
    .replace(/^<svg[^>]*>/, '')
    .replace(/<\/svg>\s*$/, '')
    .replace(/<style[^>]*>[^]*?<\/style>/g, '')
    .replaceAll(/ (?:ecmeta_\w+|class|pointer-events)="[^"]*"/g, '')
    .replaceAll(/\bzr\d+-/g, `${id}-`)
    .trim()
}

import type { Readiness } from '../src/readiness.ts'

interface Progress {
  stop(): void
}

const REDRAW_MS = 250
const BAR_WIDTH = 24

/** Shows what the service is still doing: one line redrawn on a terminal, a line a change elsewhere. */
export function showProgress(readiness: Readiness, output: NodeJS.WriteStream): Progress {
  let shown = ''
  const draw = () => {
    const lines = Object.entries(readiness.parts)
      .filter(([, { status }]) => status === 'loading')
      .map(
        ([name, { detail, progress }]) =>
          `${name}: ${detail}${bar(output.isTTY ? progress : undefined)}`,
      )
    const line = lines.join(' · ')
    if (line === shown) return
    if (output.isTTY) output.write(`\r\u001b[K${line.slice(0, (output.columns || 80) - 1)}`)
    else if (isNews(shown, line)) output.write(`${line}\n`)
    shown = line
  }
  draw()
  const timer = setInterval(draw, REDRAW_MS)
  return {
    stop() {
      clearInterval(timer)
      if (output.isTTY) output.write('\r\u001b[K')
    },
  }
}

function bar(progress: { readonly done: number; readonly total: number } | undefined): string {
  if (progress === undefined || progress.total === 0) return ''
  const filled = Math.min(BAR_WIDTH, Math.round((BAR_WIDTH * progress.done) / progress.total))
  return ` [${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}]`
}

/** In a log, numbers that only grow are worth a line when their first digit changes. */
function isNews(before: string, after: string): boolean {
  const coarse = (line: string) => line.replaceAll(/\d[\d.]*/g, (number) => number[0] ?? '')
  return coarse(before) !== coarse(after)
}

/** How far a run is. */
export interface RunProgress {
  readonly id: string
  readonly state: string
  readonly done: number
  readonly total: number
}

type Output = Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'write'>

interface ProgressOptions {
  /** Takes a line where the output is no terminal. */
  readonly note: (text: string) => void
  readonly output: Output
}

const BAR_WIDTH = 24
const WAITING = 'waiting for another run, or for a feed that is being read'

/** A bar on a terminal; elsewhere a line each tenth. */
export function createRunProgress({ note, output }: ProgressOptions) {
  let first: { readonly at: number; readonly done: number } | undefined
  let shown = ''
  return {
    show(run: RunProgress): void {
      // What was asked before, and the wait for it, say nothing of how fast it goes now.
      if (run.state === 'running') first ??= { at: performance.now(), done: run.done }
      if (output.isTTY) showBar(run)
      else noteTenth(run)
    },
    end(): void {
      if (output.isTTY) output.write('\r\u001b[K')
    },
  }

  function showBar(run: RunProgress): void {
    const { done, total } = run
    const line = `${toBar(done, total)} ${done} of ${total} · ${describeRest(run)}`
    output.write(`\r\u001b[K${line.slice(0, (output.columns || 80) - 1)}`)
  }

  function describeRest({ state, done, total }: RunProgress): string {
    if (state === 'waiting') return WAITING
    if (done >= total) return 'comparing'
    if (first === undefined || done === first.done) return 'asking'
    const msEach = (performance.now() - first.at) / (done - first.done)
    const seconds = Math.ceil((msEach / 1_000) * (total - done))
    return seconds < 90 ? `${seconds} s left` : `${Math.round(seconds / 60)} min left`
  }

  function noteTenth({ id, state, done, total }: RunProgress): void {
    const isWaiting = state === 'waiting'
    const news = isWaiting ? WAITING : String(Math.floor((10 * done) / Math.max(1, total)))
    if (news === shown) return
    shown = news
    note(`${id}: ${done} of ${total}${isWaiting ? `, ${WAITING}` : ''}`)
  }
}

function toBar(done: number, total: number): string {
  const filled = total === 0 ? 0 : Math.min(BAR_WIDTH, Math.floor((BAR_WIDTH * done) / total))
  return `[${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}]`
}

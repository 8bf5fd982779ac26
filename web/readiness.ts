import { byId, element } from './element.ts'
import { fieldsOf, textAt } from './read-json.ts'

const POLL_MS = 2_000
const TIMEOUT_MS = 10_000

const PART_NAMES: Readonly<Record<string, string>> = {
  database: 'Database',
  embedding: 'Embedding model',
  chat: 'Chat model',
  corpus: 'Library',
}

interface Readiness {
  /** Looks again, for what changes after the service was ready: a model server that went away. */
  check(): void
}

/** Says what the service is still waiting for, until nothing is left to say. */
export function watchReadiness({
  onBecameReady,
}: {
  readonly onBecameReady: () => void
}): Readiness {
  const line = byId('readiness', HTMLElement)
  let isPolling = false

  function show(lines: readonly string[]): void {
    const shown = [...line.children].map((child) => child.textContent)
    if (shown.join('\n') === lines.join('\n')) return
    line.replaceChildren(...lines.map((text) => element('p', [text])))
  }

  async function check(): Promise<boolean> {
    const { isReady, lines } = await readReadiness().catch(() => ({
      isReady: false,
      lines: ['The service does not answer. Trying again…'],
    }))
    show(lines)
    return isReady
  }

  async function poll(): Promise<void> {
    if (isPolling) return
    isPolling = true
    const wasReady = await check()
    let isReady = wasReady
    while (!isReady) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
      isReady = await check()
    }
    isPolling = false
    if (!wasReady) onBecameReady()
  }

  void poll()
  return { check: () => void poll() }
}

async function readReadiness(): Promise<{ isReady: boolean; lines: readonly string[] }> {
  const response = await fetch('/readyz', { signal: AbortSignal.timeout(TIMEOUT_MS) })
  const parts = fieldsOf(fieldsOf(await response.json())['parts'])
  const lines = Object.entries(parts).flatMap(([name, part]) => lineOf(name, fieldsOf(part)))
  return { isReady: response.ok, lines }
}

/** A part that is well says nothing. */
function lineOf(name: string, part: ReturnType<typeof fieldsOf>): string[] {
  const status = textAt(part, 'status')
  if (status === 'ok') return []
  return [`${PART_NAMES[name] ?? name}: ${textAt(part, 'detail') || status || 'not ready'}`]
}

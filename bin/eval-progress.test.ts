import { expect, it } from 'vitest'
import { createRunProgress } from './eval-progress.ts'

function showOnTerminal(columns: number) {
  const written: string[] = []
  const output = { isTTY: true, columns, write: (text: string) => written.push(text) > 0 }
  const progress = createRunProgress({ note: () => undefined, output })
  return { progress, written }
}

const run = { id: 'run_1', state: 'running', done: 0, total: 40 }

it('on a terminal one line is drawn over and over, and taken away at the end', () => {
  const { progress, written } = showOnTerminal(100)
  progress.show(run)
  progress.show({ ...run, done: 20 })
  progress.show({ ...run, done: 40 })
  progress.end()
  expect(written).toEqual([
    `\r\u001b[K[${'░'.repeat(24)}] 0 of 40 · asking`,
    `\r\u001b[K[${'█'.repeat(12)}${'░'.repeat(12)}] 20 of 40 · 1 s left`,
    `\r\u001b[K[${'█'.repeat(24)}] 40 of 40 · comparing`,
    '\r\u001b[K',
  ])
})

it('a line never breaks, however narrow the terminal is', () => {
  const { progress, written } = showOnTerminal(30)
  progress.show({ ...run, state: 'waiting' })
  expect(written[0]).toHaveLength('\r\u001b[K'.length + 29)
})

it('what was asked before the command came says nothing of the time that is left', () => {
  const { progress, written } = showOnTerminal(100)
  progress.show({ ...run, done: 39 })
  expect(written[0]).toContain('39 of 40 · asking')
})

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Readiness } from '../src/readiness.ts'
import { showProgress } from './progress.ts'

interface Output {
  readonly isTTY: boolean
  readonly columns: number
  readonly written: string[]
}

function open(output: Partial<Output> = {}) {
  const written: string[] = []
  const stream = {
    isTTY: false,
    columns: 80,
    write: (text: string) => written.push(text),
    ...output,
  }
  const readiness = new Readiness()
  const ok = { status: 'ok', detail: '' } as const
  readiness.set('database', ok)
  readiness.set('embedding', ok)
  readiness.set('chat', ok)
  const read = (done: number, total = 200) =>
    readiness.set('corpus', {
      status: 'loading',
      detail: `${done} articles read`,
      progress: { done, total },
    })
  read(0)
  const progress = showProgress(readiness, stream as unknown as NodeJS.WriteStream)
  return { written, readiness, progress, read }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('on a terminal', () => {
  it('one line is redrawn with a bar, and is gone at the end', () => {
    const { written, progress, read } = open({ isTTY: true })
    read(100)
    vi.advanceTimersByTime(250)
    progress.stop()
    expect(written).toEqual([
      `\r\u001b[Kcorpus: 0 articles read [${'░'.repeat(24)}]`,
      `\r\u001b[Kcorpus: 100 articles read [${'█'.repeat(12)}${'░'.repeat(12)}]`,
      '\r\u001b[K',
    ])
  })

  it('no line is longer than the terminal is wide', () => {
    const { written, progress } = open({ isTTY: true, columns: 20 })
    progress.stop()
    expect(written[0]).toBe('\r\u001b[Kcorpus: 0 articles ')
  })

  it('nothing is redrawn while nothing changes, or after the end', () => {
    const { written, progress, read } = open({ isTTY: true })
    vi.advanceTimersByTime(2_000)
    expect(written).toHaveLength(1)
    progress.stop()
    read(1)
    vi.advanceTimersByTime(2_000)
    expect(written).toHaveLength(2)
  })

  it('a part that is more than done has a full bar', () => {
    const { written, progress, read } = open({ isTTY: true })
    read(300)
    vi.advanceTimersByTime(250)
    progress.stop()
    expect(written[1]).toContain(`[${'█'.repeat(24)}]`)
  })
})

describe('elsewhere', () => {
  it('a line is written when a number has another first digit, without a bar', () => {
    const { written, progress, read } = open()
    for (const done of [1, 10, 11, 19, 20, 21]) {
      read(done)
      vi.advanceTimersByTime(250)
    }
    progress.stop()
    expect(written).toEqual([
      'corpus: 0 articles read\n',
      'corpus: 1 articles read\n',
      'corpus: 20 articles read\n',
    ])
  })

  it('what is being loaded at once stands in one line', () => {
    const { written, readiness, progress } = open()
    readiness.set('chat', { status: 'loading', detail: 'loading llama:qwen' })
    vi.advanceTimersByTime(250)
    progress.stop()
    expect(written[1]).toBe('chat: loading llama:qwen · corpus: 0 articles read\n')
  })
})

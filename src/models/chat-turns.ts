import { AppError } from '../errors.ts'
import type { ChatModel } from './chat-model.ts'

export interface ChatTurn {
  readonly model: ChatModel
  readonly queuedMs: number
  release(): void
}

interface TakeOptions {
  readonly signal: AbortSignal
  /** 1 is next; called as the place changes, and not where nobody waits. */
  readonly onPosition: (position: number) => void
}

interface Waiting {
  readonly start: () => void
  readonly onPosition: (position: number) => void
}

/**
 * One model, one asker at a time: llama.cpp is one queue, so the queue stands here, bounded, where
 * people can be told their place. No model is a state and no fault (design.md, decision 9).
 */
export class ChatTurns {
  #model: ChatModel | null = null
  #isBusy = false
  readonly #waiting: Waiting[] = []
  readonly #maxWaiting: number
  readonly #onIdle: (() => void)[] = []

  constructor(options: { readonly maxWaiting: number }) {
    this.#maxWaiting = options.maxWaiting
  }

  /** Null until it is loaded, and where it cannot be had. */
  get model(): ChatModel | null {
    return this.#model
  }

  setModel(model: ChatModel | null): void {
    this.#model = model
  }

  /** Null where there is no model now. */
  async take(options: TakeOptions): Promise<ChatTurn | null> {
    options.signal.throwIfAborted()
    const model = this.#model
    if (model === null) return null
    const since = performance.now()
    if (this.#isBusy) await this.#wait(options)
    this.#isBusy = true
    const queuedMs = Math.round(performance.now() - since)
    return { model, queuedMs, release: () => this.#next() }
  }

  /** Resolves when nobody asks, or after `maxMs`: for work that can let askers go first. */
  async whenIdle(maxMs: number): Promise<void> {
    if (!this.#isBusy) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, maxMs)
      this.#onIdle.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  #wait({ signal, onPosition }: TakeOptions): Promise<void> {
    if (this.#waiting.length >= this.#maxWaiting) {
      throw new AppError(
        'model-busy',
        'Too many questions are waiting. Ask again in a little while.',
        {
          retryAfter: 10,
        },
      )
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
        this.#tellPlaces()
        reject(signal.reason as Error)
      }
      const start = () => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const waiting: Waiting = { start, onPosition }
      signal.addEventListener('abort', leave, { once: true })
      this.#waiting.push(waiting)
      onPosition(this.#waiting.length)
    })
  }

  /** The turn passes straight to the next one, so that nobody slips in between. */
  #next(): void {
    const next = this.#waiting.shift()
    this.#isBusy = next !== undefined
    next?.start()
    this.#tellPlaces()
    if (!this.#isBusy) for (const resume of this.#onIdle.splice(0)) resume()
  }

  #tellPlaces(): void {
    this.#waiting.forEach(({ onPosition }, at) => onPosition(at + 1))
  }
}

import { AppError } from '../errors.ts'
import type { ChatModel } from './chat-model.ts'
import { DEADLINES, type Deadlines } from './deadlines.ts'

export interface ChatTurn {
  readonly model: ChatModel
  readonly queuedMs: number
  /** What waiting has left of them. */
  readonly deadlines: Deadlines
}

/** Held from before the search until the answer is whole, so that a full queue is told at once. */
export interface ChatPlace {
  /** Null where there is no model now, and where the wait is longer than the first word may take. */
  take(options: TakeOptions): Promise<ChatTurn | null>
  /** Gives up the place, and the turn with it; a second time does nothing. */
  leave(): void
}

export interface TakeOptions {
  readonly signal: AbortSignal
  /** 1 is next; called as the place changes, and not where nobody waits. */
  readonly onPosition: (position: number) => void
}

export interface ChatLoad {
  readonly active: number
  readonly waiting: number
}

/** For what asks no model. */
export const WITHOUT_MODEL: ChatPlace = {
  take: () => Promise.resolve(null),
  leave: () => undefined,
}

interface TurnsOptions {
  readonly maxWaiting: number
  readonly deadlines?: Deadlines
}

interface EnterOptions {
  /** A run and a judge have the night: no deadline of a reader's is theirs. */
  readonly isPatient?: boolean
}

interface Entry {
  readonly enteredAt: number
  readonly isPatient: boolean
  /** Of its turn. */
  startedAt: number
  /** Undefined while it searches, and when its turn has come. */
  waiting: Waiting | undefined
}

interface Waiting {
  readonly end: (hasTurn: boolean) => void
  readonly onPosition: (position: number) => void
  toldPosition: number
}

const TURNS_REMEMBERED = 8
/** About what an answer takes on two cores; until the first one says better. */
const ASSUMED_TURN_MS = 7_000
const MIN_RETRY_S = 1
const MAX_RETRY_S = 120

/**
 * One model, one asker at a time: llama.cpp is one queue, so the queue stands here, bounded, where
 * people can be told their place. No model is a state and no fault (design.md, decision 9).
 */
export class ChatTurns {
  #model: ChatModel | null = null
  /** In the order in which they came, the one whose turn it is among them. */
  readonly #entries: Entry[] = []
  #active: Entry | undefined
  readonly #turnsMs: number[] = []
  readonly #maxWaiting: number
  readonly #deadlines: Deadlines
  readonly #onIdle: (() => void)[] = []

  constructor({ maxWaiting, deadlines = DEADLINES }: TurnsOptions) {
    this.#maxWaiting = maxWaiting
    this.#deadlines = deadlines
  }

  /** Null until it is loaded, and where it cannot be had. */
  get model(): ChatModel | null {
    return this.#model
  }

  setModel(model: ChatModel | null): void {
    this.#model = model
  }

  /** Who has a place: the one whose turn it is, and those who search or wait. */
  get load(): ChatLoad {
    const active = this.#active === undefined ? 0 : 1
    return { active, waiting: this.#entries.length - active }
  }

  /** Throws `model-busy` where the turn and every place behind it are taken. */
  enter({ isPatient = false }: EnterOptions = {}): ChatPlace {
    if (this.#model === null) return WITHOUT_MODEL
    if (this.#entries.length > this.#maxWaiting) throw this.#busy()
    const entry = { enteredAt: performance.now(), isPatient, startedAt: 0, waiting: undefined }
    this.#entries.push(entry)
    return { take: (options) => this.#take(entry, options), leave: () => this.#leave(entry) }
  }

  /** Resolves when nobody asks, or after `maxMs`: for work that can let askers go first. */
  async whenIdle(maxMs: number): Promise<void> {
    if (this.#entries.length === 0) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, maxMs)
      this.#onIdle.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  async #take(entry: Entry, options: TakeOptions): Promise<ChatTurn | null> {
    options.signal.throwIfAborted()
    const since = performance.now()
    if (this.#active === undefined) this.#start(entry)
    else if (!(await this.#wait(entry, options))) return null
    if (this.#model === null) return null
    const queuedMs = Math.round(entry.startedAt - since)
    const firstMs = entry.isPatient ? this.#deadlines.firstMs : Math.max(1, this.#leftMs(entry))
    return { model: this.#model, queuedMs, deadlines: { ...this.#deadlines, firstMs } }
  }

  /** Whether the turn has come; false where the wait is too long, and the place is then given up. */
  #wait(entry: Entry, { signal, onPosition }: TakeOptions): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const stopWaiting = () => {
        clearTimeout(deadline)
        signal.removeEventListener('abort', onGone)
        entry.waiting = undefined
      }
      const end = (hasTurn: boolean) => {
        stopWaiting()
        resolve(hasTurn)
        if (!hasTurn) this.#leave(entry)
      }
      const onGone = () => {
        stopWaiting()
        reject(signal.reason as Error)
        this.#leave(entry)
      }
      const deadline = entry.isPatient
        ? undefined
        : setTimeout(() => end(false), this.#leftMs(entry))
      signal.addEventListener('abort', onGone, { once: true })
      entry.waiting = { end, onPosition, toldPosition: 0 }
      this.#tellPlace(entry)
    })
  }

  #leave(entry: Entry): void {
    const at = this.#entries.indexOf(entry)
    if (at === -1) return
    this.#entries.splice(at, 1)
    if (entry === this.#active) this.#next(entry)
    for (const each of [...this.#entries]) this.#tellPlace(each)
    if (this.#entries.length === 0) for (const resume of this.#onIdle.splice(0)) resume()
  }

  /** The turn passes straight on, so that nobody slips in between; who still searches is passed over. */
  #next(ended: Entry): void {
    this.#turnsMs.push(performance.now() - ended.startedAt)
    if (this.#turnsMs.length > TURNS_REMEMBERED) this.#turnsMs.shift()
    this.#active = undefined
    const next = this.#entries.find(({ waiting }) => waiting !== undefined)
    if (next === undefined) return
    this.#start(next)
    next.waiting?.end(true)
  }

  #start(entry: Entry): void {
    entry.startedAt = performance.now()
    this.#active = entry
  }

  #tellPlace(entry: Entry): void {
    const { waiting } = entry
    if (waiting === undefined) return
    const position = this.#entries.filter((each) => each !== this.#active).indexOf(entry) + 1
    if (position === waiting.toldPosition) return
    waiting.toldPosition = position
    if (this.#isTooLong(entry, position)) waiting.end(false)
    else waiting.onPosition(position)
  }

  /** The turn under way is counted whole: its rest and the asker's own reading come to about that. */
  #isTooLong(entry: Entry, position: number): boolean {
    const turnMs = this.#meanTurnMs()
    return !entry.isPatient && turnMs !== undefined && position * turnMs > this.#leftMs(entry)
  }

  /** Of the time that the first word has. */
  #leftMs({ enteredAt }: Entry): number {
    return this.#deadlines.firstMs - (performance.now() - enteredAt)
  }

  #meanTurnMs(): number | undefined {
    if (this.#turnsMs.length === 0) return undefined
    return this.#turnsMs.reduce((sum, turnMs) => sum + turnMs, 0) / this.#turnsMs.length
  }

  #busy(): AppError {
    const emptyS = ((this.#meanTurnMs() ?? ASSUMED_TURN_MS) * this.#entries.length) / 1_000
    return new AppError(
      'model-busy',
      'Too many questions are waiting. Ask again in a little while.',
      { retryAfter: Math.min(MAX_RETRY_S, Math.max(MIN_RETRY_S, Math.ceil(emptyS))) },
    )
  }
}

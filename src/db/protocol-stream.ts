import { Duplex } from 'node:stream'

const SYNC = 'S'.charCodeAt(0)
const QUERY = 'Q'.charCodeAt(0)
const TERMINATE = 'X'.charCodeAt(0)

/**
 * The length of the leading run of whole messages that the server can answer at once: everything up
 * to and with a Sync, a simple Query or the start-up message (which alone has no type byte). 0: wait.
 */
export function answerableLength(buffer: Buffer, isStarted: boolean): number {
  if (!isStarted)
    return buffer.length >= 4 && buffer.length >= buffer.readInt32BE(0) ? buffer.readInt32BE(0) : 0
  let offset = 0
  while (offset + 5 <= buffer.length) {
    const type = buffer[offset]
    const end = offset + 1 + buffer.readInt32BE(offset + 1)
    if (end > buffer.length) return 0
    if (type === SYNC || type === QUERY || type === TERMINATE) return end
    offset = end
  }
  return 0
}

export interface ProtocolEngine {
  /** A new session begins. */
  open(): Promise<void>
  /** Whole protocol messages in, the server's messages out. Rejects when the engine had to be ended. */
  exchange(messages: Uint8Array): Promise<Uint8Array>
}

/** A "socket" for node-postgres whose far end is an engine in this process. */
export class ProtocolStream extends Duplex {
  readonly #engine: ProtocolEngine
  #pending: Buffer = Buffer.alloc(0)
  #isStarted = false

  constructor(engine: ProtocolEngine) {
    super()
    this.#engine = engine
  }

  /** node-postgres calls it as it would a socket's. */
  connect(): this {
    this.#engine.open().then(
      () => this.emit('connect'),
      (error: unknown) => this.destroy(error as Error),
    )
    return this
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  override _read(): void {
    // Answers are pushed as they come; the engine holds at most one at a time.
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    this.#drain().then(
      () => done(),
      (error: unknown) => done(error as Error),
    )
  }

  override _final(done: () => void): void {
    this.push(null)
    done()
  }

  async #drain(): Promise<void> {
    for (;;) {
      const length = answerableLength(this.#pending, this.#isStarted)
      if (length === 0) return
      const messages = this.#pending.subarray(0, length)
      this.#pending = this.#pending.subarray(length)
      if (this.#isStarted && messages[0] === TERMINATE) return
      this.#isStarted = true
      const answer = await this.#engine.exchange(messages)
      if (answer.length > 0) this.push(Buffer.from(answer))
    }
  }
}

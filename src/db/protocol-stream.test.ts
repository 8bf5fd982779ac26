import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { answerableLength, ProtocolStream, type ProtocolEngine } from './protocol-stream.ts'

/** Messages that the server answers at once: Sync, simple Query, Terminate. */
const ENDING = ['S', 'Q', 'X'] as const
/** Parse, Bind, Describe, Execute, Close: answered when a Sync follows. */
const OPEN = ['P', 'B', 'D', 'E', 'C'] as const

function toMessage(type: string, body: Uint8Array): Buffer {
  const message = Buffer.alloc(5 + body.length)
  message.write(type, 0, 'latin1')
  message.writeInt32BE(4 + body.length, 1)
  message.set(body, 5)
  return message
}

function toStartUp(body: Uint8Array): Buffer {
  const message = Buffer.alloc(4 + body.length)
  message.writeInt32BE(4 + body.length, 0)
  message.set(body, 4)
  return message
}

const body = fc.uint8Array({ maxLength: 40 })
const startUp = body.map(toStartUp)
/** What is answered as one: any number of messages, and the one that asks for the answer. */
const batch = (endings: readonly string[]) =>
  fc
    .tuple(
      fc.array(fc.tuple(fc.constantFrom(...OPEN), body), { maxLength: 4 }),
      fc.tuple(fc.constantFrom(...endings), body),
    )
    .map(([open, ending]) =>
      Buffer.concat([...open, ending].map(([type, bytes]) => toMessage(type, bytes))),
    )

describe('answerableLength', () => {
  it('is 0 for whatever was cut off, and ends with the first batch that is whole', () => {
    fc.assert(
      fc.property(fc.array(batch(ENDING), { minLength: 1, maxLength: 3 }), fc.nat(), (all, cut) => {
        const buffer = Buffer.concat(all)
        const received = buffer.subarray(0, cut % (buffer.length + 1))
        const first = all[0]?.length ?? 0
        expect(answerableLength(received, true)).toBe(received.length < first ? 0 : first)
      }),
    )
  })

  it('takes the start-up message whole, which has no type', () => {
    fc.assert(
      fc.property(startUp, batch(ENDING), fc.nat(), (first, next, cut) => {
        const buffer = Buffer.concat([first, next])
        const received = buffer.subarray(0, cut % (buffer.length + 1))
        const length = received.length < first.length ? 0 : first.length
        expect(answerableLength(received, false)).toBe(length)
      }),
    )
  })
})

/** Answers each batch with itself, and remembers what was asked. */
class EchoEngine implements ProtocolEngine {
  readonly asked: Buffer[] = []
  #isAnswering = false

  open(): Promise<void> {
    return Promise.resolve()
  }

  async exchange(messages: Uint8Array): Promise<Uint8Array> {
    if (this.#isAnswering) throw new Error('It was asked while it was answering.')
    this.#isAnswering = true
    await Promise.resolve()
    this.#isAnswering = false
    this.asked.push(Buffer.from(messages))
    return messages
  }
}

describe('ProtocolStream', () => {
  it('asks in whole batches, one after the other, however the bytes come', async () => {
    const pieces = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 })
    const batches = fc.array(batch(['S', 'Q']), { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(startUp, batches, pieces, async (first, rest, sizes) => {
        const engine = new EchoEngine()
        const stream = new ProtocolStream(engine)
        const answered: Buffer[] = []
        stream.on('data', (bytes: Buffer) => answered.push(bytes))
        const sent = Buffer.concat([first, ...rest])
        for (let at = 0, piece = 0; at < sent.length; piece += 1) {
          const size = sizes[piece % sizes.length] ?? 1
          stream.write(sent.subarray(at, at + size))
          at += size
        }
        await endOf(stream)
        expect(engine.asked).toEqual([first, ...rest])
        expect(Buffer.concat(answered)).toEqual(sent)
      }),
      { numRuns: 50 },
    )
  })

  it('ends without asking when the client says goodbye', async () => {
    const engine = new EchoEngine()
    const stream = new ProtocolStream(engine)
    stream.resume()
    stream.write(toStartUp(new Uint8Array()))
    stream.write(toMessage('X', new Uint8Array()))
    await endOf(stream)
    expect(engine.asked).toHaveLength(1)
  })

  it('is destroyed with the reason when its engine had to be ended', async () => {
    const reason = new Error('The engine was ended.')
    const fail = () => Promise.reject(reason)
    const stream = new ProtocolStream({ open: fail, exchange: fail })
    const failed = new Promise((resolve) => stream.once('error', resolve))
    stream.write(toStartUp(new Uint8Array()))
    expect(await failed).toBe(reason)
    const unopened = new ProtocolStream({ open: fail, exchange: fail })
    const refused = new Promise((resolve) => unopened.once('error', resolve))
    unopened.connect()
    expect(await refused).toBe(reason)
  })
})

function endOf(stream: ProtocolStream): Promise<unknown> {
  const ended = new Promise((resolve) => stream.once('end', resolve))
  stream.end()
  return ended
}

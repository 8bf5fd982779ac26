import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import express, { type Response } from 'express'
import { afterEach, describe, expect, it } from 'vitest'
import { openEventStream, type EventStream } from './sse.ts'

const EVENT = { text: 'x'.repeat(16 * 1024) }
/** What may stand behind one write too many: the limit and that write. */
const MOST_BYTES = 256 * 1024 + 20 * 1024

interface Opened {
  readonly events: EventStream
  readonly response: Response
  readonly client: Socket
  readonly closed: Promise<void>
}

const opened: (() => void)[] = []
const errors: Error[] = []

afterEach(() => {
  errors.length = 0
  for (const close of opened.splice(0)) close()
})

/** A stream and its reader, who has taken nothing yet. */
async function open(writeTimeoutMs = 60_000): Promise<Opened> {
  const app = express()
  const serving = new Promise<Response>((resolve) => {
    app.get('/', (_request, response) => resolve(response))
  })
  const server = createServer(app)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  client.pause()
  client.on('error', () => undefined)
  client.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n')
  const response = await serving
  response.on('error', (error) => errors.push(error))
  const closed = new Promise<void>((resolve) => response.on('close', resolve))
  opened.push(() => {
    client.destroy()
    server.closeAllConnections()
    server.close()
  })
  return { events: openEventStream(response, { writeTimeoutMs }), response, client, closed }
}

/** Writes until the connection takes no more, and some of it is left behind. */
async function fill({ events, response }: Opened): Promise<void> {
  while (response.writableLength < 64 * 1024) {
    events.send('answer-delta', EVENT)
    await sleep(0)
  }
}

describe('a reader who takes nothing', () => {
  it('is cut off when so much is left behind, and what is behind stays bounded', async () => {
    const stream = await open()
    let most = 0
    // 100 MB: more than any connection holds by itself.
    for (let sent = 0; sent < 6_400 && !stream.response.destroyed; sent += 1) {
      stream.events.send('answer-delta', EVENT)
      most = Math.max(most, stream.response.writableLength)
      await sleep(0)
    }
    await stream.closed
    expect(stream.response.destroyed).toBe(true)
    expect(most).toBeLessThanOrEqual(MOST_BYTES)
  })

  it('is cut off after a while, though nothing more is written', async () => {
    const stream = await open(200)
    await fill(stream)
    expect(stream.response.destroyed).toBe(false)
    await stream.closed
  })

  it('is cut off as well where the answer is at its end', async () => {
    const stream = await open(200)
    await fill(stream)
    stream.events.end('answer-end', EVENT)
    await stream.closed
  })
})

/** A response whose pieces are taken when the test says so. */
function createTaken() {
  const taken: (() => void)[] = []
  const response = Object.assign(new EventEmitter(), {
    writableEnded: false,
    writableLength: 0,
    destroyed: false,
    status: () => response,
    set: () => response,
    flushHeaders: () => undefined,
    write: (_text: string, onTaken: () => void) => taken.push(onTaken),
    destroy() {
      response.destroyed = true
      response.emit('close')
    },
  })
  return { response, taken }
}

describe('a reader who is slow', () => {
  it('is waited for while something is taken, and no longer', async () => {
    const { response, taken } = createTaken()
    const events = openEventStream(response as unknown as Response, { writeTimeoutMs: 600 })
    for (const text of ['one', 'two', 'three']) events.send('answer-delta', { text })
    for (const onTaken of taken.slice(0, 2)) {
      await sleep(400)
      onTaken()
    }
    await sleep(400)
    expect(response.destroyed).toBe(false)
    await once(response, 'close')
    expect(response.destroyed).toBe(true)
  })

  it('is not waited for once all is taken', async () => {
    const { response, taken } = createTaken()
    const events = openEventStream(response as unknown as Response, { writeTimeoutMs: 100 })
    events.send('answer-delta', {})
    taken[0]?.()
    await sleep(300)
    expect(response.destroyed).toBe(false)
    response.destroy()
  })
})

describe('a reader who has gone', () => {
  it('is written to no more, and that is no fault', async () => {
    const stream = await open()
    stream.events.send('sources-available', {})
    stream.client.destroy()
    await stream.closed
    stream.events.send('answer-delta', EVENT)
    stream.events.end('answer-end', EVENT)
    stream.events.send('answer-delta', EVENT)
    await sleep(20)
    expect(errors).toEqual([])
  })
})

describe('an answer that has ended', () => {
  it('takes nothing more, and that is no fault', async () => {
    const stream = await open()
    stream.events.end('answer-end', {})
    stream.events.send('answer-delta', {})
    await stream.closed
    expect(errors).toEqual([])
  })
})

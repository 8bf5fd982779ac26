import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, it } from 'vitest'
import type { buildConnector } from 'undici'
import { createGuardedConnector, withCheckedPeer, type AddressLookup } from './guarded-connector.ts'
import { createPrivateAllow } from './public-address.ts'

async function startSink() {
  const server = createServer()
  let connections = 0
  server.on('connection', (socket) => {
    connections += 1
    socket.resume()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: String((server.address() as AddressInfo).port),
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      server.close()
      await once(server, 'close')
    },
  }
}

/** What a connector calls back with. */
function outcomeOf(
  run: (callback: buildConnector.Callback) => void,
): Promise<{ error: Error | null; socket: Socket | null }> {
  return new Promise((resolve) => {
    run((...[error, socket]) => {
      resolve({ error, socket })
    })
  })
}

function connectTo(
  target: { hostname: string; port: string },
  options: { allow?: readonly string[]; lookup?: AddressLookup } = {},
) {
  const allow = createPrivateAllow(options.allow ?? [])
  const connector = createGuardedConnector({ allow, timeoutMs: 1_000, lookup: options.lookup })
  return outcomeOf((callback) => {
    connector({ ...target, protocol: 'http:' }, callback)
  })
}

const toLoopback: AddressLookup = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }])

it('makes no connection to a private address, literal or resolved', async () => {
  await using sink = await startSink()
  for (const hostname of ['127.0.0.1', '::ffff:127.0.0.1', '[::ffff:7f00:1]', 'sink.example']) {
    const { error } = await connectTo({ hostname, port: sink.port }, { lookup: toLoopback })
    expect(error?.message).toContain('public addresses')
  }
  expect(sink.connections()).toBe(0)
})

it('connects to a private address that is allowed, on the port that is allowed', async () => {
  await using sink = await startSink()
  const target = { hostname: 'sink.example', port: sink.port }
  const allow = [`sink.example:${sink.port}`]
  const { socket } = await connectTo(target, { allow, lookup: toLoopback })
  expect(socket?.remoteAddress).toBe('127.0.0.1')
  socket?.destroy()
  const { error } = await connectTo({ ...target, port: '80' }, { allow, lookup: toLoopback })
  expect(error?.message).toContain('public addresses')
})

it('drops a connection that ended at a private address after all', async () => {
  await using sink = await startSink()
  const connected = connect(Number(sink.port), '127.0.0.1')
  await once(connected, 'connect')
  const { error, socket } = await outcomeOf((callback) => {
    withCheckedPeer(callback)(null, connected)
  })
  expect(error?.message).toContain('127.0.0.1')
  expect(socket).toBeNull()
  expect(connected.destroyed).toBe(true)
})

it('passes on that a name is not known', async () => {
  const lookup: AddressLookup = () => Promise.reject(new Error('ENOTFOUND'))
  const { error } = await connectTo({ hostname: 'nowhere.example', port: '80' }, { lookup })
  expect(error?.message).toBe('ENOTFOUND')
})

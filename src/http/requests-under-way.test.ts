import { once } from 'node:events'
import { createServer, request as sendRequest, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { RequestsUnderWay } from './requests-under-way.ts'

/** A server whose answers are held until the test gives them. */
async function openHolding(requests: RequestsUnderWay) {
  const held: ServerResponse[] = []
  const server = createServer(requests.watch((_request, response) => void held.push(response)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    held,
    async ask() {
      const count = held.length
      const request = sendRequest({ port, host: '127.0.0.1', agent: false })
      request.on('error', () => undefined)
      request.end()
      while (held.length === count) await new Promise((resolve) => setTimeout(resolve, 2))
      return request
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

it('has ended at once where nothing was asked', async () => {
  await expect(new RequestsUnderWay().ended()).resolves.toBeUndefined()
})

it('has ended when the last answer has been sent or its client has gone', async () => {
  const requests = new RequestsUnderWay()
  await using server = await openHolding(requests)
  await server.ask()
  const leaving = await server.ask()
  let isEnded = false
  const ended = requests.ended().then(() => (isEnded = true))
  server.held[0]?.end()
  await once(server.held[0] as ServerResponse, 'close')
  expect(isEnded).toBe(false)
  leaving.destroy()
  await ended
  await requests.ended()
})
